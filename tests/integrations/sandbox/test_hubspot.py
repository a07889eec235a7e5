"""The simulated HubSpot: the vendor's own habits that a wrong client would trip over."""

import pytest

from integrations.sandbox.hubspot_oauth import CLIENT_ID, CLIENT_SECRET, LIFETIME, refresh_token
from integrations.sandbox.world import World
from tests.integrations.hubspot.reading import OBJECTS, SLUG, change, make, truth
from tests.integrations.running import Sandbox

DEALS = f"{OBJECTS}/deals"


def test_histories_limit_lists_and_batches_to_fifty(sandbox: Sandbox) -> None:
    assert sandbox.get("hubspot", SLUG, f"{DEALS}?limit=51&propertiesWithHistory=amount").status_code == 400
    assert sandbox.get("hubspot", SLUG, f"{DEALS}?limit=50&propertiesWithHistory=amount").status_code == 200
    inputs = [{"id": number} for number in list(truth(sandbox, "deals")["live"])[:51]]
    body = {"inputs": inputs, "properties": [], "propertiesWithHistory": ["amount"]}
    assert sandbox.post("hubspot", SLUG, f"{DEALS}/batch/read", body).status_code == 400
    assert sandbox.post("hubspot", SLUG, f"{DEALS}/batch/read", body | {"propertiesWithHistory": []}).status_code == 200


def test_a_history_tells_the_newest_version_first(sandbox: Sandbox) -> None:
    deal = next(iter(truth(sandbox, "deals")["live"]))
    sandbox.pass_time(60)
    change(sandbox, "PATCH", f"{DEALS}/{deal}", {"properties": {"amount": "1.00"}})
    sandbox.pass_time(60)
    change(sandbox, "PATCH", f"{DEALS}/{deal}", {"properties": {"amount": ""}})
    told = sandbox.get("hubspot", SLUG, f"{DEALS}/{deal}?propertiesWithHistory=amount").json()
    versions = told["propertiesWithHistory"]["amount"]
    assert [version["value"] for version in versions[:2]] == ["", "1.00"]
    assert [v["timestamp"] for v in versions] == sorted((v["timestamp"] for v in versions), reverse=True)
    assert "amount" not in told["properties"]


def test_a_batch_read_by_a_merged_id_answers_with_the_survivor(sandbox: Sandbox) -> None:
    one, two = list(truth(sandbox, "companies")["live"])[:2]
    body = {"primaryObjectId": one, "objectIdToMerge": two}
    merged = change(sandbox, "POST", f"{OBJECTS}/companies/merge", body).json()["id"]
    inputs = {"inputs": [{"id": one}, {"id": two}], "properties": ["hs_merged_object_ids"], "propertiesWithHistory": []}
    told = sandbox.post("hubspot", SLUG, f"{OBJECTS}/companies/batch/read", inputs).json()["results"]
    assert [item["id"] for item in told] == [merged]
    assert told[0]["properties"]["hs_merged_object_ids"] == f"{one};{two}"


def test_archived_objects_are_read_by_batches_that_ask_for_them(sandbox: Sandbox) -> None:
    note = make(sandbox, "notes", hs_note_body="Bort")
    change(sandbox, "DELETE", f"{OBJECTS}/notes/{note}")
    body = {"inputs": [{"id": note}], "properties": ["hs_note_body"], "propertiesWithHistory": []}
    assert sandbox.post("hubspot", SLUG, f"{OBJECTS}/notes/batch/read", body).json()["results"] == []
    told = sandbox.post("hubspot", SLUG, f"{OBJECTS}/notes/batch/read?archived=true", body).json()["results"]
    assert [(item["id"], item["archived"]) for item in told] == [(note, True)]


def test_access_tokens_end_after_half_an_hour_of_the_sandboxs_clock(sandbox: Sandbox) -> None:
    form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    issued = sandbox.http.post("/hubspot/oauth/v1/token", data={**form, "refresh_token": refresh_token(SLUG)}).json()
    header = {"Authorization": f"Bearer {issued['access_token']}"}
    assert issued["expires_in"] == LIFETIME == 1800
    sandbox.pass_time(LIFETIME - 1)
    assert sandbox.http.get(f"/hubspot{DEALS}", headers=header).status_code == 200
    sandbox.pass_time(1)
    ended = sandbox.http.get(f"/hubspot{DEALS}", headers=header)
    assert (ended.status_code, ended.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    stranger = sandbox.http.post("/hubspot/oauth/v1/token", data={**form, "refresh_token": refresh_token("ny-start")})
    assert stranger.status_code == 400, "this tenant has no portal"


def test_what_the_credential_lacks_is_a_403_in_the_vendors_words(sandbox: Sandbox) -> None:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": ["deals", "0-5"]})
    refused = sandbox.get("hubspot", SLUG, DEALS)
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert sandbox.get("hubspot", SLUG, f"{OBJECTS}/contacts").status_code == 200
    assert sandbox.get("hubspot", "fjord-software", DEALS).status_code == 200


def test_two_portals_keep_their_own_definitions_lists_and_forms(sandbox: Sandbox) -> None:
    change(sandbox, "DELETE", "/crm/v3/properties/deals/amount")
    twin = sandbox.get("hubspot", "fjord-software", "/crm/v3/properties/deals").json()["results"]
    assert "amount" in {item["name"] for item in twin}
    forms = [sandbox.get("hubspot", slug, "/marketing/v3/forms/").json() for slug in ("fjord-software", "byg-og-bo")]
    assert forms[0] == forms[1], "twins share their natural ids"
    path = f"/form-integrations/v1/submissions/forms/{forms[0]['results'][0]['id']}?limit=50"
    one, two = (sandbox.get("hubspot", slug, path).json()["results"] for slug in ("fjord-software", "byg-og-bo"))
    assert {item["conversionId"] for item in one}.isdisjoint(item["conversionId"] for item in two)


@pytest.mark.parametrize("kind", ["tickets", "quotes", "line_items", "calls", "tasks"])
def test_what_comes_beside_people_and_deals_belongs_to_them(world: World, kind: str) -> None:
    frame = world.vendors[f"hubspot_{kind}"]
    assert len(frame) > 0
    for column, other in (("contact_ref", "contacts"), ("company_ref", "companies"), ("deal_ref", "deals")):
        if column in frame.columns:
            parents = world.vendors[f"hubspot_{other}"]
            lost = frame.drop_nulls(column).join(
                parents, left_on=["tenant_id", column], right_on=["tenant_id", "object_id"], how="anti"
            )
            assert lost.is_empty()
            assert frame[column].drop_nulls().len() > 0


def test_the_world_stays_modest(world: World) -> None:
    noted = sum(len(world.vendors[f"hubspot_{kind}"]) for kind in ("calls", "emails", "meetings", "notes", "tasks"))
    assert 0 < noted < len(world.operational["activities"]) / 3
