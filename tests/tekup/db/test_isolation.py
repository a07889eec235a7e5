"""The database itself keeps tenants apart: catalogue rules over every relation, and attempts to get around them."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

SHARED_ID = UUID("00000000-0000-4000-8000-000000000001")
_NOT_TENANT_TABLES = {
    "jobs.procrastinate_events",
    "jobs.procrastinate_jobs",
    "jobs.procrastinate_periodic_defers",
    "jobs.procrastinate_workers",
    "ml.model_promotion",
    "ml.model_version",
    "ops.mart_build",
    "ops.stage_state",
    "raw_ecb.exchange_rates",
    "sign_in.attempt",
    "sign_in.known_place",
    "sign_in.signing_key",
}
_TABLES = """
select n.nspname || '.' || c.relname, c.relrowsecurity, c.relforcerowsecurity,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)' and n.nspname <> 'migration'
"""


@pytest.fixture(params=list(Database))
def database(request: pytest.FixtureRequest) -> Database:
    chosen: Database = request.param
    return chosen


@pytest.fixture
def catalogue(doors: Doors, database: Database) -> Iterator[psycopg.Connection]:
    with doors.connect(database, Role.OWNER) as connection:
        yield connection


def test_every_table_has_forced_row_level_security(catalogue: psycopg.Connection) -> None:
    tables = catalogue.execute(_TABLES).fetchall()
    assert tables
    open_tables = [
        name for name, enabled, forced, _ in tables if name not in _NOT_TENANT_TABLES and not (enabled and forced)
    ]
    assert open_tables == []


def test_every_tenant_table_has_a_tenant_that_is_never_null(catalogue: psycopg.Connection) -> None:
    without = [name for name, *_, has in catalogue.execute(_TABLES) if not has and name not in _NOT_TENANT_TABLES]
    assert without == []


def test_no_role_sees_a_table_through_two_policies(catalogue: psycopg.Connection) -> None:
    doubled = catalogue.execute(
        "select p.polrelid::regclass::text, r.rolname from pg_policy p "
        "cross join lateral unnest(p.polroles) as granted (role) join pg_roles r on r.oid = granted.role "
        "where p.polpermissive group by 1, 2 having count(*) > 1"
    ).fetchall()
    assert doubled == []


def test_no_policy_is_for_everybody(catalogue: psycopg.Connection) -> None:
    assert catalogue.execute("select polrelid::regclass from pg_policy where 0 = any(polroles)").fetchall() == []


def test_no_login_role_bypasses_or_inherits_more_than_it_asks_for(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolreplication, rolinherit from pg_roles "
        "where rolname like 'tekup%%' and rolcanlogin"
    ).fetchall()
    assert {row[0] for row in rows} == {role.login for role in Role}
    assert [row for row in rows if any(row[1:])] == []


def test_views_run_with_their_readers_rights_or_with_a_weaker_roles(catalogue: psycopg.Connection) -> None:
    loose = catalogue.execute(
        "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v' "
        "and n.nspname !~ '^(pg_|information_schema)' "
        "and not coalesce(c.reloptions::text ~ 'security_invoker=true', false) "
        "and pg_get_userbyid(c.relowner) <> 'tekup_masked'"
    ).fetchall()
    assert loose == []
    assert catalogue.execute("select oid::regclass from pg_class where relkind = 'm'").fetchall() == []


def test_definer_functions_pin_their_search_path_and_are_closed_to_public(catalogue: psycopg.Connection) -> None:
    functions = catalogue.execute(
        "select p.oid::regprocedure::text, p.proconfig, p.proacl::text from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace where p.prosecdef and n.nspname !~ '^pg_'"
    ).fetchall()
    for name, settings, rights in functions:
        assert any(s.startswith("search_path=") and "pg_temp" in s for s in settings or []), name
        assert rights is not None, name
        assert "{=X" not in rights, name
        assert ",=X" not in rights, name


def test_nothing_is_granted_to_public(catalogue: psycopg.Connection) -> None:
    granted = catalogue.execute(
        "select table_schema, table_name, privilege_type from information_schema.role_table_grants "
        "where grantee = 'PUBLIC' and table_schema !~ '^(pg_|information_schema)'"
    ).fetchall()
    assert granted == []


def test_readers_and_apps_may_not_truncate_lock_or_install_triggers(catalogue: psycopg.Connection) -> None:
    granted = catalogue.execute(
        "select grantee, table_name, privilege_type from information_schema.role_table_grants "
        "where grantee in ('tekup_app', 'tekup_reader') and privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES')"
    ).fetchall()
    assert granted == []


def test_foreign_keys_and_indexes_begin_with_the_tenant(doors: Doors) -> None:
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        keys = connection.execute(
            "select conrelid::regclass::text, conname, "
            "array(select attname from unnest(conkey) k join pg_attribute a on a.attrelid = conrelid and attnum = k) "
            "from pg_constraint where contype = 'f' and connamespace = 'app'::regnamespace"
        ).fetchall()
        indexes = connection.execute(
            "select i.indexrelid::regclass::text, a.attname from pg_index i "
            "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] "
            "join pg_class c on c.oid = i.indrelid where c.relnamespace = 'app'::regnamespace"
        ).fetchall()
    assert [key for key in keys if "tenant_id" not in key[2]] == []
    assert [i for i in indexes if i[1] != "tenant_id" and i[0] != "app.tenants_pkey"] == []


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
