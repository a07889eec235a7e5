"""Folds what webhooks announce within seconds. How deliveries come in and what a fold reads is decided elsewhere."""

import time
from collections.abc import Iterator

import dagster as dg

from pipelines.components import vendor_pull
from pipelines.partitions import tenant_partitions
from pipelines.resources.platform import Platform
from pipelines.sync.journal import StreamResult, SyncBusy
from pipelines.sync.webhooks import find_mail
from tekup.errors import TekupError

TICK_SECONDS = 15
ASK_AGAIN_SECONDS = 60
JOB = "fold_webhooks"
DATA_VERSION_TAG = "dagster/data_version"
_PULL_JOB = "pull_tenant"
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.op(config_schema={"vendor": str}, required_resource_keys={"platform"})
def fold_deliveries(context: dg.OpExecutionContext) -> None:
    """Read again what the waiting deliveries of one tenant and vendor name."""
    platform: Platform = context.resources.platform
    vendor = context.op_config["vendor"]
    tenant = platform.tenant(context.partition_key)
    connection = platform.connection(tenant, vendor)
    if connection is None:
        context.log.info(f"{tenant.name} has no {vendor} connection any more")
        return
    try:
        done = vendor_pull.fold_connection(platform, connection)
    except SyncBusy:
        # the pull that holds the lock folds too; what comes after it waits for the next tick
        context.log.info(f"{vendor} of {tenant.name} is being pulled; that pull folds the deliveries")
        return
    except TekupError as error:
        raise dg.Failure(
            description=f"{vendor} of {tenant.name}: {error.what}",
            metadata={"hint": error.hint or "", "tenant": tenant.domain},
            allow_retries=False,
        ) from error
    changed = [result for result in done.streams.values() if result.rows_changed]
    for result in changed:
        context.log_event(_materialization(context.partition_key, vendor, result))
    context.log.info(f"{vendor} of {tenant.name}: {sum(r.rows_changed for r in changed)} rows changed")


def _materialization(partition: str, vendor: str, result: StreamResult) -> dg.AssetMaterialization:
    """A stream whose rows a fold changed, as the pull tells it: what is downstream follows the data version."""
    told = vendor_pull.describe_result(["raw", vendor, result.stream], result)
    assert told.asset_key is not None
    assert told.data_version is not None
    return dg.AssetMaterialization(
        told.asset_key, partition=partition, metadata=told.metadata, tags={DATA_VERSION_TAG: told.data_version.value}
    )


@dg.job(
    name=JOB,
    partitions_def=tenant_partitions,
    description="Read again what one tenant's webhooks of one vendor name.",
)
def fold_webhooks() -> None:
    """One tenant and vendor a run."""
    fold_deliveries()


@dg.sensor(
    name="webhook_arrivals",
    job=fold_webhooks,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for a fold of each tenant and vendor with deliveries waiting, unless one is under way.",
)
def webhook_arrivals(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run a tenant and vendor; the same mail is asked for once a minute, should a run be lost."""
    mail = find_mail(platform.doors)
    if not mail:
        yield dg.SkipReason("no delivery is due")
        return
    domains = {tenant.id: tenant.domain for tenant in platform.tenants()}
    partitions = set(context.instance.get_dynamic_partitions(str(tenant_partitions.name)))
    busy = _busy(context.instance)
    period = int(time.time()) // ASK_AGAIN_SECONDS
    for one in mail:
        domain = domains.get(one.tenant_id)
        if domain not in partitions or busy & {(domain, one.vendor), (domain, None)}:
            continue
        yield dg.RunRequest(
            run_key=f"{domain}:{one.vendor}:{one.newest.isoformat()}:{one.count}:{one.attempts}:{period}",
            partition_key=domain,
            run_config={"ops": {"fold_deliveries": {"config": {"vendor": one.vendor}}}},
            tags={"tenant": domain, "vendor": one.vendor},
        )


def _busy(instance: dg.DagsterInstance) -> set[tuple[str | None, str | None]]:
    """Tenants and vendors with a fold under way, and tenants whose pull is: it folds as well."""
    found: set[tuple[str | None, str | None]] = set()
    for job in (JOB, _PULL_JOB):
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=_UNDER_WAY), limit=2_000):
            tenant = run.tags.get("tenant") or run.tags.get("dagster/partition")
            found.add((tenant, run.tags.get("vendor") if job == JOB else None))
    return found
