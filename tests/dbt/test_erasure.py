"""A person in every table of a built system, operational and warehouse: erased, nothing of him is left anywhere."""

import io
import json
import zipfile
from collections.abc import Iterator
from uuid import UUID

import polars as pl
import pytest

from pipelines.resources.lake import Lake
from tekup.directory.tenants import create_tenant
from tekup.privacy.erasing import erase_person, settle_requests
from tekup.privacy.exporting import export_person
from tekup.privacy.requests import Requests
from tests.dbt.conftest import Warehouse
from tests.fixtures.canary import Canary, count_rows, plant, remove_all, traces_left

C = UUID("cccccccc-0000-0000-0000-000000000000")
D = UUID("dddddddd-0000-0000-0000-000000000000")


@pytest.fixture(scope="module")
def canary(warehouse: Warehouse) -> Iterator[Canary]:
    """The same person of the same ids in the same tables of two tenants."""
    person = Canary()
    for tenant_id, domain in ((C, "canary-c.example"), (D, "canary-d.example")):
        create_tenant(warehouse.doors, f"Canary {domain}", domain, tenant_id=tenant_id)
        plant(warehouse.doors, tenant_id, person)
        frame = pl.DataFrame({"lead_id": [str(person.lead), "other"], "person_id": [f"lead:{person.lead}", "other"]})
        for dataset in ("touchpoints", "conversions", "lead_features", "attribution_state"):
            Lake(warehouse.doors.settings.lake).write(tenant_id, dataset, frame)
    log = warehouse.doors.settings.home_path / "logs" / "run.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"before\nfailed for {person.sentence}\nafter\n")
    yield person
    for tenant_id in (C, D):
        remove_all(warehouse.doors, tenant_id)


def test_all_that_is_known_is_exported_with_a_manifest(warehouse: Warehouse, canary: Canary) -> None:
    request = Requests(warehouse.doors, C).ask("export", canary.email, "test")
    archive = zipfile.ZipFile(io.BytesIO(export_person(warehouse.doors, C, request.id)))
    manifest = json.loads(archive.read("manifest.json"))
    places = {place["place"]: place["rows"] for place in manifest["places"]}
    assert places.keys() >= {
        "app.leads", "app.contacts", "app.touchpoints", "app.webhook_delivery", "raw_hubspot.contacts",
        "raw_hubspot.notes", "raw_stripe.customers", "raw_stripe.invoices", "raw_kit.subscribers",
        "raw_operational.leads", "marts.dim_contact", "marts.fct_lead", "marts.ftr_lead", "ml.lead_score",
        "ml.lead_score_input", "lake.lead_features", "intermediate.snap_contact",
    }  # fmt: skip
    assert manifest["identifiers"]["cookie"] == [canary.cookie]
    assert manifest["identifiers"]["hubspot"] == [canary.hubspot]
    for place in manifest["places"]:
        lines = archive.read(place["file"]).decode().splitlines()
        assert len([json.loads(line) for line in lines]) == place["rows"]
    assert str(D) not in archive.read("app.leads.jsonl").decode()


def test_erased_he_is_found_nowhere_and_the_other_tenant_keeps_all(warehouse: Warehouse, canary: Canary) -> None:
    others = count_rows(warehouse.doors, D)
    kept = traces_left(warehouse.doors, D, canary)
    assert len(traces_left(warehouse.doors, C, canary)) > 100
    request = Requests(warehouse.doors, C).ask("erase", canary.email, "test")
    done = erase_person(warehouse.doors, C, request.id)
    assert traces_left(warehouse.doors, C, canary) == {}
    assert done.rows["app.leads"] == done.rows["marts.fct_lead"] == done.rows["raw_hubspot.contacts"] == 1
    lake = Lake(warehouse.doors.settings.lake)
    for dataset in ("touchpoints", "conversions", "lead_features"):
        assert lake.read(C, dataset)["lead_id"].to_list() == ["other"]  # type: ignore[index]
        assert lake.read(D, dataset)["lead_id"].to_list() == [str(canary.lead), "other"]  # type: ignore[index]
    assert lake.read(C, "attribution_state").is_empty()  # type: ignore[union-attr]
    home = warehouse.doors.settings.home_path
    assert not canary.traces.search((home / "logs" / "run.log").read_text())
    assert count_rows(warehouse.doors, D) == others
    assert traces_left(warehouse.doors, D, canary) == kept


def test_documents_that_must_be_kept_stay_without_him(warehouse: Warehouse, canary: Canary) -> None:
    (row,) = warehouse.rows(f"select payload, deleted_at from raw_stripe.invoices where tenant_id = '{C}'")
    assert row[0]["customer"] == canary.stripe  # type: ignore[index]
    assert row[0]["billing_details"] == {}  # type: ignore[index]
    assert row[1] is None


def test_doing_it_again_changes_nothing(warehouse: Warehouse, canary: Canary) -> None:
    before = count_rows(warehouse.doors, C)
    first, *_ = Requests(warehouse.doors, C).list()
    again = erase_person(warehouse.doors, C, first.id)
    assert again.rows["app.leads"] == 1
    assert count_rows(warehouse.doors, C) == before


def test_settled_nobody_can_tell_whom_it_was_about(warehouse: Warehouse, canary: Canary) -> None:
    from datetime import UTC, datetime, timedelta

    from tekup.crypto.data_keys import KeyDestroyed

    requests = Requests(warehouse.doors, C)
    assert settle_requests(warehouse.doors, C) == 0
    assert settle_requests(warehouse.doors, C, now=datetime.now(UTC) + timedelta(days=2)) == 2
    for request in requests.list():
        assert request.status == "settled"
        with pytest.raises(KeyDestroyed):
            requests.subject(request)


@pytest.mark.slow
def test_a_build_afterwards_does_not_bring_him_back(warehouse: Warehouse, canary: Canary) -> None:
    warehouse.build("run")
    assert traces_left(warehouse.doors, C, canary) == {}
