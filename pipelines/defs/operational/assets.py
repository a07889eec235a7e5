"""The operational database's raw copies, one partition a tenant. How windows are read lives in `pipelines.sync`."""

from collections.abc import Iterator

import dagster as dg

from pipelines.automation import OWNERS, RAW_FRESHNESS
from pipelines.components.vendor_pull import COMPLETE, PullConfig, describe_pull
from pipelines.partitions import tenant_partitions
from pipelines.resources.platform import Platform
from pipelines.sync.operational import ENTITIES, VENDOR, pull_operational
from pipelines.sync.progress import Progress
from tekup.errors import TekupError


@dg.multi_asset(
    name="pull_operational",
    specs=[
        dg.AssetSpec(
            ["raw", VENDOR, entity],
            description=f"One row per tenant and row of app.{entity}, with its change stamp and a mark of deletion.",
            group_name=VENDOR,
            owners=OWNERS,
            kinds={"postgres"},
            skippable=True,
            freshness_policy=RAW_FRESHNESS,
        )
        for entity in ENTITIES
    ],
    check_specs=[
        dg.AssetCheckSpec(
            COMPLETE,
            asset=["raw", VENDOR, entity],
            description="Every row of the source is here with its last stamp, and no other.",
        )
        for entity in ENTITIES
    ],
    can_subset=True,
    partitions_def=tenant_partitions,
    required_resource_keys={"platform"},
)
def pull(
    context: dg.AssetExecutionContext, config: PullConfig
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Copy what changed in the tenant's operational tables since the last window."""
    platform: Platform = context.resources.platform
    tenant = platform.tenant(context.partition_key)
    wanted = {key.path[-1] for key in context.selected_asset_keys}
    try:
        done = pull_operational(
            platform.doors,
            tenant.id,
            entities=[entity for entity in ENTITIES if entity in wanted],
            full=config.reconcile,
            on_chunk=Progress(context.log.info),
        )
    except TekupError as error:
        raise dg.Failure(
            description=f"operational data of {tenant.name}: {error.what}", metadata={"hint": error.hint or ""}
        ) from error
    yield from describe_pull(VENDOR, done, wanted)
