"""What the database itself keeps from a caller's role: people, others' leads, and whatever he may not change."""

from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.roles import BUILT_IN
from tekup.directory.users import ROLES, create_user
from tekup.ids import derived_uuid
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.serving import world

LEAD = f"/v1/leads/{world.lead_id(1)}"
PERSONAL = ("email", "full_name", "job_title", "message", "anonymous_id")


class TestPeople:
    def test_a_token_without_the_permission_reads_leads_and_no_person(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., dict[str, str]]
    ) -> None:
        without, with_people = token_of(filled.a, "leads:read"), token_of(filled.a, "leads:read", "persons:read")
        seen, shown = client.get(LEAD, headers=with_people).json(), client.get(LEAD, headers=without).json()
        assert seen["email"] == "lead1@alfa.example"
        assert [shown[name] for name in PERSONAL] == [None] * len(PERSONAL)
        assert {k: v for k, v in shown.items() if k not in PERSONAL} == {
            k: v for k, v in seen.items() if k not in PERSONAL
        }
        page = client.get("/v1/leads", headers=without).json()["items"]
        assert page
        assert {lead["email"] for lead in page} == {None}

    def test_a_score_is_the_same_whoever_asks(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., dict[str, str]], live_version: str
    ) -> None:
        wanted = {"lead_id": str(world.lead_id(0))}
        answers = [
            client.post("/v1/scores", headers=token_of(filled.a, *scopes), json=wanted).json()["probability"]
            for scopes in (("scores:write",), ("scores:write", "persons:read"))
        ]
        assert answers[0] == answers[1]

    def test_the_columns_themselves_are_closed(self, doors: Doors, filled: TwoTenants) -> None:
        analyst = TenantContext(filled.a.id, "analyst", BUILT_IN["analyst"].scopes)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, analyst, read_only=True) as connection:
            assert connection.execute("select count(*) from app.leads").fetchone() == (0,)
            seen = connection.execute("select count(*), count(email) from app.leads_without_people").fetchone()
        assert seen is not None
        assert seen[0] > 0
        assert seen[1] == 0


@pytest.fixture
def own_leads_only(doors: Doors, filled: TwoTenants) -> Iterator[UUID]:
    """Tenant A shows its salespeople their own leads; lead 1 is this salesperson's, lead 2 another's."""
    mine = create_user(doors, filled.a.id, "mine@alfa.example", "purple otters juggle", role="sales")
    other = create_user(doors, filled.a.id, "other@alfa.example", "seven paper lanterns", role="sales")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute('update app.tenants set settings = settings || \'{"sales_see": "own"}\'')
        for number, owner in ((1, mine), (2, other)):
            connection.execute("update app.leads set owner_id = %s where id = %s", (owner, world.lead_id(number)))
    yield mine
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("update app.tenants set settings = settings - 'sales_see'")
        connection.execute("update app.leads set owner_id = null")
        connection.execute("delete from app.users where email in ('mine@alfa.example', 'other@alfa.example')")


class TestOwnLeads:
    def test_sales_sees_its_own_and_nobodys(self, client: httpx.Client, own_leads_only: UUID) -> None:
        form = {"grant_type": "password", "username": "mine@alfa.example", "password": "purple otters juggle"}
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        status = {
            number: client.get(f"/v1/leads/{world.lead_id(number)}", headers=headers).status_code
            for number in (1, 2, 3)
        }
        assert status == {1: 200, 2: 404, 3: 200}
        changed = client.patch(f"/v1/leads/{world.lead_id(2)}", headers=headers, json={"status": "won"})
        assert changed.status_code == 404
        assert client.get(f"/v1/leads/{world.lead_id(2)}/score", headers=headers).status_code == 404

    @pytest.mark.parametrize("role", ROLES)
    def test_the_setting_binds_sales_alone(
        self, doors: Doors, filled: TwoTenants, own_leads_only: UUID, role: str
    ) -> None:
        context = TenantContext(filled.a.id, role, frozenset({"persons:read", "leads:read"}), own_leads_only)
        hidden = []
        for relation in ("leads", "leads_without_people"):
            statement = f"select id from app.{relation}".encode()
            seen = []
            for who in (TenantContext.system(filled.a.id), context):
                with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, who, read_only=True) as connection:
                    seen.append(set(connection.execute(statement).fetchall()))
            hidden.append(seen[0] - seen[1])
        assert hidden == ([{(world.lead_id(2),)}] * 2 if role == "sales" else [set(), set()])

    def test_an_owner_of_another_tenant_is_refused(
        self, client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
    ) -> None:
        stranger = create_user(doors, filled.b.id, "stranger@beta.example", "green kettles whistle", role="sales")
        answer = client.patch(LEAD, headers=as_a, json={"status": "new", "owner_id": str(stranger)})
        unknown = client.patch(LEAD, headers=as_a, json={"status": "new", "owner_id": str(derived_uuid("nobody"))})
        assert answer.status_code == unknown.status_code == 422
        assert answer.json()["errors"] == unknown.json()["errors"]


WRITES = {
    "leads:write": "insert into app.leads (tenant_id, email) values (%(tenant)s, 'x@example.dk')",
    "users:write": "insert into app.users (tenant_id, email, role) values (%(tenant)s, 'y@example.dk', 'sales')",
    "companies:write": "insert into app.companies (tenant_id, name) values (%(tenant)s, 'X')",
    "connections:write": "insert into app.connections (tenant_id, vendor, credential_sealed) "
    "values (%(tenant)s, 'openai', '')",
}


@pytest.mark.parametrize("permission", WRITES)
def test_a_write_needs_its_permission_in_the_database_too(doors: Doors, filled: TwoTenants, permission: str) -> None:
    for permissions, allowed in (({permission}, True), ({"kpis:read", "persons:read"}, False), (set(), False)):
        context = TenantContext(filled.a.id, "admin", frozenset(permissions))
        with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
            from tekup.db import bound

            def write(connection: psycopg.Connection = connection, context: TenantContext = context) -> None:
                with bound(connection, context):
                    connection.execute(WRITES[permission].encode(), {"tenant": filled.a.id})
                    raise KeyError("undo")

            with pytest.raises(KeyError if allowed else psycopg.errors.InsufficientPrivilege):
                write()


def test_an_administrator_makes_no_owner_and_touches_none(doors: Doors, filled: TwoTenants) -> None:
    boss = create_user(doors, filled.a.id, "boss@alfa.example", "slow trains at midnight", role="owner")
    admin = TenantContext(filled.a.id, "admin", frozenset({"users:write"}), boss)
    try:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, admin) as connection:
            assert connection.execute("update app.users set status = 'disabled' where id = %s", (boss,)).rowcount == 0
            assert connection.execute("delete from app.users where id = %s", (boss,)).rowcount == 0
            for statement in (
                "insert into app.users (tenant_id, email, role) values (%s, 'me@alfa.example', 'owner')",
                "update app.users set role = 'owner' where tenant_id = %s and role <> 'owner'",
            ):
                connection.execute(
                    "insert into app.users (tenant_id, email, role) values (%s, %s, 'sales') on conflict do nothing",
                    (filled.a.id, "someone@alfa.example"),
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(statement.encode(), (filled.a.id,))
    finally:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("delete from app.users where email in ('boss@alfa.example', 'someone@alfa.example')")
