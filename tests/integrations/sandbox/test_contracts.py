"""Every answer of the sandbox validates against the vendor's contract."""

import functools
import json
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator, OAS31Validator

from integrations.sandbox import hubspot_oauth
from integrations.sandbox.identifiers import sandbox_credential
from tests.integrations.running import Sandbox
from tests.paths import shared

HUBSPOT = "contracts/hubspot/hubspot-crm.derived.openapi.json"
STRIPE = "contracts/stripe/stripe-v1.trimmed.openapi.json"
KIT = "contracts/kit/kit-v4.handwritten.openapi.json"
OPENAI = "contracts/openai/openai.trimmed.openapi.json"
SLUG = "nordlys-solar"


@functools.cache
def _contract(name: str) -> dict[str, Any]:
    contract: dict[str, Any] = _allow_null(json.loads(shared(name).read_text()))
    return contract


def _allow_null(node: Any) -> Any:
    """Spell ``nullable`` out for enums and ``anyOf``: Stripe means it so, the validator overlooks it there."""
    if isinstance(node, list):
        return [_allow_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _allow_null(value) for key, value in node.items()}
    if copy.get("nullable") is True and "anyOf" in copy and "type" not in copy:
        copy["anyOf"] = [*copy["anyOf"], {"enum": [None]}]
    if copy.get("nullable") is True and isinstance(copy.get("enum"), list):
        copy["enum"] = [*copy["enum"], None]
    return copy


def _assert_valid(name: str, path: str, method: str, status: int, body: Any) -> None:
    contract = _contract(name)
    responses = contract["paths"][path][method]["responses"]
    response = responses.get(str(status)) or responses["default"]
    schema = {**response["content"]["application/json"]["schema"], "components": contract["components"]}
    validator = OAS31Validator if contract["openapi"].startswith("3.1") else OAS30Validator
    faults = sorted(validator(schema).iter_errors(body), key=lambda fault: list(fault.path))
    assert not faults, [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in faults[:5]]


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_hubspot_lists_searches_and_batches(sandbox: Sandbox, kind: str) -> None:
    listed = sandbox.get("hubspot", SLUG, f"/crm/v3/objects/{kind}?limit=100&associations=contacts,companies")
    assert len(listed.json()["results"]) > 20
    histories = "limit=50&propertiesWithHistory=lifecyclestage,dealstage,name"
    told = sandbox.get("hubspot", SLUG, f"/crm/v3/objects/{kind}?{histories}").json()
    assert "propertiesWithHistory" in told["results"][0]
    _assert_valid(HUBSPOT, f"/crm/v3/objects/{kind}", "get", 200, told)
    _assert_valid(HUBSPOT, f"/crm/v3/objects/{kind}", "get", 200, listed.json())
    archived = sandbox.get("hubspot", SLUG, f"/crm/v3/objects/{kind}?limit=100&archived=true").json()
    _assert_valid(HUBSPOT, f"/crm/v3/objects/{kind}", "get", 200, archived)
    found = sandbox.post("hubspot", SLUG, f"/crm/v3/objects/{kind}/search", {"limit": 200, "properties": ["email"]})
    assert found.json()["total"] > 20
    _assert_valid(HUBSPOT, f"/crm/v3/objects/{kind}/search", "post", 200, found.json())
    ids = [{"id": item["id"]} for item in listed.json()["results"][:5]]
    body = {"inputs": [*ids, {"id": "1"}], "properties": [], "propertiesWithHistory": []}
    read = sandbox.post("hubspot", SLUG, f"/crm/v3/objects/{kind}/batch/read", body)
    assert read.status_code == 207
    assert len(read.json()["results"]) == 5
    _assert_valid(HUBSPOT, f"/crm/v3/objects/{kind}/batch/read", "post", 207, read.json())


@pytest.mark.parametrize(
    "kind", ["tickets", "products", "line_items", "quotes", "calls", "emails", "meetings", "notes", "tasks"]
)
def test_hubspot_answers_alike_for_every_kind(sandbox: Sandbox, kind: str) -> None:
    path = "/crm/v3/objects/{objectType}"
    listed = sandbox.get("hubspot", SLUG, f"/crm/v3/objects/{kind}?limit=100&associations=contacts").json()
    assert listed["results"]
    _assert_valid(HUBSPOT, path, "get", 200, listed)
    found = sandbox.post("hubspot", SLUG, f"/crm/v3/objects/{kind}/search", {"limit": 200})
    assert found.json()["total"] == len(listed["results"])
    _assert_valid(HUBSPOT, f"{path}/search", "post", 200, found.json())
    ids = [{"id": item["id"]} for item in listed["results"][:5]]
    body = {"inputs": [*ids, {"id": "1"}], "properties": [], "propertiesWithHistory": ["hs_timestamp", "name"]}
    read = sandbox.post("hubspot", SLUG, f"/crm/v3/objects/{kind}/batch/read", body)
    _assert_valid(HUBSPOT, f"{path}/batch/read", "post", 207, read.json())


def test_hubspot_schemas_labelled_associations_and_those_who_left(sandbox: Sandbox) -> None:
    schemas = sandbox.get("hubspot", SLUG, "/crm-object-schemas/v3/schemas").json()
    assert schemas["results"]
    _assert_valid(HUBSPOT, "/crm-object-schemas/v3/schemas", "get", 200, schemas)
    deal = sandbox.get("hubspot", SLUG, "/crm/v3/objects/deals?limit=1").json()["results"][0]["id"]
    contact = sandbox.get("hubspot", SLUG, "/crm/v3/objects/contacts?limit=1").json()["results"][0]["id"]
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": 36}]
    link = {"inputs": [{"from": {"id": deal}, "to": {"id": contact}, "types": types}]}
    sandbox.post("hubspot", SLUG, "/crm/v4/associations/deals/contacts/batch/create", link)
    body = {"inputs": [{"id": deal}]}
    labelled = sandbox.post("hubspot", SLUG, "/crm/v4/associations/deals/contacts/batch/read", body)
    assert b"Beslutningstager" in labelled.content
    path = "/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read"
    _assert_valid(HUBSPOT, path, "post", labelled.status_code, labelled.json())
    gone = sandbox.get("hubspot", SLUG, "/crm/v3/owners/?archived=true").json()
    assert [owner["archived"] for owner in gone["results"]] == [True]
    _assert_valid(HUBSPOT, "/crm/v3/owners/", "get", 200, gone)
    tickets = sandbox.get("hubspot", SLUG, "/crm/v3/pipelines/tickets").json()
    assert tickets["results"]
    _assert_valid(HUBSPOT, "/crm/v3/pipelines/{objectType}", "get", 200, tickets)


def test_hubspot_tokens(sandbox: Sandbox) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": hubspot_oauth.CLIENT_ID,
        "client_secret": hubspot_oauth.CLIENT_SECRET,
        "refresh_token": hubspot_oauth.refresh_token(SLUG),
    }
    issued = sandbox.http.post("/hubspot/oauth/v1/token", data=form)
    assert issued.status_code == 200
    _assert_valid(HUBSPOT, "/oauth/v1/token", "post", 200, issued.json())
    refused = sandbox.http.post("/hubspot/oauth/v1/token", data={**form, "refresh_token": "stolen"})
    assert refused.status_code == 400
    _assert_valid(HUBSPOT, "/oauth/v1/token", "post", 400, refused.json())


def test_hubspot_associations_pipelines_owners_properties(sandbox: Sandbox) -> None:
    deals = sandbox.get("hubspot", SLUG, "/crm/v3/objects/deals?limit=50").json()["results"]
    path = "/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read"
    body = {"inputs": [{"id": deal["id"]} for deal in deals]}
    answer = sandbox.post("hubspot", SLUG, "/crm/v4/associations/deals/contacts/batch/read", body)
    assert answer.json()["results"]
    _assert_valid(HUBSPOT, path, "post", answer.status_code, answer.json())
    for template, called in (
        ("/crm/v3/pipelines/{objectType}", "/crm/v3/pipelines/deals"),
        ("/crm/v3/owners/", "/crm/v3/owners/"),
        ("/crm/v3/properties/{objectType}", "/crm/v3/properties/contacts"),
    ):
        answer = sandbox.get("hubspot", SLUG, called)
        assert answer.json()["results"]
        _assert_valid(HUBSPOT, template, "get", 200, answer.json())


def test_hubspot_errors(sandbox: Sandbox) -> None:
    path = "/crm/v3/objects/contacts"
    refused = sandbox.http.get(f"/hubspot{path}", headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    _assert_valid(HUBSPOT, path, "get", 401, refused.json())
    capped = sandbox.post("hubspot", SLUG, f"{path}/search", {"limit": 200, "after": "9900"})
    assert capped.status_code == 400
    _assert_valid(HUBSPOT, f"{path}/search", "post", 400, capped.json())


@pytest.mark.parametrize(
    "kind",
    [
        "customers", "products", "prices", "subscriptions", "invoices", "charges", "refunds", "balance_transactions",
        "payment_intents", "disputes", "payouts", "coupons", "checkout/sessions",
    ],
)  # fmt: skip
def test_stripe_lists_and_objects(sandbox: Sandbox, kind: str) -> None:
    status = "&status=all" if kind == "subscriptions" else ""
    listed = sandbox.get("stripe", SLUG, f"/v1/{kind}?limit=100{status}")
    assert listed.json()["data"]
    _assert_valid(STRIPE, f"/v1/{kind}", "get", 200, listed.json())


def test_stripe_events_account_lines_and_errors(sandbox: Sandbox) -> None:
    events = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()
    assert events["data"]
    _assert_valid(STRIPE, "/v1/events", "get", 200, events)
    _assert_valid(STRIPE, "/v1/account", "get", 200, sandbox.get("stripe", SLUG, "/v1/account").json())
    invoice = sandbox.get("stripe", SLUG, "/v1/invoices?limit=1").json()["data"][0]["id"]
    lines = sandbox.get("stripe", SLUG, f"/v1/invoices/{invoice}/lines").json()
    _assert_valid(STRIPE, "/v1/invoices/{invoice}/lines", "get", 200, lines)
    _assert_valid(STRIPE, "/v1/balance", "get", 200, sandbox.get("stripe", SLUG, "/v1/balance").json())
    owner = sandbox.get("stripe", SLUG, "/v1/subscriptions?limit=100&status=all").json()["data"][-1]["id"]
    items = sandbox.get("stripe", SLUG, f"/v1/subscription_items?subscription={owner}").json()
    _assert_valid(STRIPE, "/v1/subscription_items", "get", 200, items)
    session = sandbox.get("stripe", SLUG, "/v1/checkout/sessions?limit=1").json()["data"][0]["id"]
    sold = sandbox.get("stripe", SLUG, f"/v1/checkout/sessions/{session}/line_items").json()
    _assert_valid(STRIPE, "/v1/checkout/sessions/{session}/line_items", "get", 200, sold)
    missing = sandbox.get("stripe", SLUG, "/v1/charges/ch_none")
    assert missing.status_code == 404
    _assert_valid(STRIPE, "/v1/charges/{charge}", "get", 404, missing.json())


def test_kit_pages(sandbox: Sandbox) -> None:
    tag = sandbox.get("kit", SLUG, "/v4/tags").json()["tags"][0]["id"]
    broadcast = sandbox.get("kit", SLUG, "/v4/broadcasts").json()["broadcasts"][0]["id"]
    for template, called in (
        ("/v4/account", "/v4/account"),
        ("/v4/subscribers", "/v4/subscribers?status=all&per_page=1000&include_total_count=true"),
        ("/v4/tags", "/v4/tags"),
        ("/v4/tags/{tag_id}/subscribers", f"/v4/tags/{tag}/subscribers?status=all"),
        ("/v4/broadcasts", "/v4/broadcasts"),
        ("/v4/broadcasts/{broadcast_id}/stats", f"/v4/broadcasts/{broadcast}/stats"),
        ("/v4/forms", "/v4/forms"),
    ):
        answer = sandbox.get("kit", SLUG, called)
        assert answer.status_code == 200
        _assert_valid(KIT, template, "get", 200, answer.json())
    refused = sandbox.http.get("/kit/v4/account", headers={"X-Kit-Api-Key": "wrong"})
    assert refused.status_code == 401
    _assert_valid(KIT, "/v4/account", "get", 401, refused.json())


def test_openai_responses_and_models(sandbox: Sandbox) -> None:
    plain = sandbox.post(
        "openai", SLUG, "/v1/responses", {"model": "gpt-5-mini", "input": "Vi vil gerne have et tilbud"}
    )
    _assert_valid(OPENAI, "/responses", "post", 200, plain.json())
    header = {"Authorization": f"Bearer {sandbox_credential('openai', SLUG)}"}
    models = sandbox.http.get("/openai/v1/models", headers=header).json()
    _assert_valid(OPENAI, "/models", "get", 200, models)
