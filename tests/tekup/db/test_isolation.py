"""The database itself keeps tenants apart: attempts to get around it. What the catalogue must say is linted."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

SHARED_ID = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def company_of_both(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    for tenant, name in ((two_tenants.a, "A"), (two_tenants.b, "B")):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute(
                "insert into app.companies (tenant_id, id, name) values (%s, %s, %s)", (tenant.id, SHARED_ID, name)
            )
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.companies")


@pytest.mark.usefixtures("company_of_both")
class TestOneTenantsTransaction:
    def test_sees_its_own_row_of_two_with_the_same_id(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for tenant, name in ((two_tenants.a, "A"), (two_tenants.b, "B")):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
                assert connection.execute("select name from app.companies where id = %s", (SHARED_ID,)).fetchall() == [
                    (name,)
                ]

    def test_can_not_write_for_another(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
            doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection,
        ):
            connection.execute(
                "insert into app.companies (tenant_id, name) values (%s, 'smuggled')", (two_tenants.b.id,)
            )

    def test_can_not_change_or_delete_anothers_row(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
            for statement in ("update app.companies set name = 'x'", "delete from app.companies"):
                done = connection.execute(f"{statement} where tenant_id = %s", (two_tenants.b.id,))
                assert done.rowcount == 0

    def test_can_not_point_at_anothers_row(self, doors: Doors, two_tenants: TwoTenants) -> None:
        only_b = UUID("00000000-0000-4000-8000-0000000000b1")
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.b.id) as connection:
            connection.execute(
                "insert into app.companies (tenant_id, id, name) values (%s, %s, 'B only')",
                (two_tenants.b.id, only_b),
            )
        with (
            pytest.raises(psycopg.errors.ForeignKeyViolation),
            doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection,
        ):
            connection.execute(
                "insert into app.contacts (tenant_id, company_id) values (%s, %s)", (two_tenants.a.id, only_b)
            )

    def test_leaves_no_context_behind(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
            from tekup.db import bound

            with bound(connection, two_tenants.a.id):
                assert connection.execute("select count(*) from app.companies").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="no tenant context"):
                connection.execute("select * from app.companies")


@pytest.mark.parametrize("role", [Role.APP, Role.READER, Role.PIPELINE, Role.OWNER])
@pytest.mark.usefixtures("company_of_both")
def test_no_context_is_an_error_and_never_an_empty_answer(doors: Doors, role: Role) -> None:
    with (
        doors.connect(Database.OPERATIONAL, role) as connection,
        pytest.raises((psycopg.errors.InvalidTextRepresentation, psycopg.errors.InsufficientPrivilege)),
    ):
        connection.execute("select * from app.companies")


@pytest.mark.parametrize("role", [Role.APP, Role.READER])
def test_users_roles_can_not_become_a_stronger_one(doors: Doors, role: Role) -> None:
    with doors.connect(Database.WAREHOUSE, role) as connection:
        for stronger in ("tekup_owner", "tekup_all_tenants", "tekup_sign_in", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"set role {stronger}")


@pytest.mark.parametrize("role", [Role.APP, Role.READER])
def test_switching_row_security_off_raises(doors: Doors, role: Role, two_tenants: TwoTenants) -> None:
    with doors.tenant_transaction(Database.WAREHOUSE, role, two_tenants.a.id) as connection:
        connection.execute("set local row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("select * from ml.lead_score")


def test_a_new_mart_is_secured_by_the_database_and_a_materialized_view_refused(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test of the guard") as connection:
        connection.execute(
            "create table marts.guarded as select unnest(%s::uuid[]) as tenant_id, 1 as amount",
            ([two_tenants.a.id, two_tenants.b.id],),
        )
        connection.execute("grant select on marts.guarded to tekup_reader")
        with pytest.raises(psycopg.errors.RaiseException, match="materialized view"), connection.transaction():
            connection.execute("create materialized view marts.loose as select * from marts.guarded")
    try:
        with doors.tenant_transaction(Database.WAREHOUSE, Role.READER, two_tenants.a.id) as connection:
            assert connection.execute("select tenant_id from marts.guarded").fetchall() == [(two_tenants.a.id,)]
    finally:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test of the guard") as connection:
            connection.execute("drop table marts.guarded")


def test_the_all_tenants_role_reads_no_operational_rows_but_the_list(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.all_tenants_transaction(Database.OPERATIONAL, reason="test") as connection:
        listed = {row[0] for row in connection.execute("select id from app.tenants")}
        assert {two_tenants.a.id, two_tenants.b.id} <= listed
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("select * from app.leads")
