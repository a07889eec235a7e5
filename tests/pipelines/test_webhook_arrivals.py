"""The sensor asks for a fold where mail waits and nowhere else, and the fold brings the hinted rows in."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import dagster as dg
import pytest

from integrations.sandbox.identifiers import sandbox_credential
from pipelines.definitions import defs
from pipelines.defs.webhooks.sensors import JOB, fold_webhooks, webhook_arrivals
from pipelines.partitions import TENANTS
from pipelines.resources.platform import Platform
from pipelines.sync.webhooks import waiting
from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, store_connection
from tests.fixtures.database import TwoTenants
from tests.fixtures.raw_tables import empty_raw_tables
from tests.integrations.running import Sandbox
from tests.pipelines.sync.test_webhooks import arrive


@pytest.fixture(autouse=True)
def nothing_left(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.webhook_delivery")
            connection.execute("delete from app.connections")
    empty_raw_tables(doors)


@pytest.fixture
def instance(two_tenants: TwoTenants) -> Iterator[dg.DagsterInstance]:
    """An instance that knows the tenants' partitions."""
    with dg.instance_for_test() as made:
        made.add_dynamic_partitions(TENANTS, [two_tenants.a.domain, two_tenants.b.domain])
        yield made


def ask(instance: dg.DagsterInstance, doors: Doors) -> list[dg.RunRequest]:
    context = dg.build_sensor_context(
        instance=instance,
        instance_ref=instance.get_ref(),
        definitions=defs(),
        resources={"platform": Platform(doors.settings)},
    )
    return list(webhook_arrivals.evaluate_tick(context).run_requests or [])


def connect(doors: Doors, tenant_id: UUID, vendor: str, slug: str) -> None:
    store_connection(doors, tenant_id, vendor, sandbox_credential(vendor, slug), is_sandbox=True)


def test_a_fold_is_asked_for_each_tenant_and_vendor_with_mail(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants
) -> None:
    assert ask(instance, doors) == []
    arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
    arrive(doors, two_tenants.b.id, "1", ("customers", "cus_1"), vendor="stripe")
    requests = ask(instance, doors)
    assert {(one.partition_key, one.tags["vendor"]) for one in requests} == {
        (two_tenants.a.domain, "hubspot"),
        (two_tenants.b.domain, "stripe"),
    }
    assert {one.run_key for one in requests} == {one.run_key for one in ask(instance, doors)}
    arrive(doors, two_tenants.a.id, "2", ("contacts", "1"))
    assert len({one.run_key for one in [*requests, *ask(instance, doors)]}) == 3


@pytest.mark.parametrize(
    ("job", "tags", "asked"),
    [
        (JOB, {"vendor": "hubspot"}, []),
        (JOB, {"vendor": "stripe"}, ["hubspot"]),
        ("pull_tenant", {}, []),
        ("build_marts", {}, ["hubspot"]),
    ],
)
def test_no_fold_is_asked_for_while_one_or_the_tenants_pull_is_under_way(
    instance: dg.DagsterInstance,
    doors: Doors,
    two_tenants: TwoTenants,
    job: str,
    tags: dict[str, str],
    asked: list[str],
) -> None:
    arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
    instance.add_run(
        dg.DagsterRun(job_name=job, status=dg.DagsterRunStatus.STARTED, tags={"tenant": two_tenants.a.domain, **tags})
    )
    assert [one.tags["vendor"] for one in ask(instance, doors)] == asked


def test_mail_of_a_tenant_without_a_partition_waits_for_it(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants
) -> None:
    arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
    instance.delete_dynamic_partition(TENANTS, two_tenants.a.domain)
    assert ask(instance, doors) == []


def run_fold(instance: dg.DagsterInstance, doors: Doors, sandbox: Sandbox, domain: str, vendor: str) -> Any:
    return fold_webhooks.execute_in_process(
        instance=instance,
        partition_key=domain,
        run_config={"ops": {"fold_deliveries": {"config": {"vendor": vendor}}}},
        resources={"platform": Platform(doors.settings, sandbox_url=sandbox.url)},
        raise_on_error=False,
    )


def test_a_fold_reads_what_is_hinted_and_tells_of_it(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    connect(doors, two_tenants.a.id, "stripe", "fjord-software")
    done = sandbox.advance("fjord-software", "stripe", created=1, changed=0, archived=0)
    customer = next(one for one in done["created"] if one.startswith("customers/")).split("/")[1]
    arrive(doors, two_tenants.a.id, "evt_1", ("customers", customer), vendor="stripe")
    arrive(doors, two_tenants.b.id, "evt_1", ("customers", customer), vendor="stripe")
    result = run_fold(instance, doors, sandbox, two_tenants.a.domain, "stripe")
    assert result.success
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, two_tenants.a.id) as connection:
        rows = connection.execute("select object_id from raw_stripe.customers").fetchall()
    assert rows == [(customer,)]
    assert waiting(doors, two_tenants.a.id, "stripe").deliveries == ()
    assert len(waiting(doors, two_tenants.b.id, "stripe").deliveries) == 1
    told = instance.get_latest_materialization_event(dg.AssetKey(["raw", "stripe", "customers"]))
    assert told is not None
    assert told.asset_materialization is not None
    assert told.asset_materialization.partition == two_tenants.a.domain
    assert told.asset_materialization.tags is not None
    assert told.asset_materialization.tags["dagster/data_version"]


def test_a_fold_that_fails_leaves_the_mail_waiting(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    store_connection(doors, two_tenants.a.id, "stripe", "revoked", is_sandbox=True)
    arrive(doors, two_tenants.a.id, "evt_1", ("customers", "cus_1"), vendor="stripe")
    assert not run_fold(instance, doors, sandbox, two_tenants.a.domain, "stripe").success
    assert len(waiting(doors, two_tenants.a.id, "stripe").deliveries) == 1


def test_mail_of_a_connection_that_is_gone_ends_without_a_fault(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    arrive(doors, two_tenants.a.id, "evt_1", ("customers", "cus_1"), vendor="stripe")
    assert run_fold(instance, doors, sandbox, two_tenants.a.domain, "stripe").success


def test_where_nothing_waits_the_vendor_is_not_asked_and_nothing_is_said_of_the_connection(
    instance: dg.DagsterInstance, doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    store_connection(doors, two_tenants.a.id, "stripe", "revoked", is_sandbox=True)
    before = len(sandbox.requests(vendor="stripe"))
    assert run_fold(instance, doors, sandbox, two_tenants.a.domain, "stripe").success
    assert len(sandbox.requests(vendor="stripe")) == before
    (connection,) = list_connections(doors, two_tenants.a.id)
    assert connection.status == "unchecked"
