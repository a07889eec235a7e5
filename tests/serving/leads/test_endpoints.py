"""Leads over HTTP: listing, paging, making and moving them."""

from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg.rows import dict_row

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]


pytestmark = pytest.mark.usefixtures("leads_as_planned")


def walk(client: httpx.Client, headers: Header, **params: str | int) -> list[dict[str, object]]:
    """All leads of a list, page by page."""
    found: list[dict[str, object]] = []
    cursor: str | None = None
    while True:
        answer = client.get("/v1/leads", headers=headers, params={**params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


class TestListLeads:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        answer = client.get("/v1/leads")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        answer = client.get("/v1/leads", headers=token_of(filled.a, "kpis:read"))
        assert answer.status_code == 403
        assert "leads:read" in answer.json()["detail"]

    def test_other_tenants_leads_are_not_listed(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        a, b = walk(client, as_a, limit=200), walk(client, as_b, limit=200)
        assert {lead["id"] for lead in a} == {lead["id"] for lead in b}
        assert all(str(lead["email"]).endswith("@alfa.example") for lead in a)
        assert all(str(lead["email"]).endswith("@beta.example") for lead in b)

    @pytest.mark.parametrize(
        ("params", "pointer"),
        [
            ({"limit": 0}, "limit"),
            ({"limit": 201}, "limit"),
            ({"status": "sold"}, "status"),
            ({"sort": "name"}, "sort"),
            ({"tenant_id": str(uuid4())}, "tenant_id"),
            ({"cursor": "AAAA"}, "cursor"),
            ({"source": "a\x00b"}, "source"),
        ],
    )
    def test_bad_query_gets_422(
        self, client: httpx.Client, as_a: Header, params: dict[str, str | int], pointer: str
    ) -> None:
        answer = client.get("/v1/leads", headers=as_a, params=params)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    def test_pages_by_time_give_every_lead_once_in_order(self, client: httpx.Client, as_a: Header, sort: str) -> None:
        leads = walk(client, as_a, limit=7, sort=sort)
        times = [str(lead["created_at"]) for lead in leads]
        assert len({lead["id"] for lead in leads}) == len(leads) == world.LEADS
        assert times == sorted(times, reverse=sort.startswith("-"))

    @pytest.mark.parametrize("sort", ["probability", "-probability"])
    def test_pages_by_probability_give_every_scored_lead_once_in_order(
        self, client: httpx.Client, as_b: Header, sort: str
    ) -> None:
        leads = walk(client, as_b, limit=7, sort=sort)
        chances = [float(str(lead["probability"])) for lead in leads]
        assert len({lead["id"] for lead in leads}) == len(leads) == world.LEADS * 2 // 3
        assert chances == sorted(chances, reverse=sort.startswith("-"))
        assert min(chances) > 0.2

    def test_filters_hold_on_both_ways_of_listing(self, client: httpx.Client, as_a: Header) -> None:
        plain = walk(client, as_a, status="won", source="organic_search", limit=3)
        assert plain
        assert {(lead["status"], lead["source"]) for lead in plain} == {("won", "organic_search")}
        graded = walk(client, as_a, grade="B", source="paid_social", limit=3)
        assert graded
        assert {(lead["grade"], lead["source"]) for lead in graded} == {("B", "paid_social")}

    def test_a_cursor_is_refused_for_another_tenant_filter_or_order(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        cursor = client.get("/v1/leads", headers=as_a, params={"limit": 5}).json()["next_cursor"]
        ask = {"limit": 5, "cursor": cursor}
        assert client.get("/v1/leads", headers=as_a, params=ask).status_code == 200
        assert client.get("/v1/leads", headers=as_b, params=ask).status_code == 422
        assert client.get("/v1/leads", headers=as_a, params={**ask, "status": "won"}).status_code == 422
        assert client.get("/v1/leads", headers=as_a, params={**ask, "sort": "created_at"}).status_code == 422


class TestGetLead:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(f"/v1/leads/{world.lead_id(1)}").status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "scores:read")
        assert client.get(f"/v1/leads/{world.lead_id(1)}", headers=headers).status_code == 403

    def test_other_tenant_gets_404_equal_to_that_of_nobodys_id(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "only-b@beta.example"})
        theirs = client.get(f"/v1/leads/{made.json()['id']}", headers=as_a)
        nobodys = client.get(f"/v1/leads/{uuid4()}", headers=as_a)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.content == nobodys.content

    def test_bad_id_gets_422(self, client: httpx.Client, as_a: Header) -> None:
        answer = client.get("/v1/leads/1 or 1=1", headers=as_a)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "lead_id"

    def test_the_same_id_shows_each_tenant_its_own_lead(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        path = f"/v1/leads/{world.lead_id(1)}"
        a, b = client.get(path, headers=as_a).json(), client.get(path, headers=as_b).json()
        assert (a["email"], a["probability"]) == ("lead1@alfa.example", 0.02)
        assert (b["email"], b["probability"]) == ("lead1@beta.example", 0.22)


def rows(doors: Doors, tenant_id: UUID, query: str, *values: object) -> list[dict[str, object]]:
    """What the tenant's owner sees."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.cursor(row_factory=dict_row).execute(query.encode(), values).fetchall()


class TestCreateLead:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.post("/v1/leads", json={"email": "x@example.dk"}).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "leads:read")
        assert client.post("/v1/leads", headers=headers, json={"email": "x@example.dk"}).status_code == 403

    def test_other_tenants_campaign_gets_422_like_nobodys(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors
    ) -> None:
        campaign = uuid4()
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
            connection.execute(
                "insert into app.campaigns (tenant_id, id, name, channel, currency) values (%s, %s, 'b', 'b', 'DKK')",
                (filled.b.id, campaign),
            )
        answers = [
            client.post("/v1/leads", headers=as_a, json={"email": "x@example.dk", "campaign_id": str(one)})
            for one in (campaign, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].content == answers[1].content

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{",
            b'{"email": "x@example.dk", "tenant_id": "0197f000-0000-7000-8000-000000000000"}',
            b'{"source": "web"}',
            b'{"email": 7}',
            b'{"email": "x@example.dk", "employee_count": -1}',
            b'{"email": "x@example.dk", "employee_count": 99999999999}',
            b'{"email": "x@example.dk", "value_cents": 5}',
            b'{"email": "x@example.dk", "value_cents": 1e400, "currency": "DKK"}',
            b'{"email": "x@example.dk", "currency": "kroner", "value_cents": 5}',
            b'{"email": "a\\u0000b@example.dk"}',
            b'{"email": "\\ud800@example.dk"}',
            b'{"\\ud800": "x"}',
            b'{"email": "\xff\xfe"}',
            b"[" * 100_000,
            b'{"email": "x@example.dk", "message": "' + b"x" * 20_001 + b'"}',
        ],
    )
    def test_bad_input_gets_a_4xx_and_leaves_nothing(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors, body: bytes
    ) -> None:
        before = rows(doors, filled.a.id, "select count(*) from app.leads")
        answer = client.post("/v1/leads", headers={**as_a, "content-type": "application/json"}, content=body)
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert rows(doors, filled.a.id, "select count(*) from app.leads") == before

    def test_lead_event_and_audit_entry_are_stored_together(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors
    ) -> None:
        body = {"email": " Anna@Example.DK ", "full_name": "Anna Ærø", "source": "referral", "employee_count": 12}
        answer = client.post("/v1/leads", headers={**as_a, "x-request-id": "req-create-1"}, json=body)
        assert answer.status_code == 201, answer.text
        lead = answer.json()
        assert answer.headers["location"] == f"/v1/leads/{lead['id']}"
        assert (lead["email"], lead["full_name"], lead["status"]) == ("anna@example.dk", "Anna Ærø", "new")
        event = rows(
            doors,
            filled.a.id,
            "select event_type, payload, trace_id from app.events where aggregate_id = %s",
            lead["id"],
        )
        payload = {"lead_id": lead["id"], "source": "referral", "status": "new"}
        assert event == [{"event_type": "LeadCreated", "payload": payload, "trace_id": "req-create-1"}]
        audit = rows(
            doors,
            filled.a.id,
            "select action, actor_kind, request_id from app.audit_log where entity_id = %s",
            lead["id"],
        )
        assert audit == [{"action": "lead.create", "actor_kind": "token", "request_id": "req-create-1"}]
        assert client.get(f"/v1/leads/{lead['id']}", headers=as_a).json() == lead


class TestChangeLead:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.patch(f"/v1/leads/{world.lead_id(1)}", json={"status": "won"}).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "leads:read")
        answer = client.patch(f"/v1/leads/{world.lead_id(1)}", headers=headers, json={"status": "won"})
        assert answer.status_code == 403

    def test_other_tenants_lead_gets_404_and_stays_as_it_was(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "still-new@beta.example"}).json()
        theirs = client.patch(f"/v1/leads/{made['id']}", headers=as_a, json={"status": "lost"})
        nobodys = client.patch(f"/v1/leads/{uuid4()}", headers=as_a, json={"status": "lost"})
        assert theirs.status_code == 404
        assert theirs.content == nobodys.content
        assert client.get(f"/v1/leads/{made['id']}", headers=as_b).json()["status"] == "new"

    @pytest.mark.parametrize(
        "body", [{}, {"status": "sold"}, {"status": "won", "id": 1}, {"status": "won", "currency": "DKK"}]
    )
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, body: dict[str, object]) -> None:
        assert client.patch(f"/v1/leads/{world.lead_id(1)}", headers=as_a, json=body).status_code == 422

    def test_each_step_notes_its_time_once_and_tells_it_once(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors
    ) -> None:
        lead = client.post("/v1/leads", headers=as_a, json={"company_name": "Steg & Co"}).json()
        path = f"/v1/leads/{lead['id']}"
        first = client.patch(path, headers=as_a, json={"status": "contacted"}).json()
        again = client.patch(path, headers=as_a, json={"status": "contacted"}).json()
        assert first["contacted_at"] is not None
        assert again["contacted_at"] == first["contacted_at"]
        won = client.patch(path, headers=as_a, json={"status": "won", "value_cents": 990, "currency": "DKK"}).json()
        assert (won["status"], won["value_cents"], won["currency"]) == ("won", 990, "DKK")
        assert won["won_at"] is not None
        lost = client.patch(path, headers=as_a, json={"status": "lost"}).json()
        assert lost["won_at"] is None
        assert lost["lost_at"] is not None
        events = rows(
            doors,
            filled.a.id,
            "select payload->>'from' as before, payload->>'to' as after from app.events "
            "where aggregate_id = %s and event_type = 'LeadStatusChanged' order by id",
            lead["id"],
        )
        assert [(e["before"], e["after"]) for e in events] == [
            ("new", "contacted"),
            ("contacted", "won"),
            ("won", "lost"),
        ]
