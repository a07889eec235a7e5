"""A pull as the Dagster UI sees it: figures, verdicts, a part of the streams, a full read, one tenant's trouble."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from integrations.sandbox.identifiers import sandbox_credential
from pipelines.definitions import defs
from pipelines.defs.jobs.schedules import weekly_reconcile
from pipelines.partitions import TENANTS
from pipelines.resources.platform import Platform
from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, store_connection
from tests.fixtures.database import TwoTenants
from tests.fixtures.raw_tables import empty_raw_tables
from tests.integrations.running import Sandbox

SLUG = "fjord-software"


@pytest.fixture(autouse=True)
def nothing_left(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.connections")
    empty_raw_tables(doors)


class Puller:
    """Runs the pull of Kit as the job would, for one tenant's partition."""

    def __init__(self, doors: Doors, sandbox: Sandbox, two_tenants: TwoTenants) -> None:
        self.doors, self.tenants = doors, two_tenants
        self.platform = Platform(doors.settings, sandbox_url=sandbox.url)
        self.assets = next(
            one for one in defs().assets or () if getattr(one, "node_def", None) and one.op.name == "pull_kit"
        )

    def connect(self, tenant: Any, credential: str) -> None:
        store_connection(self.doors, tenant.id, "kit", credential, is_sandbox=True)

    def run(self, tenant: Any, *streams: str, reconcile: bool = False) -> dg.ExecuteInProcessResult:
        with dg.instance_for_test() as instance:
            instance.add_dynamic_partitions(TENANTS, [tenant.domain])
            return dg.materialize(
                [self.assets],
                instance=instance,
                partition_key=tenant.domain,
                resources={"platform": self.platform},
                selection=[dg.AssetKey(["raw", "kit", stream]) for stream in streams] or None,
                run_config={"ops": {"pull_kit": {"config": {"reconcile": reconcile}}}},
                raise_on_error=False,
            )


@pytest.fixture
def puller(doors: Doors, sandbox: Sandbox, two_tenants: TwoTenants) -> Puller:
    return Puller(doors, sandbox, two_tenants)


def figures(done: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    return {
        event.asset_key.path[-1]: {name: value.value for name, value in event.materialization.metadata.items()}
        for event in done.get_asset_materialization_events()
        if event.asset_key
    }


def test_each_stream_tells_its_figures_and_its_proof(puller: Puller) -> None:
    puller.connect(puller.tenants.a, sandbox_credential("kit", SLUG))
    done = puller.run(puller.tenants.a)
    told = figures(done)
    assert told.keys() >= {"subscribers", "tags", "tag_subscribers", "purchases"}
    assert told["subscribers"]["rows_changed"] > 0
    assert told["subscribers"].keys() >= {
        "dagster/row_count", "pages", "requests", "retries", "throttled_ms", "bytes_received", "lag_seconds",
    }  # fmt: skip
    verdicts = done.get_asset_check_evaluations()
    assert {one.asset_key.path[-1] for one in verdicts} >= {"subscribers", "tags"}
    assert all(one.passed for one in verdicts), [one.metadata for one in verdicts if not one.passed]


def test_a_part_of_the_streams_is_read_alone(puller: Puller, sandbox: Sandbox) -> None:
    puller.connect(puller.tenants.a, sandbox_credential("kit", SLUG))
    assert figures(puller.run(puller.tenants.a, "tags")).keys() == {"tags"}
    assert not [one for one in sandbox.requests(vendor="kit") if one["path"] == "/v4/subscribers"]


def test_a_full_read_mends_what_the_hourly_one_cannot_see(puller: Puller, sandbox: Sandbox) -> None:
    tenant = puller.tenants.a
    puller.connect(tenant, sandbox_credential("kit", SLUG))
    puller.run(tenant)
    gone = {
        one.split("/")[1]
        for one in sandbox.advance(SLUG, "kit", created=0, changed=0, archived=0, removed=2)["removed"]
    }
    assert puller.run(tenant).success
    assert puller.run(tenant, reconcile=True).success
    with puller.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
        rows = connection.execute(
            "select object_id from raw_kit.subscribers where delete_reason = 'vanished'"
        ).fetchall()
    assert {row[0] for row in rows} == gone


def test_one_tenants_refused_credential_costs_the_other_nothing(puller: Puller) -> None:
    puller.connect(puller.tenants.a, "no such key")
    puller.connect(puller.tenants.b, sandbox_credential("kit", SLUG))
    assert not puller.run(puller.tenants.a).success
    assert puller.run(puller.tenants.b).success
    states = [list_connections(puller.doors, tenant.id)[0].status for tenant in (puller.tenants.a, puller.tenants.b)]
    assert states == ["refused", "working"]


def test_the_weekly_schedule_asks_for_full_reads_of_every_tenant() -> None:
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(TENANTS, ["a.example", "b.example"])
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2026, 11, 22, tzinfo=UTC),
            repository_def=defs().get_repository_def(),
        )
        tick = weekly_reconcile.evaluate_tick(context)
    requests = tick.run_requests or []
    assert [one.partition_key for one in requests] == ["a.example", "b.example"]
    job = defs().resolve_job_def("pull_tenant")
    for one in requests:
        assert dg.validate_run_config(job, one.run_config)
        told = one.run_config["ops"]
        assert told.keys() == {"pull_hubspot", "pull_stripe", "pull_kit", "pull_operational"}
        assert all(op == {"config": {"reconcile": True}} for op in told.values())
