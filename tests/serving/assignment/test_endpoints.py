"""Assignment over HTTP: who may, what is refused, turns and loads, many at once, and handing out by hand."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post
from tests.serving.events.conftest import clear_log

RULES = "/v1/assignment-rules"
OURS = "%@assignment.example"


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        clear_log(doors, filled, keeps_heads=True)
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in ("assignment_rules", "deals", "stages", "pipelines"):
                    connection.execute(f"delete from app.{table}")
                for table in ("leads", "users"):
                    connection.execute(f"delete from app.{table} where email like %s", (OURS,))

    clear()
    yield
    clear()
    clear_log(doors, filled, keeps_heads=True)


@pytest.fixture
def team(doors: Doors, filled: TwoTenants) -> list[str]:
    """Three salespeople of tenant A."""
    names = ("anne", "bo", "carl")
    addresses = [f"{name}@assignment.example" for name in names]
    return [str(create_user(doors, filled.a.id, one, "a long enough pass phrase", role="sales")) for one in addresses]


def lead(client: httpx.Client, headers: Header, **more: Any) -> dict[str, Any]:
    return post(client, headers, "/v1/leads", email=f"{uuid4().hex}@assignment.example", **{"country": "DK", **more})


def rule(client: httpx.Client, headers: Header, users: list[str], **more: Any) -> str:
    body = {"name": "all", "entity": "lead", "user_ids": users, **more}
    return str(post(client, headers, RULES, **body)["id"])


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get(RULES).status_code == 401
    assert client.post("/v1/leads/assignments", json={}).status_code == 401
    reader = token_of(filled.a, "automation:read", "leads:read")
    assert client.post(RULES, headers=reader, json={}).status_code == 403
    assert client.post("/v1/leads/assignments", headers=reader, json={}).status_code == 403
    assert client.post("/v1/deals/assignments", headers=reader, json={}).status_code == 403


def test_other_tenant_gets_404_and_its_rules_are_not_asked(
    client: httpx.Client, as_a: Header, as_b: Header, team: list[str]
) -> None:
    made = rule(client, as_a, team)
    assert client.get(f"{RULES}/{made}", headers=as_b).status_code == 404
    theirs = lead(client, as_b)
    assert theirs["owner_id"] is None
    mine = lead(client, as_a)
    (item,) = post(client, as_b, "/v1/leads/assignments", 200, ids=[mine["id"]])["items"]
    assert item["status"] == 404
    answer = client.post("/v1/leads/assignments", headers=as_b, json={"ids": [theirs["id"]], "user_id": team[0]})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"user_ids": [str(uuid4())]}, "/user_ids/0"),
        ({"user_ids": []}, "/user_ids"),
        ({"condition": "lead.nothing == 1"}, "/condition"),
        ({"condition": "event.x == 1"}, "/condition"),
        ({"strategy": "lottery"}, "/strategy"),
        ({"fallback_user_id": str(uuid4())}, "/fallback_user_id"),
        ({"entity": "company"}, "/entity"),
        ({"most_open": 0}, "/most_open"),
    ],
)
def test_bad_input_gets_422(
    client: httpx.Client, as_a: Header, team: list[str], change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(RULES, headers=as_a, json={"name": "x", "entity": "lead", "user_ids": team, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    for body in ({}, {"ids": [str(uuid4())], "from_user_id": team[0]}, {"ids": ["x"]}):
        assert client.post("/v1/leads/assignments", headers=as_a, json=body).status_code == 422


def test_leads_go_round_and_by_territory(client: httpx.Client, as_a: Header, team: list[str]) -> None:
    north = rule(client, as_a, team[:2], name="north", condition="lead.country in ['DK', 'NO']", position=1)
    rule(client, as_a, team[2:], name="rest", position=2)
    owners = [lead(client, as_a)["owner_id"] for _ in range(4)]
    assert owners == [team[0], team[1], team[0], team[1]]
    assert lead(client, as_a, country="DE")["owner_id"] == team[2]
    assert lead(client, as_a, owner_id=team[2])["owner_id"] == team[2]
    entries = client.get("/v1/audit", headers=as_a, params={"action": "lead.assign"}).json()["items"]
    assert sum(entry["details"]["rule_id"] == north for entry in entries) == 4
    client.patch(f"{RULES}/{north}", headers=as_a, json={"is_enabled": False})
    assert lead(client, as_a)["owner_id"] == team[2]


def test_who_is_away_or_full_is_passed_over(
    client: httpx.Client, as_a: Header, team: list[str], doors: Doors, filled: TwoTenants
) -> None:
    rule(client, as_a, team[:2], most_open=2, fallback_user_id=team[2])
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("update app.users set status = 'disabled' where id = %s", (team[0],))
    owners = [lead(client, as_a)["owner_id"] for _ in range(3)]
    assert owners == [team[1], team[1], team[2]]
    loads = client.get(f"{RULES}/loads", headers=as_a, params={"entity": "lead"}).json()["items"]
    counts = {item["user_id"]: item["open_count"] for item in loads}
    assert (counts[team[1]], counts[team[2]], team[0] in counts) == (2, 1, False)


def test_the_least_loaded_gets_it(client: httpx.Client, as_a: Header, team: list[str]) -> None:
    busy = [lead(client, as_a, owner_id=team[0]) for _ in range(2)]
    lead(client, as_a, owner_id=team[1])
    rule(client, as_a, team, strategy="least_loaded")
    assert [lead(client, as_a)["owner_id"] for _ in range(3)] == [team[2], team[1], team[2]]
    for one in busy:
        client.patch(f"/v1/leads/{one['id']}", headers=as_a, json={"status": "lost"})
    assert lead(client, as_a)["owner_id"] == team[0]


def test_leads_that_come_at_once_are_shared_out_evenly(client: httpx.Client, as_a: Header, team: list[str]) -> None:
    rule(client, as_a, team, most_open=4)
    with ThreadPoolExecutor(6) as pool:
        owners = Counter(one["owner_id"] for one in pool.map(lambda _: lead(client, as_a), range(15)))
    assert owners == {team[0]: 4, team[1]: 4, team[2]: 4, None: 3}


def test_deals_are_assigned_when_they_are_stored(client: httpx.Client, as_a: Header, team: list[str]) -> None:
    pipeline = post(client, as_a, "/v1/pipelines", name="Salg")["id"]
    stage = post(client, as_a, "/v1/stages", pipeline_id=pipeline, name="Møde", position=1, probability=0.5)["id"]
    rule(client, as_a, team[:1], name="large", entity="deal", condition="deal.amount_cents > 1000")
    large = post(client, as_a, "/v1/deals", name="Stor", stage_id=stage, amount_cents=5000, currency="DKK")
    small = post(client, as_a, "/v1/deals", name="Lille", stage_id=stage, amount_cents=5, currency="DKK")
    assert (large["owner_id"], small["owner_id"]) == (team[0], None)
    (item,) = post(client, as_a, "/v1/deals/assignments", 200, ids=[small["id"]], user_id=team[1])["items"]
    assert (item["status"], item["owner_id"]) == (200, team[1])
    assert client.get(f"/v1/deals/{small['id']}", headers=as_a).json()["owner_id"] == team[1]


def test_the_leads_of_who_leaves_are_handed_out(
    client: httpx.Client, as_a: Header, team: list[str], doors: Doors, filled: TwoTenants
) -> None:
    ids = [lead(client, as_a, owner_id=team[0])["id"] for _ in range(4)]
    missing = str(uuid4())
    (none, gone) = post(client, as_a, "/v1/leads/assignments", 200, ids=[ids[0], missing])["items"]
    assert (none["status"], gone["status"]) == (409, 404)
    made = rule(client, as_a, team)
    trial = post(client, as_a, "/v1/leads/assignments", 200, from_user_id=team[0], is_dry_run=True)["items"]
    assert {item["owner_id"] for item in trial} == set(team[1:])
    assert client.get(f"/v1/leads/{ids[0]}", headers=as_a).json()["owner_id"] == team[0]
    done = post(client, as_a, "/v1/leads/assignments", 200, from_user_id=team[0])["items"]
    assert [item["id"] for item in done] == ids
    assert Counter(item["owner_id"] for item in done) == {team[1]: 2, team[2]: 2}
    assert {item["rule_id"] for item in done} == {made}
    for item in done:
        assert client.get(f"/v1/leads/{item['id']}", headers=as_a).json()["owner_id"] == item["owner_id"]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        told = connection.execute(
            "select count(*) from app.events where event_type = 'LeadAssigned' and payload ->> 'rule_id' = %s", (made,)
        ).fetchone()
    assert told == (4,)
