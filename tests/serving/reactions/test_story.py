"""The overview's own story over HTTP: a lead is created, scored, becomes a contact, and gets a follow-up task, while a
client sees each step live."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from serving.reactions import follow_up
from tekup.db import Database, Doors, Role
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.events.conftest import clear_log
from tests.serving.working import a_worker

Header = dict[str, str]
STEPS = {"LeadCreated", "LeadScored", "ContactCreated", "LeadLinkedToContact", "TaskScheduled", "TaskDue"}


@pytest.fixture(autouse=True)
def tidy(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    clear_log(doors, filled, keeps_heads=True)
    yield
    for tenant in (filled.a, filled.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.activities")
            connection.execute("delete from app.contacts where email = 'karen@story.example'")
            connection.execute("delete from app.leads where email = 'karen@story.example'")
    clear_log(doors, filled, keeps_heads=True)


def watch(client: httpx.Client, headers: Header, seen: list[dict[str, object]], ready: threading.Event) -> None:
    """Collect CloudEvents until the story is over."""
    with (
        contextlib.suppress(httpx.HTTPError),
        client.stream("GET", "/v1/events/stream", headers=headers, timeout=60) as answer,
    ):
        for line in answer.iter_lines():
            if line == ": open":
                ready.set()
            if line.startswith("data: {") and "specversion" in line:
                seen.append(json.loads(line[6:]))
                if {str(one["type"]) for one in seen} >= STEPS:
                    return


def test_the_story(
    settings: Settings,
    doors: Doors,
    client: httpx.Client,
    filled: TwoTenants,
    as_a: Header,
    as_b: Header,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # every grade gets a task here, which is due at once: what the model thinks of this lead is not the matter
    monkeypatch.setattr(follow_up, "DUE_AFTER", dict.fromkeys("ABCDE", timedelta(seconds=1)))
    seen: list[dict[str, object]] = []
    others: list[dict[str, object]] = []
    ready = threading.Event()
    watcher = threading.Thread(target=watch, args=(client, as_a, seen, ready), daemon=True)
    watcher.start()
    threading.Thread(target=watch, args=(client, as_b, others, threading.Event()), daemon=True).start()
    assert ready.wait(10)
    with a_worker(settings, doors):
        body = {"email": "karen@story.example", "full_name": "Karen Holm Friis", "source": "referral"}
        answer = client.post("/v1/leads", headers={**as_a, "x-request-id": "story-1"}, json=body)
        assert answer.status_code == 201
        lead_id = answer.json()["id"]
        scored_by = time.monotonic() + 10
        while "LeadScored" not in {one["type"] for one in seen} and time.monotonic() < scored_by:
            time.sleep(0.02)
        watcher.join(30)
    kinds = [str(one["type"]) for one in seen]
    assert set(kinds) >= STEPS, kinds
    assert all(kinds.count(step) == 1 for step in STEPS), kinds
    assert (
        kinds.index("LeadCreated") < kinds.index("LeadScored") < kinds.index("TaskScheduled") < kinds.index("TaskDue")
    )
    assert kinds.index("ContactCreated") < kinds.index("LeadLinkedToContact")
    places = [int(str(one["sequence"])) for one in seen]
    assert places == list(range(places[0], places[0] + len(places))), "dense and in order"
    by_type = {str(one["type"]): one["data"] for one in seen}
    assert all(
        isinstance(data, dict) and data.get("lead_id") == lead_id for data in by_type.values() if "lead_id" in data
    )  # type: ignore[operator]
    assert others == []

    # what the events tell stands in the database
    lead = client.get(f"/v1/leads/{lead_id}", headers=as_a).json()
    contact = by_type["ContactCreated"]
    assert isinstance(contact, dict)
    assert lead["contact_id"] == contact["contact_id"]
    explanation = client.get(f"/v1/leads/{lead_id}/score/explanation", headers=as_a).json()
    scored = by_type["LeadScored"]
    assert isinstance(scored, dict)
    assert [score["probability"] for score in explanation["scores"]] == [scored["probability"]]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        tasks = connection.execute("select kind, lead_id::text, subject from app.activities").fetchall()
        names = connection.execute(
            "select first_name, last_name from app.contacts where email = %s", (body["email"],)
        ).fetchall()
    assert [(kind, lead) for kind, lead, _ in tasks] == [("task", lead_id)]
    assert names == [("Karen Holm", "Friis")]
