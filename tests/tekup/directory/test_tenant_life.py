"""A tenant suspended, resumed, exported whole and deleted whole, with a row in every table of the catalogue."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.partitions import TENANTS
from pipelines.resources.lake import Lake
from pipelines.resources.platform import Platform
from pipelines.run.stages import prepare_instance
from pipelines.sync.journal import TenantSuspended
from pipelines.sync.operational import pull_operational
from scoring.adaptation import key_of
from tekup.db import Database, Doors, Role
from tekup.directory.tenant_life import (
    count_traces,
    delete_with_proof,
    export_tenant,
    resume_tenant,
    suspend_tenant,
)
from tekup.directory.tenants import Tenant, create_tenant, find_tenant
from tekup.errors import BadInput, TenantNotFound
from tekup.ids import uuid7
from tests.fixtures.canary import Canary, plant, remove_all


@pytest.fixture
def tenants(doors: Doors) -> Iterator[tuple[Tenant, Tenant]]:
    """Two tenants with a row in every table."""
    made = [create_tenant(doors, f"Life {n}", f"life-{n}-{uuid7().hex}.example") for n in (1, 2)]
    for tenant in made:
        plant(doors, tenant.id, Canary())
    yield made[0], made[1]
    for tenant in made:
        remove_all(doors, tenant.id)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.tenants where id = %s", (tenant.id,))


def test_the_export_holds_every_table_and_no_secret(
    doors: Doors, tenants: tuple[Tenant, Tenant], tmp_path: Path
) -> None:
    files = export_tenant(doors, tenants[0], tmp_path / "out")
    counted = {place: count for place, count in count_traces(doors, tenants[0]).items() if ": " in place}
    exported = {f"{file.split('/')[0]}: {file.split('/')[1][:-9]}": rows for file, rows in files.items()}
    assert len(exported) > 100
    assert exported == {place: count for place, count in counted.items() if not place.endswith(".data_keys")}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["tenant"]["id"] == str(tenants[0].id)
    for file, told in manifest["files"].items():
        with gzip.open(tmp_path / "out" / file, "rt") as lines:
            rows = [json.loads(line) for line in lines]
        assert len(rows) == told["rows"]
        assert {row["tenant_id"] for row in rows} <= {str(tenants[0].id)}
        assert not [name for row in rows for name in row if name.endswith("_sealed") or "_hash" in name]
    with pytest.raises(BadInput, match="not empty"):
        export_tenant(doors, tenants[0], tmp_path / "out")


def test_a_suspended_tenant_is_neither_pulled_nor_computed_until_it_is_resumed(
    doors: Doors, tenants: tuple[Tenant, Tenant]
) -> None:
    platform = Platform(doors.settings)
    suspend_tenant(doors, tenants[0])
    assert tenants[0].id not in {one.id for one in platform.tenants()}
    with pytest.raises(TenantSuspended, match="is suspended"):
        pull_operational(doors, tenants[0].id)
    resume_tenant(doors, tenants[0])
    assert tenants[0].id in {one.id for one in platform.tenants()}
    assert find_tenant(doors, tenants[0].id).status == "active"


def test_deleted_nothing_is_left_and_the_other_tenant_keeps_all(
    doors: Doors, tenants: tuple[Tenant, Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = tenants
    home = doors.settings.home_path
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(home)
    adaptation = home / "models" / "lead_score" / "versions" / "20260101T000000000000-abc" / "adaptations"
    adaptation.mkdir(parents=True)
    for tenant in tenants:
        (adaptation / f"{key_of(str(tenant.id))}.json").write_text("{}")
        Lake(doors.settings.lake).address(tenant.id, "touchpoints")
        extract = Path(Lake(doors.settings.lake).address(tenant.id, "touchpoints"))
        extract.parent.mkdir(parents=True, exist_ok=True)
        extract.touch()
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        instance.add_dynamic_partitions(TENANTS, [tenant.domain for tenant in tenants])
    before = count_traces(doors, stays)
    done = delete_with_proof(doors, gone)
    assert done.left == {}
    assert done.before["partition"] == done.before["model_files"] == done.before["lake"] == 1
    assert sum(count > 0 for count in done.before.values()) > 100
    assert done.before.keys() == done.after.keys()
    assert json.loads(done.as_json())["places"]["operational: app.leads"] == {"before": 1, "after": 0}
    with pytest.raises(TenantNotFound):
        find_tenant(doors, gone.id)
    assert count_traces(doors, stays) == before
