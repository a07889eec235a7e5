"""The sandbox's own promises: credentials decide the tenant, limits and faults are real, the truth stays home."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from integrations.sandbox.identifiers import sandbox_credential, tenant_uuid
from integrations.sandbox.world import World
from tests.integrations.running import Sandbox

LISTS = [
    ("hubspot", "/crm/v3/objects/contacts"),
    ("stripe", "/v1/customers"),
    ("kit", "/v4/subscribers"),
    ("openai", "/v1/models"),
]


@pytest.mark.parametrize(("vendor", "path"), LISTS)
def test_a_wrong_or_foreign_credential_gets_the_vendors_401(sandbox: Sandbox, vendor: str, path: str) -> None:
    other = "stripe" if vendor != "stripe" else "hubspot"
    for token in ("", "wrong", sandbox_credential(other, "nordlys-solar")):
        answer = sandbox.http.get(f"/{vendor}{path}", headers={"Authorization": f"Bearer {token}"} if token else {})
        assert answer.status_code == 401
        assert set(answer.json()) & {"message", "error", "errors"}


def test_a_vendor_that_a_tenant_does_not_use_refuses_it(sandbox: Sandbox) -> None:
    assert sandbox.get("hubspot", "ny-start", "/crm/v3/objects/contacts").status_code == 401
    assert sandbox.get("stripe", "ny-start", "/v1/customers").status_code == 200


def test_tenants_with_the_same_ids_see_only_their_own(sandbox: Sandbox) -> None:
    one = sandbox.get("hubspot", "fjord-software", "/crm/v3/objects/contacts?limit=5&properties=email").json()[
        "results"
    ]
    two = sandbox.get("hubspot", "byg-og-bo", "/crm/v3/objects/contacts?limit=5&properties=email").json()["results"]
    assert [item["id"] for item in one] == [item["id"] for item in two]
    assert all(a["properties"]["email"] != b["properties"]["email"] for a, b in zip(one, two, strict=True))
    customer = sandbox.get("stripe", "fjord-software", "/v1/customers?limit=100").json()["data"][-1]
    twin = sandbox.get("stripe", "byg-og-bo", f"/v1/customers/{customer['id']}").json()
    assert twin["id"] == customer["id"]
    assert twin["email"] != customer["email"]


def test_a_change_for_one_twin_leaves_the_other_alone(sandbox: Sandbox) -> None:
    before = sandbox.get("hubspot", "byg-og-bo", "/crm/v3/objects/contacts?limit=100").json()
    sandbox.advance("fjord-software", "hubspot", created=2, changed=3, archived=2)
    assert sandbox.get("hubspot", "byg-og-bo", "/crm/v3/objects/contacts?limit=100").json() == before


def test_the_truth_is_never_served(sandbox: Sandbox, world: World) -> None:
    known = set().union(*(frame.columns for frame in world.truth.values())) - {"tenant_id", "lead_id", "channel"}
    for vendor, path in (
        ("hubspot", "/crm/v3/properties/contacts"),
        ("hubspot", "/crm/v3/properties/deals"),
        ("stripe", "/v1/customers?limit=100"),
        ("kit", "/v4/subscribers?status=all"),
    ):
        text = sandbox.get(vendor, "nordlys-solar", path).text
        assert not [name for name in known if name in text]
    for frames in (world.operational, world.vendors):
        assert not [name for frame in frames.values() for name in frame.columns if name in known]


def test_real_limits_answer_429_in_each_vendors_words(world: World) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        path = "/crm/v3/objects/contacts/search"
        codes = [sandbox.post("hubspot", "nordlys-solar", path, {"limit": 1}).status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        assert sandbox.post("hubspot", "fjord-software", path, {"limit": 1}).status_code == 200
        sandbox.pass_time(1.1)
        assert sandbox.post("hubspot", "nordlys-solar", path, {"limit": 1}).status_code == 200
        listed = sandbox.get("hubspot", "nordlys-solar", "/crm/v3/objects/contacts?limit=1")
        assert listed.headers["X-HubSpot-RateLimit-Remaining"] == "189"
        for _ in range(100):
            sandbox.get("stripe", "nordlys-solar", "/v1/account")
        refused = sandbox.get("stripe", "nordlys-solar", "/v1/account")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit")


def test_a_fault_hits_the_named_tenant_path_and_request_only(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=503, vendor="kit", tenant="nordlys-solar", path="/v4/tags", nth=2, times=1)
    codes = [sandbox.get("kit", "nordlys-solar", "/v4/tags").status_code for _ in range(3)]
    assert codes == [200, 503, 200]
    sandbox.fault(kind="status", status=500, vendor="kit", tenant="nordlys-solar", times=0)
    assert sandbox.get("kit", "klar-regnskab", "/v4/tags").status_code == 200
    assert sandbox.get("kit", "nordlys-solar", "/v4/account").status_code == 500
    assert sandbox.http.request("DELETE", "/_control/faults").json()["cleared"] == 2
    assert sandbox.get("kit", "nordlys-solar", "/v4/account").status_code == 200


def test_cut_truncated_and_broken_answers_are_what_they_say(sandbox: Sandbox) -> None:
    for kind in ("reset", "truncate"):
        sandbox.fault(kind=kind, vendor="stripe")
        with pytest.raises(httpx.TransportError):
            sandbox.get("stripe", "nordlys-solar", "/v1/customers?limit=100")
    sandbox.fault(kind="invalid_json", vendor="stripe")
    with pytest.raises(ValueError):
        sandbox.get("stripe", "nordlys-solar", "/v1/customers").json()
    assert sandbox.get("stripe", "nordlys-solar", "/v1/customers").status_code == 200


def test_an_unknown_fault_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.http.post("/_control/faults", json={"kind": "earthquake"}).status_code == 422
    assert sandbox.http.post("/_control/faults", json={"kind": "reset", "tenant": "nobody"}).status_code == 422


def test_the_request_log_names_tenant_and_status(sandbox: Sandbox) -> None:
    sandbox.get("kit", "nordlys-solar", "/v4/tags")
    sandbox.http.get("/kit/v4/tags")
    entries = sandbox.requests(vendor="kit")
    assert [(entry["tenant"], entry["status"]) for entry in entries] == [("nordlys-solar", 200), (None, 401)]


def test_search_hides_archived_objects_and_lags_when_told(sandbox: Sandbox) -> None:
    slug, path = "nordlys-solar", "/crm/v3/objects/contacts"
    done = sandbox.advance(slug, "hubspot", created=1, changed=0, archived=1)
    gone = done["archived"][0].split("/")[1]
    new = next(name for name in done["created"] if name.startswith("contacts/")).split("/")[1]

    def search(identifier: str) -> int:
        rule = {"propertyName": "hs_object_id", "operator": "EQ", "value": identifier}
        body = {"limit": 10, "filterGroups": [{"filters": [rule]}]}
        total: int = sandbox.post("hubspot", slug, f"{path}/search", body).json()["total"]
        return total

    assert (search(gone), search(new)) == (0, 1)
    assert sandbox.http.post("/_control/settings", json={"tenant": slug, "search_lag_seconds": 12}).status_code == 200
    assert search(new) == 0
    sandbox.pass_time(13)
    assert search(new) == 1


def test_merged_contacts_answer_to_their_old_ids(sandbox: Sandbox) -> None:
    slug, path = "nordlys-solar", "/crm/v3/objects/contacts"
    one, two = (item["id"] for item in sandbox.get("hubspot", slug, f"{path}?limit=2").json()["results"])
    merged = sandbox.post("hubspot", slug, f"{path}/merge", {"primaryObjectId": one, "objectIdToMerge": two}).json()
    assert merged["id"] not in (one, two)
    for old in (one, two):
        assert sandbox.get("hubspot", slug, f"{path}/{old}").json()["id"] == merged["id"]


def test_stripe_replays_an_idempotent_request_and_refuses_another_under_its_key(sandbox: Sandbox) -> None:
    header = {"Authorization": "Bearer sandbox-stripe-nordlys-solar", "Idempotency-Key": "k1"}
    first = sandbox.http.post("/stripe/v1/customers", headers=header, data={"email": "a@example.test"})
    again = sandbox.http.post("/stripe/v1/customers", headers=header, data={"email": "a@example.test"})
    other = sandbox.http.post("/stripe/v1/customers", headers=header, data={"email": "b@example.test"})
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_the_command_starts_says_where_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "integrations.sandbox", "--scale", "0.01", "--home", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--as-of", "2026-11-01T00:00:00"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().strip()
        address = ready.removeprefix("sandbox ready on ")
        told = httpx.get(f"{address}/healthz", timeout=30).json()
        assert (told["status"], told["seed"], told["scale"]) == ("ok", 7, 0.01)
        taken = subprocess.run(
            [*command, "--port", address.rsplit(":", 1)[1]], capture_output=True, text=True, timeout=60, check=False
        )
        assert taken.returncode == 1
        assert "is taken" in taken.stderr
        assert "Traceback" not in taken.stderr
    finally:
        process.terminate()
        process.wait(10)


def test_ids_of_tenants_never_change() -> None:
    assert tenant_uuid("nordlys-solar") == "17d6626f-f350-5ade-8a0e-8f97c861d611"
