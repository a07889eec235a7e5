"""The walk over leads, scores, forms, experiments, marts, events and webhooks."""

import hashlib
from typing import Any
from uuid import uuid4

from tekup.db import Database, Role
from tests.security.tour.recording import Tour

SITE = {"origin": "https://www.bakery.example", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


def walk(tour: Tour) -> None:
    """Domain by domain; what makes events comes before what reads them."""
    for station in (_leads, _figures, _touches, _forms, _experiments, _automation, _documents, _webhooks, _events):
        station(tour)
    for query in (
        "{ leads(first: 100) { nodes { id email } } companies(first: 100) { nodes { id name } } }",
        f'{{ lead(id: "{tour.lead}") {{ id email }} }}',
        f'mutation {{ change_lead(id: "{tour.lead}", input: {{status: "contacted"}}) {{ id }} }}',
    ):
        tour("POST /graphql", json={"query": query})
    for path in ("/healthz", "/readyz", "/metrics"):
        tour(f"GET {path}", headers={})


def _leads(tour: Tour) -> None:
    made = tour("POST /v1/leads", json={"email": f"new@{tour.word}.example", "country": "DK"}).json()["id"]
    tour("GET /v1/leads", params={"limit": 200})
    for lead in (made, tour.lead):
        tour("GET /v1/leads/{lead_id}", lead_id=lead)
    tour("PATCH /v1/leads/{lead_id}", lead_id=made, json={"status": "contacted"})
    tour("POST /v1/scores", json={"lead_id": tour.lead})
    tour("POST /v1/scores/batch", json={"leads": [{"lead_id": tour.lead}]})
    tour("GET /v1/leads/{lead_id}/score", lead_id=tour.lead)
    tour("GET /v1/leads/{lead_id}/score/explanation", lead_id=tour.lead)
    tour("GET /v1/leads/{lead_id}/predictions", lead_id=tour.lead)
    tour("POST /v1/scores/feedback", json={"lead_id": tour.lead, "verdict": "agree", "comment": tour.word})
    tour("GET /v1/churn-predictions")


def _figures(tour: Tour) -> None:
    for path in ("", "/models", "/paths", "/transitions"):
        tour(f"GET /v1/attribution{path}")
    tour("GET /v1/kpis", params={"since": "2026-01-01", "until": "2026-02-01"})
    tour("GET /v1/kpis/monthly")
    tour("GET /v1/audit")
    tour("GET /v1/audit/heads")


def _touches(tour: Tour) -> None:
    tour("POST /v1/touchpoints", json={"kind": "visit", "anonymous_id": f"{tour.word}-visitor", "lead_id": tour.lead})
    tour("GET /v1/touchpoints/collector.js", headers={})
    tour("PUT /v1/utm-rules", json={"sources": [tour.word], "mediums": ["email"]})
    tour("GET /v1/utm-rules")
    tour("POST /v1/utm-links", json={"url": "https://www.bakery.example/", "source": tour.word, "medium": "email",
         "campaign": f"{tour.word}-news"})  # fmt: skip


def _forms(tour: Tour) -> None:
    key = tour("GET /v1/forms").json()["items"][-1]["public_key"]
    tour("GET /v1/public/forms/form.js", headers={})
    shown = tour("GET /v1/public/forms/{public_key}", public_key=key, headers=SITE).json()
    tour("POST /v1/public/forms/{public_key}/submissions", public_key=key, headers=SITE, json={
        "id": str(uuid4()), "challenge": shown["challenge"], "work": _worked(shown["challenge"], shown["work_bits"]),
        "answers": {"mail": f"sent@{tour.word}.example"}})  # fmt: skip
    sent = tour("GET /v1/form-submissions").json()["items"][0]["id"]
    tour("GET /v1/form-submissions/export")
    tour("GET /v1/form-submissions/{record_id}", record_id=sent)


def _worked(challenge: str, bits: int) -> str:
    """The proof of work that a page does for a form."""
    number = 0
    while int.from_bytes(hashlib.sha256(f"{challenge}:{number}".encode()).digest(), "big") >> (256 - bits):
        number += 1
    return str(number)


def _experiments(tour: Tour) -> None:
    body = {"key": f"{tour.word}-run", "name": f"{tour.word} run", "primary_metric": "lead_rate"}
    made = tour("POST /v1/experiments", json=body).json()["id"]
    place: dict[str, Any] = {"record_id": made}
    tour("POST /v1/experiments/{record_id}/start", **place)
    given = tour("POST /v1/experiments/assignments", json={"anonymous_id": "visitor"}).json()["variants"]
    seen = {"anonymous_id": "visitor", "experiment": body["key"], "variant": given[body["key"]]}
    tour("POST /v1/experiments/exposures", json={"items": [seen]})
    tour("GET /v1/experiments/sample-size",
         params={"metric": "lead_rate", "relative_effect": 0.2, "mean": 0.1})  # fmt: skip
    tour("GET /v1/experiments/{record_id}/results", **place)
    tour("POST /v1/experiments/{record_id}/stop", **place)
    tour("POST /v1/experiments/{record_id}/decision", **place, json={"variant": "control", "note": tour.word})


def _automation(tour: Tour) -> None:
    """A run that failed is stored by hand: how rules fail is tested with them."""
    rule = tour("GET /v1/automation-rules").json()["items"][0]["id"]
    tour("GET /v1/automation-rules/triggers")
    tour("POST /v1/automation-rules/dry-run", json={"rule_id": rule, "record_ids": [tour.lead]})
    _number_events(tour)
    with tour.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tour.tenant.id) as connection:
        event = connection.execute(
            "select id from app.events where event_type = 'LeadCreated' and pos is not null limit 1"
        ).fetchone()
        assert event is not None
        connection.execute(
            "insert into app.automation_runs (tenant_id, rule_id, event_id, event_type, entity_type, entity_id, "
            "outcome, error) values (%s, %s, %s, 'LeadCreated', 'lead', %s, 'failed', %s)",
            (tour.tenant.id, rule, event[0], tour.lead, f"{tour.word} failed"),
        )
    failed = tour("GET /v1/automation-runs").json()["items"][0]["id"]
    tour("GET /v1/automation-runs/export")
    tour("GET /v1/automation-runs/{record_id}", record_id=failed)
    tour("POST /v1/automation-runs/{record_id}/retry", record_id=failed)


def _number_events(tour: Tour) -> None:
    with tour.doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        connection.execute("select app.sequence_events(100000)")


def _documents(tour: Tour) -> None:
    app: dict[str, Any] = {"app_name": f"{tour.word}-agent"}
    tour("PUT /v1/applications/{app_name}/schema", **app, json={"type": "object"})
    tour("GET /v1/applications/{app_name}/schema", **app)
    for _ in range(2):
        made = tour("POST /v1/applications/{app_name}/data", **app, json={"call": tour.word}).json()["id"]
    tour("GET /v1/applications/{app_name}/data", **app)
    one: dict[str, Any] = {**app, "document_id": made}
    tour("GET /v1/applications/{app_name}/data/{document_id}", **one)
    tour("PUT /v1/applications/{app_name}/data/{document_id}", **one, json={"call": f"{tour.word} again"})
    tour("DELETE /v1/applications/{app_name}/data/{document_id}", **one)


def _webhooks(tour: Tour) -> None:
    url = f"https://{tour.word}.hooks.example/in"
    made, gone = (tour("POST /v1/webhook-endpoints", json={"url": url}).json()["id"] for _ in range(2))
    place: dict[str, Any] = {"webhook_id": made}
    tour("GET /v1/webhook-endpoints")
    tour("GET /v1/webhook-endpoints/{webhook_id}", **place)
    tour("PATCH /v1/webhook-endpoints/{webhook_id}", **place, json={"description": f"of {tour.word}"})
    tour("POST /v1/webhook-endpoints/{webhook_id}/ping", **place)
    tour("POST /v1/webhook-endpoints/{webhook_id}/replay", **place, json={"from_pos": 1})
    with tour.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tour.tenant.id) as connection:
        # what was sent in vain; that it is, is tested with deliveries
        connection.execute("update app.outgoing_deliveries set state = 'dead'")
    (sent, *_) = tour("GET /v1/webhook-endpoints/{webhook_id}/deliveries", **place).json()["items"]
    tour("GET /v1/webhook-deliveries/{delivery_id}", delivery_id=sent["id"])
    tour("POST /v1/webhook-deliveries/{delivery_id}/retry", delivery_id=sent["id"])
    tour("POST /v1/webhook-endpoints/{webhook_id}/secret", **place)
    tour("DELETE /v1/webhook-endpoints/{webhook_id}", webhook_id=gone)


def _events(tour: Tour) -> None:
    """Two events are parked by hand: how they come to be is tested with consumers."""
    parked = []
    _number_events(tour)
    with tour.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tour.tenant.id) as connection:
        connection.execute(
            "insert into app.event_cursors (tenant_id, consumer, pos) values (%s, 'automation', 1)", (tour.tenant.id,)
        )
        for key, pos in connection.execute("select id, pos from app.events where pos > 0 order by pos limit 2"):
            parked.append(str(key))
            connection.execute(
                "insert into app.event_parked (tenant_id, consumer, event_id, pos, key, event_type, state, attempts, "
                "error, next_try_at) values (%s, 'automation', %s, %s, %s, 'LeadCreated', 'dead', 3, %s, now())",
                (tour.tenant.id, key, pos, f"lead/{key}", f"{tour.word} failed"),
            )
    tour("GET /v1/events", params={"limit": 500})
    tour("GET /v1/events/stream", params={"after": 0})
    tour("GET /v1/events/types")
    tour("GET /v1/events/types/{name}/{version}", name="LeadCreated", version="1")
    tour("GET /v1/events/asyncapi.json", headers={})
    tour("GET /v1/events/consumers")
    tour("GET /v1/events/dead-letters")
    tour("POST /v1/events/dead-letters/{consumer}/{event_id}/retry", consumer="automation", event_id=parked[0])
    tour("DELETE /v1/events/dead-letters/{consumer}/{event_id}", consumer="automation", event_id=parked[1])
    tour("POST /v1/events/consumers/{consumer}/replay", consumer="automation", json={"from_pos": 1})
