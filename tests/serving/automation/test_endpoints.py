"""Rules over HTTP: who may, what is refused, what they do when events come, their log, trials and loops."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from serving.automation import engine
from serving.consumers import desk
from serving.kit.databases import Databases
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

RULES, RUNS = "/v1/automation-rules", "/v1/automation-runs"
TASK = {"do": "create_activity", "kind": "task", "subject": "Call {company_name}", "due_in_minutes": 60}
RULE: dict[str, Any] = {
    "name": "Danish leads get a call", "trigger": "LeadCreated", "condition": "lead.country == 'DK'", "actions": [TASK],
}  # fmt: skip


def lead(client: httpx.Client, headers: Header, **more: Any) -> str:
    body = {"email": f"{uuid4().hex}@automation.example", "company_name": "Bageri Ørn", "country": "DK", **more}
    return str(post(client, headers, "/v1/leads", **body)["id"])


def runs(client: httpx.Client, headers: Header, **filters: str) -> list[dict[str, Any]]:
    return list(client.get(RUNS, headers=headers, params=filters).json()["items"])


def a_deal(client: httpx.Client, headers: Header, **more: Any) -> tuple[str, list[str]]:
    """A deal in the first of two stages."""
    pipeline = post(client, headers, "/v1/pipelines", name="Salg")["id"]
    stages = [
        str(post(client, headers, "/v1/stages", pipeline_id=pipeline, name=n, position=p, probability=0.5)["id"])
        for p, n in enumerate(("Møde", "Tilbud"))
    ]
    return str(post(client, headers, "/v1/deals", name="Ti pladser", stage_id=stages[0], **more)["id"]), stages


def test_anonymous_gets_401(client: httpx.Client) -> None:
    for path in (RULES, RUNS, f"{RULES}/triggers"):
        assert client.get(path).status_code == 401
    assert client.post(f"{RULES}/dry-run", json={}).status_code == 401


def test_missing_scope_gets_403_also_for_what_a_rule_does(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    reader = token_of(filled.a, "automation:read")
    assert client.get(RULES, headers=reader).status_code == 200
    assert client.post(RULES, headers=reader, json=RULE).status_code == 403
    weak = token_of(filled.a, "automation:read", "automation:write", "leads:read")
    for answer in (
        client.post(RULES, headers=weak, json=RULE),
        client.post(f"{RULES}/dry-run", headers=weak, json={k: v for k, v in RULE.items() if k != "name"}),
    ):
        assert answer.status_code == 403
        assert "activities:write" in answer.json()["detail"]
        assert "persons:read" in answer.json()["detail"]


def test_other_tenant_gets_404_and_its_events_fire_nothing(
    client: httpx.Client, as_a: Header, as_b: Header, work: Callable[[], None]
) -> None:
    rule = post(client, as_a, RULES, **RULE)
    lead(client, as_b)
    work()
    place = f"{RULES}/{rule['id']}"
    assert client.get(place, headers=as_b).status_code == 404
    assert client.patch(place, headers=as_b, json={"is_enabled": False}).status_code == 404
    assert client.delete(place, headers=as_b).status_code == 404
    assert client.post(f"{RULES}/dry-run", headers=as_b, json={"rule_id": rule["id"]}).status_code == 404
    assert runs(client, as_a) == runs(client, as_b) == []
    lead(client, as_a)
    work()
    (run,) = runs(client, as_a)
    assert client.get(f"{RUNS}/{run['id']}", headers=as_b).status_code == 404
    assert client.post(f"{RUNS}/{run['id']}/retry", headers=as_b).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"trigger": "LeadVanished"}, "/trigger"),
        ({"condition": "lead.contry == 'DK'"}, "/condition"),
        ({"actions": [{"do": "add_tag", "tag": "x"}]}, "/actions/0/do"),
        ({"actions": [{"do": "explode"}]}, "/actions/0"),
        ({"actions": [{**TASK, "subject": "Call {phone}"}]}, "/actions/0/subject"),
        ({"actions": [{"do": "set_fields", "fields": {"status": "lost in space"}}]}, "/actions/0/fields/status"),
        ({"actions": [{"do": "assign", "user_id": str(uuid4())}]}, "/actions/0/user_id"),
        ({"actions": []}, "/actions"),
        ({"name": ""}, "/name"),
    ],
)
def test_bad_input_gets_422_that_names_the_place(
    client: httpx.Client, as_a: Header, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(RULES, headers=as_a, json={**RULE, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer), answer.json()
    assert client.get(RULES, headers=as_a).json()["items"] == []


def test_a_stored_rule_is_checked_again_when_it_changes(client: httpx.Client, as_a: Header) -> None:
    rule = post(client, as_a, RULES, **RULE)
    place = f"{RULES}/{rule['id']}"
    assert client.patch(place, headers=as_a, json={"condition": "lead.nope"}).status_code == 422
    changed = client.patch(place, headers=as_a, json={"condition": "lead.country == 'SE'", "is_enabled": False}).json()
    assert (changed["condition"], changed["is_enabled"]) == ("lead.country == 'SE'", False)
    assert client.post(RULES, headers=as_a, json=RULE).status_code == 409


def test_an_event_fires_its_rules_once_in_their_order(
    client: httpx.Client, as_a: Header, work: Callable[[], None], doors: Doors, filled: TwoTenants
) -> None:
    user = str(create_user(doors, filled.a.id, "eva@automation.example", "a long enough pass phrase", role="sales"))
    post(client, as_a, RULES, **{**RULE, "position": 20, "condition": "lead.owner_id != null"})
    post(client, as_a, RULES, name="Eva takes Danes", trigger="LeadCreated", condition="lead.country == 'DK'",
         position=10, actions=[{"do": "assign", "user_id": user}])  # fmt: skip
    post(client, as_a, RULES, **{**RULE, "name": "asleep", "is_enabled": False})
    taken, left = lead(client, as_a), lead(client, as_a, country="SE")
    work()
    assert client.get(f"/v1/leads/{taken}", headers=as_a).json()["owner_id"] == user
    assert client.get(f"/v1/leads/{left}", headers=as_a).json()["owner_id"] is None
    (task,) = client.get("/v1/activities", headers=as_a).json()["items"]
    assert (task["subject"], task["lead_id"], task["owner_id"]) == ("Call Bageri Ørn", taken, user)
    assert task["due_at"] > task["created_at"]
    assert [run["outcome"] for run in runs(client, as_a)] == ["done", "done"]

    # the events come again: nothing is done twice
    async def replay() -> None:
        databases = Databases(doors)
        first = client.get("/v1/events", headers=as_a).json()["items"][0]["sequence"]
        await desk.replay(databases, TenantContext.system(filled.a.id), "automation", int(first))
        await databases.close()

    asyncio.run(replay())
    work()
    assert len(client.get("/v1/activities", headers=as_a).json()["items"]) == 1
    assert len(runs(client, as_a)) == 2
    kinds = [event["type"] for event in client.get("/v1/events", headers=as_a).json()["items"]]
    assert kinds.count("LeadAssigned") == 1
    assert kinds.count("TaskScheduled") == 1


def test_every_action_does_what_it_says(client: httpx.Client, as_a: Header, work: Callable[[], None]) -> None:
    deal, stages = a_deal(client, as_a)
    post(client, as_a, "/v1/custom-fields", entity="deal", name="seats", label="Seats", kind="number")
    post(
        client, as_a, RULES, name="all", trigger="DealChanged",
        condition="deal.amount_cents > 1000000 && 'amount_cents' in event.fields && deal.custom.seats == null",
        actions=[
            {"do": "move_stage", "stage_id": stages[1]},
            {"do": "add_tag", "tag": "large"},
            {"do": "add_tag", "tag": "large"},
            {"do": "remove_tag", "tag": "small"},
            {"do": "set_fields", "fields": {"custom": {"seats": 10}, "name": "Stor aftale"}},
            {"do": "create_activity", "kind": "note", "subject": "Grew", "body": "{amount_cents} {currency}"},
            {"do": "emit", "name": "large_deal"},
        ],
    )  # fmt: skip
    change = {"amount_cents": 2_000_000, "currency": "DKK", "tags": ["small"]}
    assert client.patch(f"/v1/deals/{deal}", headers=as_a, json=change).status_code == 200
    work()
    now = client.get(f"/v1/deals/{deal}", headers=as_a).json()
    assert (now["stage_id"], now["tags"], now["custom"], now["name"]) == (
        stages[1], ["large"], {"seats": 10}, "Stor aftale",
    )  # fmt: skip
    (note,) = client.get("/v1/activities", headers=as_a, params={"deal_id": deal}).json()["items"]
    assert (note["kind"], note["body"]) == ("note", "2000000 DKK")
    (run,) = runs(client, as_a, outcome="done")
    assert [done["do"] for done in run["actions"]] == [
        "move_stage", "add_tag", "add_tag", "remove_tag", "set_fields", "create_activity", "emit",
    ]  # fmt: skip
    events = client.get("/v1/events", headers=as_a, params={"limit": 100}).json()["items"]
    (signal,) = [event for event in events if event["type"] == "AutomationSignalled"]
    assert signal["data"]["entity_id"] == deal
    assert signal["data"]["run_id"] == run["id"]
    audit = client.get("/v1/audit", headers=as_a, params={"action": "deal.change"}).json()["items"]
    assert any(one["actor_id"].startswith("automation_rule:") for one in audit)


def test_what_a_record_does_not_allow_fails_whole_and_can_be_tried_again(
    client: httpx.Client, as_a: Header, work: Callable[[], None]
) -> None:
    deal, _ = a_deal(client, as_a)
    pipeline = post(client, as_a, "/v1/pipelines", name="Andet")["id"]
    stage = post(client, as_a, "/v1/stages", pipeline_id=pipeline, name="Væk", position=1, probability=0.1)["id"]
    actions = [{"do": "add_tag", "tag": "moved"}, {"do": "move_stage", "stage_id": stage}]
    rule = post(client, as_a, RULES, name="move", trigger="DealChanged", actions=actions)
    post(client, as_a, RULES, name="after", trigger="DealChanged", position=200, actions=[{"do": "emit", "name": "ok"}])
    assert client.delete(f"/v1/stages/{stage}", headers=as_a).status_code == 204
    client.patch(f"/v1/deals/{deal}", headers=as_a, json={"name": "Ny"})
    work()
    (failed,) = runs(client, as_a, outcome="failed")
    assert failed["rule_id"] == rule["id"]
    assert "action 2" in failed["error"]
    assert "stage" in failed["error"]
    assert client.get(f"/v1/deals/{deal}", headers=as_a).json()["tags"] == []
    assert len(runs(client, as_a, outcome="done")) == 1

    place = f"{RUNS}/{failed['id']}/retry"
    assert client.post(place, headers=as_a).json()["outcome"] == "failed"
    client.patch(f"{RULES}/{rule['id']}", headers=as_a, json={"actions": actions[:1]})
    assert client.post(place, headers=as_a).json()["outcome"] == "done"
    assert client.post(place, headers=as_a).status_code == 409
    assert client.get(f"/v1/deals/{deal}", headers=as_a).json()["tags"] == ["moved"]


def test_rules_that_cause_each_other_stop(client: httpx.Client, as_a: Header, work: Callable[[], None]) -> None:
    """One that fires itself, two that fire each other, and a chain that makes new records for ever."""
    deal, _ = a_deal(client, as_a)
    for name, tag, other in (("a", "ping", "pong"), ("b", "pong", "ping")):
        post(client, as_a, RULES, name=name, trigger="DealChanged",
             actions=[{"do": "add_tag", "tag": tag}, {"do": "remove_tag", "tag": other}])  # fmt: skip
    note = {"do": "create_activity", "kind": "note", "subject": "again"}
    post(client, as_a, RULES, name="c", trigger="ActivityLogged", condition="activity.deal_id != null", actions=[note])
    post(client, as_a, "/v1/activities", kind="note", deal_id=deal, subject="first")
    client.patch(f"/v1/deals/{deal}", headers=as_a, json={"name": "Ny"})
    work()
    found = runs(client, as_a)
    assert {run["outcome"] for run in found} == {"done", "stopped"}
    assert max(run["depth"] for run in found) <= engine.DEEPEST + 1
    stopped = [run for run in found if run["outcome"] == "stopped"]
    assert all("itself" in run["error"] for run in stopped)
    assert len(client.get("/v1/activities", headers=as_a).json()["items"]) == 2
    by_id = {run["id"]: run for run in found}
    assert all(by_id[run["caused_by"]]["depth"] == run["depth"] - 1 for run in found if run["caused_by"])


def test_a_long_chain_of_different_rules_stops(client: httpx.Client, as_a: Header, work: Callable[[], None]) -> None:
    company = post(client, as_a, "/v1/companies", name="Ørn")["id"]
    for number in range(8):
        post(client, as_a, RULES, name=f"step {number}", trigger="CompanyChanged", position=100 - number,
             condition=f"company.employee_count == {number}",
             actions=[{"do": "set_fields", "fields": {"employee_count": number + 1}}])  # fmt: skip
    client.patch(f"/v1/companies/{company}", headers=as_a, json={"employee_count": 0})
    work()
    assert client.get(f"/v1/companies/{company}", headers=as_a).json()["employee_count"] == engine.DEEPEST
    (stopped,) = runs(client, as_a, outcome="stopped")
    assert "in a row" in stopped["error"]


def test_a_fault_of_ours_becomes_a_dead_letter_and_the_effect_comes_with_the_retry(
    client: httpx.Client, as_a: Header, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, as_a, RULES, **RULE)

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "act", broken)
        lead(client, as_a)
        work()
    assert runs(client, as_a) == []
    (parked,) = client.get("/v1/events/dead-letters", headers=as_a, params={"state": "waiting"}).json()["items"]
    assert (parked["consumer"], "a bug" in parked["error"]) == ("automation", True)
    place = f"/v1/events/dead-letters/automation/{parked['event_id']}/retry"
    assert client.post(place, headers=as_a).is_success
    work()
    assert [run["outcome"] for run in runs(client, as_a)] == ["done"]
    assert len(client.get("/v1/activities", headers=as_a).json()["items"]) == 1


def test_a_dry_run_shows_what_would_happen_and_nothing_does(
    client: httpx.Client, as_a: Header, work: Callable[[], None], doors: Doors, filled: TwoTenants
) -> None:
    danish, swedish = lead(client, as_a), lead(client, as_a, country="SE")
    unknown = lead(client, as_a, country=None)
    work()
    before = client.get("/v1/events", headers=as_a, params={"limit": 200}).json()["items"]
    draft = {"trigger": "LeadCreated", "condition": "lead.country.startsWith('D')", "actions": [TASK]}
    answer = post(client, as_a, f"{RULES}/dry-run", 200, **draft)
    assert (answer["looked_at"], answer["matched"]) == (3, 1)
    by_lead = {item["entity_id"]: item for item in answer["items"]}
    assert by_lead[danish]["outcome"] == "would_do"
    assert by_lead[danish]["actions"][0]["do"] == "create_activity"
    assert by_lead[swedish]["outcome"] == "no_match"
    assert by_lead[unknown]["fault"]
    named = post(client, as_a, f"{RULES}/dry-run", 200, record_ids=[danish, str(uuid4())], **draft)
    assert [item["outcome"] for item in named["items"]] == ["would_do", "gone"]
    failing = {**draft, "actions": [{"do": "set_fields", "fields": {"owner_id": str(uuid4())}}]}
    told = post(client, as_a, f"{RULES}/dry-run", 200, record_ids=[danish], **failing)["items"][0]
    assert (told["outcome"], "owner" in told["error"]) == ("would_fail", True)

    work()
    assert client.get("/v1/activities", headers=as_a).json()["items"] == []
    assert runs(client, as_a) == []
    assert client.get("/v1/events", headers=as_a, params={"limit": 200}).json()["items"] == before
    audit = client.get("/v1/audit", headers=as_a, params={"action": "automation_rule.dry_run"}).json()["items"]
    assert audit
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        row = connection.execute(
            "select count(*) from app.audit_log where action = 'activity.create' and entity_id = %s",
            (by_lead[danish]["actions"][0]["activity_id"],),
        ).fetchone()
    assert row == (0,)


def test_triggers_tell_what_a_condition_may_name(client: httpx.Client, as_a: Header) -> None:
    post(client, as_a, "/v1/custom-fields", entity="deal", name="seats", label="Seats", kind="number")
    items = {item["event_type"]: item for item in client.get(f"{RULES}/triggers", headers=as_a).json()["items"]}
    assert not any(name.endswith("Deleted") for name in items)
    scored = {field["name"] for field in items["LeadScored"]["fields"]}
    assert {"now", "lead.country", "event.grade"} <= scored
    assert "deal.custom.seats" in {field["name"] for field in items["DealStageChanged"]["fields"]}
    assert "move_stage" in items["DealStageChanged"]["actions"]
