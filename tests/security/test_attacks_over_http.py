"""Attacks A64 and A79 to A90: what the API, its lists, streams, cursors and tokens give of another tenant."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from scipy.stats import ks_2samp

from serving.deliveries.sending import AddressRefused, resolve
from serving.graphql.types import KINDS
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tekup.ids import uuid7
from tests.fixtures.database import TwoTenants
from tests.serving import world
from tests.serving.conftest import Api
from tests.serving.test_app import ROUTES_AND_SCOPES

Header = dict[str, str]
Tokens = Callable[..., Header]
NOBODYS = uuid.UUID("00000000-0000-4000-8000-00000000dead")
OTHER_PARTS = {"spend_date": "2026-01-15"}
"""Parts of a path that are read before anything is looked up and can't be an id."""
BODIES = {
    "PUT /v1/campaigns/{campaign_id}/spend/{spend_date}": {"amount_cents": 100, "currency": "DKK"},
}
"""What gets past the reading of a body, so that it is the id that is refused."""


@pytest.fixture
def leads_of_b(doors: Doors, filled: TwoTenants) -> list[UUID]:
    """Leads that only B has."""
    ids = [uuid7() for _ in range(3)]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
        for lead in ids:
            connection.execute("insert into app.leads (tenant_id, id, email) values (%s, %s, 'b@beta.example')",
                               (filled.b.id, lead))  # fmt: skip
    return ids


def without_ids(answer: httpx.Response, *ids: object) -> str:
    """The body with ids and the request's own id taken out."""
    text = answer.text.replace(answer.headers.get("x-request-id", "-"), "request")
    for one in ids:
        text = text.replace(str(one), "id")
    return text


def test_a64_not_found_and_not_yours_take_the_same_time(
    client: httpx.Client, as_a: Header, leads_of_b: list[UUID]
) -> None:
    def seconds(lead: UUID) -> float:
        started = time.perf_counter()
        assert client.get(f"/v1/leads/{lead}", headers=as_a).status_code == 404
        return time.perf_counter() - started

    for _ in range(3):  # one time in a hundred, chance alone says otherwise
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(400):
            taken[turn % 2].append(seconds((leads_of_b[turn % 3], uuid7())[turn % 2]))
        if ks_2samp(*taken).pvalue > 0.01:
            return
    raise AssertionError("the time of an answer tells whether another tenant has the lead")


def test_a79_no_answer_is_kept_or_given_again_to_another_tenant(
    client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants
) -> None:
    lead = f"/v1/leads/{world.lead_id(1)}"
    mine = client.get(lead, headers=as_a)
    assert "no-store" in mine.headers["cache-control"]
    etag = mine.headers.get("etag", '"any"')
    theirs = client.get(lead, headers={**as_b, "if-none-match": etag})
    assert theirs.json()["email"].endswith(filled.b.domain)
    key = {"idempotency-key": str(uuid.uuid4())}
    first = client.post("/v1/leads", headers={**as_a, **key}, json={"email": "once@alfa.example"})
    second = client.post("/v1/leads", headers={**as_b, **key}, json={"email": "once@beta.example"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["email"] == "once@beta.example"
    assert second.json()["id"] != first.json()["id"]


def test_a80_a_log_or_stream_gives_own_events_whatever_place_is_named(
    client: httpx.Client, as_a: Header, as_b: Header, doors: Doors
) -> None:
    made = client.post("/v1/leads", headers=as_b, json={"email": "news@beta.example"}).json()["id"]
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        connection.execute("select app.sequence_events(100000)")
    theirs = client.get("/v1/events", headers=as_b, params={"limit": 500}).text
    assert made in theirs
    for after in (0, 1, 2**31, 2**62):
        assert made not in client.get("/v1/events", headers=as_a, params={"after": after, "limit": 500}).text
    own = client.post("/v1/leads", headers=as_a, json={"email": "news@alfa.example"}).json()["id"]
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        connection.execute("select app.sequence_events(100000)")
    seen = ""
    with client.stream("GET", "/v1/events/stream", headers={**as_a, "last-event-id": "0"}) as stream:
        for line in stream.iter_lines():
            seen += line
            if own in seen:
                break
    assert made not in seen


def test_a81_the_tenant_comes_from_the_token_whatever_else_names_one(
    client: httpx.Client, as_a: Header, filled: TwoTenants
) -> None:
    b = str(filled.b.id)
    named = {**as_a, "x-tenant-id": b, "x-tenant": b, "x-forwarded-host": filled.b.domain}
    answer = client.get("/v1/leads", headers=named)
    assert all(lead["email"] is None or "beta.example" not in lead["email"] for lead in answer.json()["items"])
    assert client.get("/v1/tenant", headers=named).json()["id"] == str(filled.a.id)
    assert client.get("/v1/leads", headers=as_a, params={"tenant_id": b}).status_code == 422
    assert client.post("/v1/leads", headers=as_a, json={"email": "x@y.dk", "tenant_id": b}).status_code == 422
    change = {"status": "won", "id": str(NOBODYS)}
    assert client.patch(f"/v1/leads/{world.lead_id(1)}", headers=as_a, json=change).status_code == 422


def test_a82_every_reference_to_anothers_row_is_answered_as_one_to_nothing(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants, leads_of_b: list[UUID]
) -> None:
    user = create_user(doors, filled.b.id, "referred@beta.example", "seks gule elefanter", role="sales")
    campaign = uuid7()
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
        connection.execute("insert into app.campaigns (tenant_id, id, name, channel, currency) "
                           "values (%s, %s, 'B', 'email', 'DKK')", (filled.b.id, campaign))  # fmt: skip
    calls: list[tuple[str, str, Callable[[object], dict[str, Any]], object]] = [
        ("POST", "/v1/leads", lambda i: {"email": "x@y.dk", "campaign_id": str(i)}, campaign),
        ("POST", "/v1/leads", lambda i: {"email": "x@y.dk", "owner_id": str(i)}, user),
        ("POST", "/v1/scores", lambda i: {"lead_id": str(i)}, leads_of_b[0]),
        ("POST", "/v1/scores/batch", lambda i: {"leads": [{"lead_id": str(i)}]}, leads_of_b[0]),
        ("POST", "/v1/scores/feedback", lambda i: {"lead_id": str(i), "verdict": "agree"}, leads_of_b[0]),
    ]
    for method, path, body, theirs in calls:
        answers = [client.request(method, path, headers=as_a, json=body(one)) for one in (theirs, NOBODYS)]
        assert answers[0].status_code == answers[1].status_code != 201, path
        told = [without_ids(a, theirs, NOBODYS) for a in answers]
        if path == "/v1/scores/batch":
            assert [a.json()["scores"][0]["error"] for a in answers] == ["no such lead"] * 2
        else:
            assert told[0] == told[1], path


def test_a83_every_route_with_an_id_answers_anothers_as_nobodys(
    api: Api, client: httpx.Client, as_a: Header, leads_of_b: list[UUID]
) -> None:
    tried = 0
    for context in iter_route_contexts(api.app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or "{" not in context.path:
            continue
        for method in context.methods or ():
            call = f"{method} {context.path}"
            if call not in ROUTES_AND_SCOPES:
                continue
            answers = []
            for one in (leads_of_b[0], NOBODYS):
                path = context.path
                for name in route.param_convertors:
                    path = path.replace("{" + name + "}", OTHER_PARTS.get(name, str(one)))
                answers.append((client.request(method, path, headers=as_a, json=BODIES.get(call, {})), one))
            (theirs, a), (nobodys, b) = answers
            assert theirs.status_code == nobodys.status_code, context.path
            assert without_ids(theirs, a) == without_ids(nobodys, b), context.path
            assert theirs.status_code >= 400, context.path
            tried += 1
    assert tried >= 10


def test_a84_graphql_gives_nothing_of_another_tenant(
    client: httpx.Client, as_a: Header, as_b: Header, leads_of_b: list[UUID]
) -> None:
    company = client.post("/v1/companies", headers=as_b, json={"name": "B's own"}).json()["id"]
    try:

        def ask(query: str, **variables: Any) -> httpx.Response:
            return client.post("/graphql", headers=as_a, json={"query": query, "variables": variables})

        # by id: theirs as nobody's, to the letter
        for one in (company, str(leads_of_b[0])):
            for kind in (*KINDS, "lead"):
                query = f"query ($id: UUID!) {{ {kind}(id: $id) {{ id }} }}"
                theirs, nobodys = ask(query, id=one), ask(query, id=str(NOBODYS))
                assert theirs.json() == {"data": {kind: None}}
                assert without_ids(theirs, one) == without_ids(nobodys, NOBODYS)
        # by change, by reference, by filter and by another's cursor
        for query in (
            'mutation ($id: UUID!) { change_company(id: $id, input: {name: "A"}) { id } }',
            "mutation ($id: UUID!) { delete_company(id: $id) }",
            'mutation ($id: UUID!) { change_lead(id: $id, input: {status: "won"}) { id } }',
            'mutation ($id: UUID!) { give_feedback(input: {lead_id: $id, verdict: "agree"}) { id } }',
            'mutation ($id: UUID!) { create_contact(input: {email: "x@y.example", company_id: $id}) { id } }',
            'mutation ($id: UUID!) { create_company(input: {name: "A", parent_id: $id}) { id } }',
        ):
            for one in (company, leads_of_b[0]):
                theirs, nobodys = ask(query, id=str(one)), ask(query, id=str(NOBODYS))
                assert theirs.status_code == nobodys.status_code, query
                assert theirs.status_code in (404, 422), theirs.text
                assert without_ids(theirs, one) == without_ids(nobodys, NOBODYS)
        found = ask("query ($id: UUID!) { companies(filter: {parent_id: $id}) { nodes { id } } }", id=company)
        assert found.json() == {"data": {"companies": {"nodes": []}}}
        listed = ask("{ companies(first: 200) { nodes { id } } leads(first: 200) { nodes { id } } }").text
        assert company not in listed
        assert not any(str(one) in listed for one in leads_of_b)
        page = {"query": "{ leads(first: 1) { page_info { end_cursor } } }"}
        cursor = client.post("/graphql", headers=as_b, json=page).json()["data"]["leads"]["page_info"]["end_cursor"]
        refused = ask("query ($c: String) { leads(first: 1, after: $c) { nodes { id } } }", c=cursor).json()
        assert refused["data"] == {"leads": None}
        assert refused["errors"][0]["extensions"]["code"] == "unusable-input"
        assert client.get(f"/v1/companies/{company}", headers=as_b).json()["name"] == "B's own"
    finally:
        assert client.delete(f"/v1/companies/{company}", headers=as_b).status_code == 204


def test_a85_a_token_may_do_what_it_was_given_and_an_empty_list_is_nothing(
    client: httpx.Client, doors: Doors, filled: TwoTenants, token_of: Tokens
) -> None:
    narrow = token_of(filled.a, "kpis:read")
    for call, scopes in ROUTES_AND_SCOPES.items():
        method, path = call.split(" ")
        if scopes and scopes != {"kpis:read"}:
            path = path.replace("{", "").replace("}", "")
            status = client.request(method, path, headers=narrow, json={}).status_code
            assert status in (403, 404, 422), call
            assert status != 200
    none = token_of(filled.a, "kpis:read")
    token_id = none["authorization"]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("update app.api_tokens set scopes = '{}' where id = (select id from app.api_tokens "
                           "order by created_at desc limit 1)")  # fmt: skip
    assert token_id
    assert client.get("/v1/kpis", headers=none).status_code in (401, 403)


def test_a86_a_cursor_is_signed_and_good_for_its_tenant_alone(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    cursor = client.get("/v1/leads", headers=as_b, params={"limit": 1}).json()["next_cursor"]
    assert cursor
    for forged in (cursor, cursor[:-2] + "AA", "x", "eyJhIjoxfQ"):
        assert client.get("/v1/leads", headers=as_a, params={"limit": 1, "cursor": forged}).status_code == 422


def test_a87_hidden_fields_are_not_told_by_order_or_filter(
    client: httpx.Client, filled: TwoTenants, token_of: Tokens
) -> None:
    headers = token_of(filled.a, "leads:read")
    for query in ({"sort": "email"}, {"sort": "-full_name"}, {"email": "lead1@alfa.example"}, {"q": "lead1"}):
        assert client.get("/v1/leads", headers=headers, params=query).status_code == 422
    assert "@alfa.example" not in client.get("/v1/leads", headers=headers).text


def test_a88_nothing_is_sent_to_the_inside(client: httpx.Client, as_a: Header) -> None:
    for url in ("http://127.0.0.1:5432/", "https://169.254.169.254/latest", "https://[::1]/", "file:///etc/passwd",
                "http://10.0.0.1/", "https://[::ffff:10.0.0.1]/"):  # fmt: skip
        assert client.post("/v1/webhook-endpoints", headers=as_a, json={"url": url}).status_code in (403, 422), url
    # a name is looked up when something is sent, and the address that was judged is the one that is called
    with pytest.raises(AddressRefused):
        asyncio.run(resolve("localhost", 443, allows_private=False))


def test_a89_no_role_of_the_product_looks_across_tenants_silently(doors: Doors) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="an audit of attacks") as connection:
        row = connection.execute(
            "select application_name from pg_stat_activity where pid = pg_backend_pid()"
        ).fetchone()
    assert row == ("all tenants: an audit of attacks",)
    with doors.connect(Database.WAREHOUSE, Role.APP) as connection:
        row = connection.execute(
            "select count(*) from pg_roles where rolname like 'tekup%' and rolbypassrls"
        ).fetchone()
    assert row == (0,)


def test_a90_a_suspended_tenants_tokens_are_dead_within_a_second(
    client: httpx.Client, doors: Doors, filled: TwoTenants, token_of: Tokens
) -> None:
    headers = token_of(filled.b)
    assert client.get("/v1/tenant", headers=headers).status_code == 200
    try:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
            connection.execute("update app.tenants set status = 'suspended'")
        time.sleep(1.05)
        for call, scopes in ROUTES_AND_SCOPES.items():
            method, path = call.split(" ")
            if "{" not in path and scopes:
                assert client.request(method, path, headers=headers, json={}).status_code == 401, call
    finally:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
            connection.execute("update app.tenants set status = 'active'")
