"""The walk over what is listed, made, changed and deleted alike: the CRM's records and those beside them."""

import itertools
from typing import Any
from uuid import uuid4

from tekup.directory.users import create_user
from tests.security.tour.recording import Tour
from tests.serving.test_app import RESOURCES

Json = dict[str, Any]
_DAYS = itertools.cycle(range(1, 32))


def walk(tour: Tour) -> None:
    """Each resource from its making to its deletion, then what only some have."""
    bodies = _bodies(tour)
    for name in RESOURCES:
        body, change = bodies[name]
        made = tour(f"POST /v1/{name}", json=body).json()["id"]
        tour(f"GET /v1/{name}")
        tour(f"GET /v1/{name}/export")
        tour(f"GET /v1/{name}/{{record_id}}", record_id=made)
        tour(f"PATCH /v1/{name}/{{record_id}}", record_id=made, json=change)
        tour(f"POST /v1/{name}/bulk", json={"items": [_another(body)]})
        gone = tour(f"POST /v1/{name}", json=_another(body)).json()["id"]
        tour(f"DELETE /v1/{name}/{{record_id}}", record_id=gone)
    _merge(tour)
    _import(tour)
    _hand_out(tour)


def _another(body: Json) -> Json:
    """A body that stands beside the first one."""
    changed = dict(body)
    if "spend_date" in body:
        changed["spend_date"] = f"2026-05-{next(_DAYS):02}"
    for unique in ("name", "key"):
        if unique in body:
            changed[unique] = f"{body[unique]}_{uuid4().hex[:6]}"
    if "email" in body:
        changed["email"] = f"{uuid4().hex[:8]}.{body['email']}"
    if "position" in body:
        changed["position"] = next(_DAYS) + 10
    return changed


def _bodies(tour: Tour) -> dict[str, tuple[Json, Json]]:
    """A body and a change for each resource; what they need is made first."""
    word = tour.word
    pipeline = tour("POST /v1/pipelines", json={"name": f"{word} sales"}).json()["id"]
    stage_body = {"pipeline_id": pipeline, "name": f"{word}_meeting", "position": 1, "probability": 0.4}
    stage = tour("POST /v1/stages", json=stage_body).json()["id"]
    contact = tour("POST /v1/contacts", json={"email": f"one@{word}.example"}).json()["id"]
    campaign_body = {"name": f"{word}_spring", "channel": "paid_social", "currency": "DKK", "budget_cents": 100_000,
                     "starts_on": "2026-01-01", "ends_on": "2026-12-31"}  # fmt: skip
    campaign = tour("POST /v1/campaigns", json=campaign_body).json()["id"]
    tour("PUT /v1/campaigns/{campaign_id}/spend/{spend_date}", campaign_id=campaign, spend_date="2026-03-01",
         json={"amount_cents": 900, "currency": "DKK"})  # fmt: skip
    tour("GET /v1/campaigns/{campaign_id}/pacing", campaign_id=campaign)
    seller = str(create_user(tour.doors, tour.tenant.id, f"seller@{word}.example", tour.password, role="sales"))
    task = {"do": "create_activity", "kind": "task", "subject": f"call for {word}"}
    return {
        "companies": ({"name": f"{word}_bakery", "domain": f"{word}.example"}, {"city": "Aarhus"}),
        "contacts": ({"email": f"ida@{word}.example", "first_name": f"Ida {word}"}, {"job_title": "Baker"}),
        "pipelines": ({"name": f"{word}_other"}, {"name": f"{word}_renamed"}),
        "stages": ({**stage_body, "name": f"{word}_offer", "position": 5}, {"probability": 0.5}),
        "deals": ({"name": f"{word}_deal", "stage_id": stage, "contact_id": contact}, {"amount_cents": 10_000,
                  "currency": "DKK"}),
        "activities": ({"kind": "task", "subject": f"{word} task", "contact_id": contact}, {"outcome": "talked"}),
        "campaigns": ({**campaign_body, "name": f"{word}_autumn"}, {"status": "paused"}),
        "campaign-spend": ({"campaign_id": campaign, "spend_date": "2026-04-01", "amount_cents": 12_500,
                            "currency": "DKK"}, {"clicks": 12}),
        "custom-fields": ({"entity": "contact", "name": f"{word}_size", "label": "Size", "kind": "number"},
                          {"label": f"{word} size"}),
        "automation-rules": ({"name": f"{word}_rule", "trigger": "LeadCreated", "condition": "lead.country == 'XX'",
                              "actions": [task]}, {"description": f"of {word}"}),
        "assignment-rules": ({"name": f"{word}_turns", "entity": "lead", "user_ids": [seller],
                              "condition": "lead.country == 'XX'"}, {"name": f"{word}_hands"}),
        "forms": ({"name": f"{word}_form", "origins": ["https://www.bakery.example"], "min_seconds": 0, "work_bits": 4,
                   "fields": [{"name": "mail", "label": "E-mail", "kind": "email", "lead_column": "email"}],
                   "campaign_id": campaign}, {"thanks": f"thanks from {word}"}),
        "saved-views": ({"name": f"{word}_view", "list": "deals", "columns": ["name"], "is_shared": True},
                        {"sort": "-updated_at"}),
        "files": ({"name": f"{word}_offer.pdf", "media_type": "application/pdf", "size_bytes": 9, "sha256": "ab" * 32,
                   "storage_url": f"s3://{word}/offer.pdf", "contact_id": contact}, {"description": f"by {word}"}),
        "experiments": ({"key": f"{word}-form", "name": f"{word}_trial", "primary_metric": "lead_rate"},
                        {"hypothesis": f"{word} thinks so"}),
    }  # fmt: skip


def _merge(tour: Tour) -> None:
    for name, body in (("contacts", {"first_name": f"Bo {tour.word}"}), ("companies", {"name": f"{tour.word} twice"})):
        one, two = (tour(f"POST /v1/{name}", json=body).json()["id"] for _ in range(2))
        tour(f"GET /v1/{name}/duplicates")
        merged = tour(f"POST /v1/{name}/{{record_id}}/merges", record_id=one, json={"other_id": two}).json()
        tour(f"GET /v1/{name}/{{record_id}}/merges", record_id=one)
        tour(f"POST /v1/{name}/merges/{{merge_id}}/undo", merge_id=merged["id"])


def _import(tour: Tour) -> None:
    tables = {
        "contacts": f"email,first_name\nimported@{tour.word}.example,Eva\n",
        "companies": f"name,city\n{tour.word} imported,Odense\n",
        "deals": f"name\n{tour.word} imported\n",
    }
    for name, table in tables.items():
        tour(f"POST /v1/{name}/imports", files={"file": ("table.csv", table.encode())}, data={"dry_run": "false"})
    tour("GET /v1/search", params={"q": tour.word})


def _hand_out(tour: Tour) -> None:
    user = tour("GET /v1/users").json()["items"][0]["id"]
    deal = tour("GET /v1/deals").json()["items"][0]["id"]
    tour("GET /v1/assignment-rules/loads", params={"entity": "lead"})
    tour("POST /v1/leads/assignments", json={"ids": [tour.lead], "user_id": user})
    tour("POST /v1/deals/assignments", json={"ids": [deal], "user_id": user})
