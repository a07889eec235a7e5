"""The code location loads in a bare interpreter, and its graph is a snapshot, so that a rename is a visible change."""

import json
import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.defs.tenants.sensors import watch_tenants
from pipelines.partitions import TENANTS
from pipelines.resources.platform import Platform
from tekup.db import Doors
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

SNAPSHOT = Path(__file__).parent / "graph.json"


@pytest.fixture(scope="module")
def location() -> dg.Definitions:
    return defs()


def describe(location: dg.Definitions) -> dict[str, Any]:
    repository = location.get_repository_def()
    return {
        "assets": sorted(key.to_user_string() for key in location.resolve_all_asset_keys()),
        "jobs": sorted(job.name for job in location.resolve_all_job_defs() if not job.name.startswith("__")),
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def test_the_graph_is_the_one_that_was_agreed(location: dg.Definitions) -> None:
    found = describe(location)
    if os.environ.get("TEKUP_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(SNAPSHOT.read_text()), "TEKUP_UPDATE_SNAPSHOTS=1 writes the new snapshot"


def test_every_asset_has_an_owner_a_group_and_a_description(location: dg.Definitions) -> None:
    specs = {
        spec.key.to_user_string(): spec
        for spec in location.resolve_all_asset_specs()
        if spec.key in location.resolve_asset_graph().executable_asset_keys
    }
    assert len(specs) > 80
    ownerless = [key for key, spec in specs.items() if not spec.owners]
    assert ownerless == []
    assert [key for key, spec in specs.items() if spec.group_name in (None, "default")] == []


def test_sources_of_dbt_are_our_own_assets(location: dg.Definitions) -> None:
    graph = location.resolve_asset_graph()
    for model, source in (
        ("stg_hubspot__contacts", "raw/hubspot/contacts"),
        ("stg_operational__leads", "raw/operational/leads"),
        ("fct_lead_score", "scores/leads"),
        ("fct_attribution_credit", "attribution/channels"),
        ("fct_attribution_daily", "attribution/credit"),
        ("dim_lead_enrichment", "ml/lead_enrichment"),
    ):
        parents = {key.to_user_string() for key in graph.get(dg.AssetKey([model])).parent_keys}
        assert source in parents, (model, parents)


def test_dbts_tests_are_asset_checks(location: dg.Definitions) -> None:
    keys = location.resolve_asset_graph().asset_check_keys
    assert sum(key.asset_key == dg.AssetKey(["fct_lead"]) for key in keys) >= 2
    assert len(keys) > 40


@pytest.mark.slow
def test_the_location_loads_without_environment_network_or_database(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import socket
        def refuse(*arguments, **more): raise AssertionError("opened a connection")
        socket.socket.connect = refuse
        from pipelines.definitions import defs
        print(len(defs().resolve_all_asset_keys()))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) > 80
    assert not (tmp_path / ".tekup").exists()


def test_the_sensor_makes_partitions_equal_to_tenants(doors: Doors, two_tenants: TwoTenants) -> None:
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(TENANTS, ["gone.example", two_tenants.a.domain])
        result = watch_tenants(dg.build_sensor_context(instance=instance), platform=Platform(doors.settings))
    assert isinstance(result, dg.SensorResult)
    asked = {type(r).__name__: set(r.partition_keys) for r in result.dynamic_partitions_requests or []}
    assert two_tenants.b.domain in asked["AddDynamicPartitionsRequest"]
    assert two_tenants.a.domain not in asked["AddDynamicPartitionsRequest"]
    assert asked["DeleteDynamicPartitionsRequest"] == {"gone.example"}


def test_the_hourly_schedule_asks_for_one_run_a_tenant(location: dg.Definitions) -> None:
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(TENANTS, ["a.example", "b.example"])
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2026, 11, 1, 12, 7, tzinfo=UTC),
            repository_def=location.get_repository_def(),
        )
        tick = location.resolve_schedule_def("hourly_pull").evaluate_tick(context)
    assert tick.run_requests is not None
    assert [request.partition_key for request in tick.run_requests] == ["a.example", "b.example"]
    assert len({request.run_key for request in tick.run_requests}) == 2
