"""The CRM's records over HTTP: what is true of every resource, then what is particular to each."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from serving.crm.resources import RESOURCES
from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

Header = dict[str, str]
PATHS = {resource.noun: resource.path for resource in RESOURCES}
TABLES = (
    "record_merges", "activities", "deals", "contacts", "companies", "stages", "pipelines", "campaign_spend",
    "campaigns", "custom_fields",
)  # fmt: skip


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    """No record of either tenant before or after."""

    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in TABLES:
                    connection.execute(f"delete from app.{table}")

    clear()
    yield
    clear()


def make(client: httpx.Client, headers: Header, noun: str, **body: Any) -> dict[str, Any]:
    """A stored record."""
    answer = client.post(PATHS[noun], headers=headers, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATHS[noun]}/{made['id']}"
    return made


def body_of(client: httpx.Client, headers: Header, noun: str) -> dict[str, Any]:
    """The fields of a new record, with whatever it needs stored first."""
    if noun in ("stage", "deal"):
        pipeline = make(client, headers, "pipeline", name="Salg")
        stage = {"pipeline_id": pipeline["id"], "name": "Møde", "position": 1, "probability": 0.4}
        return (
            stage if noun == "stage" else {"name": "Aftale", "stage_id": make(client, headers, "stage", **stage)["id"]}
        )
    campaign = {"name": "Forår", "channel": "paid_social", "currency": "DKK"}
    if noun == "day of spend":
        made = make(client, headers, "campaign", **campaign)
        return {"campaign_id": made["id"], "spend_date": "2026-03-01", "amount_cents": 12_500, "currency": "DKK"}
    return {
        "company": {"name": "Bageri Ørn"},
        "contact": {"email": "  Ida@Oern.example ", "first_name": "Ida"},
        "pipeline": {"name": "Salg"},
        "activity": {"kind": "task", "subject": "Ring op"},
        "campaign": campaign,
        "custom field": {"entity": "contact", "name": "size", "label": "Size", "kind": "number"},
    }[noun]


CHANGES: dict[str, dict[str, Any]] = {
    "company": {"city": "Aarhus"},
    "contact": {"job_title": "Bager"},
    "pipeline": {"name": "Nyt salg"},
    "stage": {"probability": 0.5},
    "deal": {"amount_cents": 10_000, "currency": "DKK"},
    "activity": {"outcome": "Talte sammen"},
    "campaign": {"status": "paused"},
    "day of spend": {"clicks": 12},
    "custom field": {"is_required": True},
}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.noun)
class TestEveryResource:
    def test_anonymous_gets_401(self, client: httpx.Client, resource: Any) -> None:
        for answer in (client.get(resource.path), client.post(resource.path, json={})):
            assert answer.status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], resource: Any
    ) -> None:
        headers = token_of(filled.a, resource.read_scope)
        assert client.get(resource.path, headers=headers).status_code == 200
        answer = client.post(resource.path, headers=headers, json={})
        assert answer.status_code == 403
        assert resource.write_scope in answer.json()["detail"]

    def test_other_tenant_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header, resource: Any) -> None:
        made = make(client, as_a, resource.noun, **body_of(client, as_a, resource.noun))
        place, change = f"{resource.path}/{made['id']}", CHANGES[resource.noun]
        answers = (
            client.get(place, headers=as_b),
            client.patch(place, headers=as_b, json=change),
            client.delete(place, headers=as_b),
        )
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        nobody = client.get(f"{resource.path}/{uuid4()}", headers=as_b)
        assert answers[0].json() == nobody.json()
        assert client.get(resource.path, headers=as_b).json()["items"] == []
        assert client.get(place, headers=as_a).json() == made

    def test_bad_input_gets_422_and_stores_nothing(self, client: httpx.Client, as_a: Header, resource: Any) -> None:
        good = body_of(client, as_a, resource.noun)
        before = client.get(resource.path, headers=as_a).json()["items"]
        for body in ({**good, "tenant_id": str(uuid4())}, {**good, next(iter(good)): {"no": 1}}, {}, [good]):
            answer = client.post(resource.path, headers=as_a, json=body)
            assert answer.status_code == 422, body
            assert answer.json()["errors"]
        for name in ("limit", "sort", "cursor", "created_since", "no_such_filter"):
            assert client.get(resource.path, headers=as_a, params={name: "x"}).status_code == 422
        assert client.get(resource.path, headers=as_a).json()["items"] == before

    def test_is_made_read_changed_and_deleted(self, client: httpx.Client, as_a: Header, resource: Any) -> None:
        made = make(client, as_a, resource.noun, **body_of(client, as_a, resource.noun))
        place, change = f"{resource.path}/{made['id']}", CHANGES[resource.noun]
        read = client.get(place, headers=as_a)
        assert read.json() == made
        same = client.get(place, headers={**as_a, "if-none-match": read.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        changed = client.patch(place, headers={**as_a, "if-match": read.headers["etag"]}, json=change)
        assert changed.status_code == 200, changed.text
        assert {name: changed.json()[name] for name in change} == change
        stale = client.patch(place, headers={**as_a, "if-match": read.headers["etag"]}, json=change)
        assert (stale.status_code, stale.json()["type"]) == (412, "urn:tekup:problem:changed-meanwhile")
        again = client.patch(place, headers=as_a, json=change)
        assert again.headers["etag"] == changed.headers["etag"], "a change of nothing is none"
        assert client.delete(place, headers={**as_a, "if-match": '"0"'}).status_code == 412
        assert client.delete(place, headers=as_a).status_code == 204
        assert client.get(place, headers=as_a).status_code == 404


def test_pages_give_every_record_once_in_order(client: httpx.Client, as_a: Header) -> None:
    items = [{"name": f"Firma {number % 4}", "tags": ["vip"] if number % 2 else []} for number in range(11)]
    results = client.post("/v1/companies/bulk", headers=as_a, json={"items": items}).json()["items"]
    assert [result["status"] for result in results] == [201] * 11
    for sort in ("name", "-name", "created_at", "-updated_at"):
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {"limit": 3, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/companies", headers=as_a, params=query).json()
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                break
        assert {company["id"] for company in found} == {result["id"] for result in results}
        keys = [company[sort.removeprefix("-")] for company in found]
        assert keys == sorted(keys, reverse=sort.startswith("-"))
    tagged = client.get("/v1/companies", headers=as_a, params={"tag": "vip"}).json()["items"]
    assert len(tagged) == 5
    other = client.get("/v1/companies", headers=as_a, params={"limit": 3, "sort": "name"}).json()["next_cursor"]
    mixed = client.get("/v1/companies", headers=as_a, params={"limit": 3, "sort": "-name", "cursor": other})
    assert mixed.status_code == 422


def test_each_item_of_a_bulk_stands_or_falls_by_itself(client: httpx.Client, as_a: Header) -> None:
    items = [{"email": "a@x.example"}, {"email": "no address"}, {"first_name": "Bo", "company_id": str(uuid4())}, {}]
    answer = client.post("/v1/contacts/bulk", headers=as_a, json={"items": items})
    results = answer.json()["items"]
    assert [result["status"] for result in results] == [201, 422, 422, 422]
    assert [result.get("errors", [{}])[0].get("pointer") for result in results] == [None, "/email", "/company_id", ""]
    stored = client.get("/v1/contacts", headers=as_a).json()["items"]
    assert [contact["email"] for contact in stored] == ["a@x.example"]
    assert client.post("/v1/contacts/bulk", headers=as_a, json={"items": [{}] * 501}).status_code == 422


def test_who_may_not_see_people_reads_contacts_without_them(
    client: httpx.Client, filled: TwoTenants, as_a: Header, token_of: Callable[..., Header]
) -> None:
    make(client, as_a, "contact", email="ida@oern.example", first_name="Ida", tags=["vip"])
    seen = client.get("/v1/contacts", headers=token_of(filled.a, "contacts:read")).json()["items"][0]
    assert (seen["email"], seen["first_name"], seen["tags"]) == (None, None, ["vip"])
    whole = client.get("/v1/contacts", headers=token_of(filled.a, "contacts:read", "persons:read")).json()["items"][0]
    assert (whole["email"], whole["first_name"]) == ("ida@oern.example", "Ida")
    export = client.get("/v1/contacts/export", headers=token_of(filled.a, "contacts:read"))
    assert "oern" not in export.text


def test_export_quotes_what_a_spreadsheet_would_run(client: httpx.Client, as_a: Header) -> None:
    make(client, as_a, "company", name="=cmd|' /C calc'!A0", tags=["a", "b"])
    make(client, as_a, "company", name='Ærø, "Færge"')
    answer = client.get("/v1/companies/export", headers=as_a, params={"sort": "created_at"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0].startswith("id,created_at,updated_at,name")
    assert ",'=cmd|' /C calc'!A0," in lines[1]
    assert "a; b" in lines[1]
    assert '"Ærø, ""Færge"""' in lines[2]
    assert client.get("/v1/companies/export", headers=as_a, params={"sort": "x"}).status_code == 422


class TestCompanies:
    def test_no_company_belongs_to_itself(self, client: httpx.Client, as_a: Header) -> None:
        top = make(client, as_a, "company", name="Top", domain=" TOP.example ")
        assert top["domain"] == "top.example"
        below = make(client, as_a, "company", name="Below", parent_id=top["id"])
        answer = client.patch(f"/v1/companies/{top['id']}", headers=as_a, json={"parent_id": below["id"]})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/parent_id")
        children = client.get("/v1/companies", headers=as_a, params={"parent_id": top["id"]}).json()["items"]
        assert [company["id"] for company in children] == [below["id"]]

    def test_nothing_of_another_tenant_can_be_named(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        theirs = make(client, as_b, "company", name="Theirs")
        for noun, body in (("contact", {"first_name": "Bo", "company_id": theirs["id"]}),
                           ("company", {"name": "Ours", "parent_id": theirs["id"]})):  # fmt: skip
            answer = client.post(PATHS[noun], headers=as_a, json=body)
            assert answer.status_code == 422, noun


class TestDeals:
    @pytest.fixture
    def stages(self, client: httpx.Client, as_a: Header) -> dict[str, dict[str, Any]]:
        pipeline = make(client, as_a, "pipeline", name="Salg", is_default=True)["id"]
        shapes = {"open": {}, "won": {"is_won": True}, "lost": {"is_lost": True}}
        return {
            name: make(client, as_a, "stage", pipeline_id=pipeline, name=name, position=n, probability=n / 2, **more)
            for n, (name, more) in enumerate(shapes.items())
        }

    def test_a_deals_stage_decides_its_status(
        self, client: httpx.Client, as_a: Header, stages: dict[str, dict[str, Any]]
    ) -> None:
        deal = make(client, as_a, "deal", name="Stor", stage_id=stages["open"]["id"], amount_cents=5, currency="DKK")
        assert (deal["status"], deal["closed_at"], deal["pipeline_id"]) == ("open", None, stages["open"]["pipeline_id"])
        place = f"/v1/deals/{deal['id']}"
        won = client.patch(place, headers=as_a, json={"stage_id": stages["won"]["id"]}).json()
        assert won["status"] == "won"
        assert won["closed_at"] is not None
        renamed = client.patch(place, headers=as_a, json={"name": "Større"}).json()
        assert renamed["closed_at"] == won["closed_at"]
        reopened = client.patch(place, headers=as_a, json={"stage_id": stages["open"]["id"]}).json()
        assert (reopened["status"], reopened["closed_at"]) == ("open", None)
        listed = client.get("/v1/deals", headers=as_a, params={"status": "open"}).json()["items"]
        assert [found["id"] for found in listed] == [deal["id"]]

    def test_moving_a_deal_tells_of_it(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors, stages: dict[str, dict[str, Any]]
    ) -> None:
        deal = make(client, as_a, "deal", name="Stor", stage_id=stages["open"]["id"])
        client.patch(f"/v1/deals/{deal['id']}", headers=as_a, json={"stage_id": stages["lost"]["id"]})
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            told = connection.execute(
                "select event_type, payload from app.events where aggregate_id = %s order by seq", (deal["id"],)
            ).fetchall()
            noted = connection.execute(
                "select action from app.audit_log where entity_id = %s order by id", (deal["id"],)
            ).fetchall()
        assert [name for name, _ in told] == ["DealCreated", "DealChanged", "DealStageChanged"]
        assert told[2][1]["to_stage_id"] == stages["lost"]["id"]
        assert {action for (action,) in noted} >= {"deal.create", "deal.change"}

    def test_an_amount_needs_a_currency_and_a_stage_in_use_stays(
        self, client: httpx.Client, as_a: Header, stages: dict[str, dict[str, Any]]
    ) -> None:
        deal = make(client, as_a, "deal", name="Stor", stage_id=stages["open"]["id"])
        answer = client.patch(f"/v1/deals/{deal['id']}", headers=as_a, json={"amount_cents": 5})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/currency")
        refused = client.delete(f"/v1/stages/{stages['open']['id']}", headers=as_a)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:tekup:problem:still-needed")
        twice = {"pipeline_id": stages["open"]["pipeline_id"], "name": "x", "position": 0, "probability": 0}
        assert client.post("/v1/stages", headers=as_a, json=twice).status_code == 409

    def test_the_last_default_pipeline_is_the_only_one(self, client: httpx.Client, as_a: Header) -> None:
        first = make(client, as_a, "pipeline", name="Et", is_default=True)
        second = make(client, as_a, "pipeline", name="To", is_default=True)
        found = client.get("/v1/pipelines", headers=as_a, params={"is_default": True}).json()["items"]
        assert [pipeline["id"] for pipeline in found] == [second["id"]]
        client.patch(f"/v1/pipelines/{first['id']}", headers=as_a, json={"is_default": True})
        found = client.get("/v1/pipelines", headers=as_a, params={"is_default": True}).json()["items"]
        assert [pipeline["id"] for pipeline in found] == [first["id"]]


class TestActivities:
    def test_a_task_is_scheduled_and_done(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors
    ) -> None:
        task = make(client, as_a, "activity", kind="task", subject="Ring", due_at="2026-12-01T09:00:00+01:00")
        assert task["due_at"] == "2026-12-01T08:00:00Z"
        done = {"completed_at": "2026-12-01T10:00:00Z"}
        assert client.patch(f"/v1/activities/{task['id']}", headers=as_a, json=done).json()["completed_at"]
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            query = "select event_type from app.events where aggregate_id = %s order by seq"
            told = connection.execute(query, (task["id"],)).fetchall()
        assert told == [("TaskScheduled",), ("TaskCompleted",)]

    def test_only_a_task_has_a_time_and_a_call_belongs_somewhere(self, client: httpx.Client, as_a: Header) -> None:
        contact = make(client, as_a, "contact", first_name="Ida")["id"]
        assert client.post("/v1/activities", headers=as_a, json={"kind": "call"}).status_code == 422
        call = make(client, as_a, "activity", kind="call", contact_id=contact, duration_seconds=60)
        answer = client.patch(f"/v1/activities/{call['id']}", headers=as_a, json={"due_at": "2026-12-01T10:00:00Z"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/due_at")
        found = client.get("/v1/activities", headers=as_a, params={"contact_id": contact, "kind": "call"}).json()
        assert [activity["id"] for activity in found["items"]] == [call["id"]]


class TestCampaigns:
    def test_spend_is_told_once_a_day_in_the_campaigns_currency(self, client: httpx.Client, as_a: Header) -> None:
        body = body_of(client, as_a, "day of spend")
        make(client, as_a, "day of spend", **body)
        assert client.post("/v1/campaign-spend", headers=as_a, json=body).status_code == 409
        other = {**body, "spend_date": "2026-03-02", "currency": "EUR"}
        answer = client.post("/v1/campaign-spend", headers=as_a, json=other)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/currency")

    def test_ends_after_it_began(self, client: httpx.Client, as_a: Header) -> None:
        campaign = make(client, as_a, "campaign", name="x", channel="email", currency="DKK", starts_on="2026-02-01")
        answer = client.patch(f"/v1/campaigns/{campaign['id']}", headers=as_a, json={"ends_on": "2026-01-01"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ends_on")


class TestCustomFields:
    def test_values_are_of_their_fields_kind(self, client: httpx.Client, as_a: Header) -> None:
        kinds = {"text": "x", "number": 1.5, "boolean": True, "date": "2026-01-31", "choice": "red"}
        for kind in kinds:
            more = {"choices": ["red", "green"]} if kind == "choice" else {}
            make(client, as_a, "custom field", entity="contact", name=f"a_{kind}", label=kind, kind=kind, **more)
        good = {f"a_{kind}": value for kind, value in kinds.items()}
        contact = make(client, as_a, "contact", first_name="Ida", custom=good)
        assert contact["custom"] == good
        bad = {"a_text": 1, "a_number": True, "a_boolean": "yes", "a_date": "31/1", "a_choice": "blue", "unknown": 1}
        answer = client.patch(f"/v1/contacts/{contact['id']}", headers=as_a, json={"custom": bad})
        pointers = {fault["pointer"] for fault in answer.json()["errors"]}
        assert (answer.status_code, pointers) == (422, {f"/custom/{name}" for name in bad})
        emptied = client.patch(f"/v1/contacts/{contact['id']}", headers=as_a, json={"custom": {"a_text": None}}).json()
        assert emptied["custom"] == {name: value for name, value in good.items() if name != "a_text"}
        found = client.get("/v1/contacts", headers=as_a, params={"custom": ["a_choice:red", "a_number:1.5"]}).json()
        assert [one["id"] for one in found["items"]] == [contact["id"]]
        assert client.get("/v1/contacts", headers=as_a, params={"custom": "a_choice:blue"}).json()["items"] == []
        assert client.get("/v1/contacts", headers=as_a, params={"custom": "a_choice"}).status_code == 422

    def test_a_required_field_is_asked_for(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        make(client, as_a, "custom field", entity="company", name="cvr", label="CVR", kind="text", is_required=True)
        answer = client.post("/v1/companies", headers=as_a, json={"name": "x"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/custom/cvr")
        make(client, as_b, "company", name="x")
        again = {"entity": "company", "name": "cvr", "label": "x", "kind": "text"}
        assert client.post("/v1/custom-fields", headers=as_a, json=again).status_code == 409


class TestMerging:
    def test_a_merge_moves_everything_and_undoing_gives_it_back(self, client: httpx.Client, as_a: Header) -> None:
        company = make(client, as_a, "company", name="Ørn")
        kept = make(client, as_a, "contact", email="ida@oern.example")
        other = make(
            client, as_a, "contact", email="Ida@oern.example", phone="12345678", company_id=company["id"], tags=["vip"],
            has_marketing_consent=True,
        )  # fmt: skip
        note = make(client, as_a, "activity", kind="note", contact_id=other["id"], body="Hej")
        groups = client.get("/v1/contacts/duplicates", headers=as_a).json()["items"]
        assert groups == [{"reason": "email", "ids": [kept["id"], other["id"]]}]
        answer = client.post(f"/v1/contacts/{kept['id']}/merges", headers=as_a, json={"other_id": other["id"]})
        assert answer.status_code == 201, answer.text
        merge = answer.json()
        assert merge["moved"] == {"activities": 1}
        assert merge["filled"] == ["company_id", "phone", "tags"]
        one = client.get(f"/v1/contacts/{kept['id']}", headers=as_a).json()
        assert (one["phone"], one["company_id"], one["tags"]) == ("12345678", company["id"], ["vip"])
        assert one["has_marketing_consent"] is False, "a consent is never taken over"
        assert client.get(f"/v1/contacts/{other['id']}", headers=as_a).status_code == 404
        assert client.get(f"/v1/activities/{note['id']}", headers=as_a).json()["contact_id"] == kept["id"]
        assert [m["id"] for m in client.get(f"/v1/contacts/{kept['id']}/merges", headers=as_a).json()] == [merge["id"]]

        client.patch(f"/v1/contacts/{kept['id']}", headers=as_a, json={"phone": "87654321"})
        undone = client.post(f"/v1/contacts/merges/{merge['id']}/undo", headers=as_a)
        assert undone.status_code == 200, undone.text
        assert undone.json()["undone_at"] is not None
        back = client.get(f"/v1/contacts/{other['id']}", headers=as_a).json()
        assert {**back, "updated_at": None} == {**other, "updated_at": None}
        one = client.get(f"/v1/contacts/{kept['id']}", headers=as_a).json()
        assert (one["phone"], one["company_id"], one["tags"]) == ("87654321", None, [])
        assert client.get(f"/v1/activities/{note['id']}", headers=as_a).json()["contact_id"] == other["id"]
        again = client.post(f"/v1/contacts/merges/{merge['id']}/undo", headers=as_a)
        assert (again.status_code, again.json()["type"]) == (409, "urn:tekup:problem:undone-already")

    def test_another_tenants_records_can_not_be_merged(
        self, client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        ours, theirs = make(client, as_a, "company", name="x"), make(client, as_b, "company", name="x")
        merges = f"/v1/companies/{ours['id']}/merges"
        assert client.post(merges, json={"other_id": theirs["id"]}).status_code == 401
        reader = token_of(filled.a, "companies:read")
        assert client.post(merges, headers=reader, json={"other_id": theirs["id"]}).status_code == 403
        assert client.post(merges, headers=as_b, json={"other_id": theirs["id"]}).status_code == 404
        for other in (theirs["id"], ours["id"], str(uuid4())):
            assert client.post(merges, headers=as_a, json={"other_id": other}).status_code == 422
        second = make(client, as_a, "company", name="X ")
        assert client.get("/v1/companies/duplicates", headers=as_b).json()["items"] == []
        assert len(client.get("/v1/companies/duplicates", headers=as_a).json()["items"]) == 1
        merge = client.post(merges, headers=as_a, json={"other_id": second["id"]}).json()
        assert client.post(f"/v1/companies/merges/{merge['id']}/undo", headers=as_b).status_code == 404
        assert client.post(f"/v1/contacts/merges/{merge['id']}/undo", headers=as_a).status_code == 404
        assert client.post(f"/v1/companies/merges/{merge['id']}/undo", headers=as_a).status_code == 200
