"""Every access to a tenant's data through the API stands in the trail: who, what, from where and what for."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from serving.kit.access import Access, current_access
from serving.kit.databases import Databases
from tekup.db import Database, Doors, Role
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.serving import world

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
EMAIL = "audited@example.dk"


def entries(doors: Doors, tenant_id: Any, request_id: str, database: Database = Database.OPERATIONAL) -> list[Any]:
    table = "app.audit_log" if database is Database.OPERATIONAL else "ops.audit_log"
    with doors.tenant_transaction(database, Role.APP, tenant_id) as connection:
        return (
            connection.cursor(row_factory=dict_row)
            .execute(f"select * from {table} where request_id = %s order by occurred_at", (request_id,))
            .fetchall()
        )


@pytest.fixture
def _leads_gone(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    yield
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.leads where email = %s", (EMAIL,))


def test_reading_one_lead_is_told_with_caller_route_id_purpose_and_trace(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    lead = world.lead_id(1)
    headers = {
        "x-request-id": "audit-read-one",
        "x-purpose": "call back",
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    }
    assert client.get(f"/v1/leads/{lead}", headers=as_a | headers).status_code == 200
    (entry,) = entries(doors, filled.a.id, "audit-read-one")
    assert (entry["actor_kind"], entry["action"], entry["outcome"]) == ("token", "read", "done")
    assert (entry["route"], entry["entity_id"]) == ("GET /v1/leads/{lead_id}", str(lead))
    assert (entry["item_ids"], entry["item_count"]) == ([lead], 1)
    assert (entry["purpose"], entry["address"], entry["trace_id"]) == ("call back", "127.0.0.1", TRACE)
    assert (entry["entity_type"], entry["recorded_by"]) == ("app.leads", "tekup_app")
    (scored,) = entries(doors, filled.a.id, "audit-read-one", Database.WAREHOUSE)
    assert (scored["entity_type"], scored["item_ids"]) == ("ml.lead_score", [lead])
    assert entries(doors, filled.b.id, "audit-read-one") == []


def test_a_list_is_told_with_the_ids_and_the_count(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    page = client.get("/v1/leads", headers=as_a | {"x-request-id": "audit-list"}, params={"limit": 5}).json()
    (entry,) = entries(doors, filled.a.id, "audit-list")
    assert [str(one) for one in entry["item_ids"][:5]] == [lead["id"] for lead in page["items"]]
    assert entry["item_count"] == 6


@pytest.mark.usefixtures("_leads_gone")
def test_a_change_is_told_with_before_and_after_and_without_who_the_person_is(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    made = client.post("/v1/leads", headers=as_a | {"x-request-id": "audit-create"}, json={"email": EMAIL}).json()
    client.patch(f"/v1/leads/{made['id']}", headers=as_a | {"x-request-id": "audit-change"}, json={"status": "won"})
    (created,) = entries(doors, filled.a.id, "audit-create")
    (changed,) = entries(doors, filled.a.id, "audit-change")
    assert (created["action"], created["entity_id"]) == ("lead.create", made["id"])
    assert created["details"]["after"]["email"].startswith("hmac:")
    assert changed["action"] == "lead.status"
    assert changed["details"]["before"]["status"] == "new"
    assert changed["details"]["after"]["status"] == "won"
    assert EMAIL not in str(created) + str(changed)


def test_what_is_rolled_back_is_not_told(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    body = {"email": EMAIL, "campaign_id": str(world.lead_id(3))}
    assert client.post("/v1/leads", headers=as_a | {"x-request-id": "audit-undone"}, json=body).status_code == 422
    assert entries(doors, filled.a.id, "audit-undone") == []


def test_a_share_of_reads_is_told_where_the_setting_says_so(doors: Doors, filled: TwoTenants) -> None:
    class Token:
        tenant_id, kind, id = filled.a.id, "token", filled.a.id
        context = TenantContext.system(filled.a.id)

    async def read(share: float, request_id: str) -> None:
        databases = Databases(doors, read_share=share)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "request_id": request_id}
        mark = current_access.set(Access(scope, Token(), "127.0.0.1", None))  # type: ignore[arg-type]
        try:
            for _ in range(40):
                async with databases.operational(Token.context) as session:
                    await session.execute(text("select count(*) from app.leads"))
        finally:
            current_access.reset(mark)
            await databases.close()

    for share, request_id in ((0.0, "share-none"), (0.5, "share-half"), (1.0, "share-all")):
        asyncio.run(read(share, request_id))
    assert entries(doors, filled.a.id, "share-none") == []
    assert 0 < len(entries(doors, filled.a.id, "share-half")) < 40
    assert len(entries(doors, filled.a.id, "share-all")) == 40


def test_a_session_that_reads_can_not_write_though_its_entry_is_written(doors: Doors, filled: TwoTenants) -> None:
    class Token:
        tenant_id, kind, id = filled.a.id, "token", filled.a.id
        context = TenantContext.system(filled.a.id)

    async def try_writing() -> None:
        databases = Databases(doors)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "request_id": "read-only"}
        mark = current_access.set(Access(scope, Token(), "127.0.0.1", None))  # type: ignore[arg-type]
        try:
            with pytest.raises(DBAPIError, match="read-only transaction"):
                async with databases.operational(Token.context) as session:
                    await session.execute(text("update app.leads set source = 'x'"))
        finally:
            current_access.reset(mark)
            await databases.close()

    asyncio.run(try_writing())


def test_a_purpose_that_could_break_a_line_is_refused(client: httpx.Client, as_a: dict[str, str]) -> None:
    for purpose in (b"x" * 201, b"\xff\xfe"):
        answer = client.get("/v1/tenant", headers=as_a | {"x-purpose": purpose})  # type: ignore[dict-item]
        assert answer.status_code == 400


@pytest.mark.parametrize("role", [Role.APP, Role.PIPELINE, Role.READER, Role.OWNER])
@pytest.mark.parametrize("database", list(Database))
def test_no_role_can_change_or_remove_an_entry(
    doors: Doors, filled: TwoTenants, role: Role, database: Database, client: httpx.Client, as_a: dict[str, str]
) -> None:
    client.get(f"/v1/leads/{world.lead_id(2)}", headers=as_a | {"x-request-id": "audit-kept"})
    table = "app.audit_log" if database is Database.OPERATIONAL else "ops.audit_log"
    for statement in (
        f"update {table} set action = 'x'",
        f"delete from {table}",
        f"truncate {table}",
        f"insert into {table} (tenant_id, id, actor_kind, actor_id, action, occurred_at) "
        f"values ('{filled.a.id}', gen_random_uuid(), 'system', 'x', 'x', now() - interval '1 day')"
        if role is not Role.OWNER
        else f"delete from {table}",
    ):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            doors.tenant_transaction(database, role, filled.a.id) as connection,
        ):
            connection.execute(statement)
    assert entries(doors, filled.a.id, "audit-kept", database)
