"""The operational database's raw copies, one partition a tenant. How windows are read lives in `pipelines.sync`."""

from collections.abc import Iterator

import dagster as dg

from pipelines.automation import OWNERS, RAW_FRESHNESS
from pipelines.components.vendor_pull import describe_result
from pipelines.partitions import tenant_partitions
from pipelines.resources.platform import Platform
from pipelines.sync.operational import ENTITIES, pull_operational
from tekup.errors import TekupError


@dg.multi_asset(
    name="pull_operational",
    specs=[
        dg.AssetSpec(
            ["raw", "operational", entity],
            description=f"One row per tenant and row of app.{entity}, with its change stamp and a mark of deletion.",
            group_name="operational",
            owners=OWNERS,
            kinds={"postgres"},
            freshness_policy=RAW_FRESHNESS,
        )
        for entity in ENTITIES
    ],
    partitions_def=tenant_partitions,
    required_resource_keys={"platform"},
)
def pull(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Copy what changed in the tenant's operational tables since the last window."""
    platform: Platform = context.resources.platform
    tenant = platform.tenant(context.partition_key)
    try:
        results = pull_operational(platform.doors, tenant.id)
    except TekupError as error:
        raise dg.Failure(
            description=f"operational data of {tenant.name}: {error.what}", metadata={"hint": error.hint or ""}
        ) from error
    for result in results:
        yield describe_result(["raw", "operational", result.stream], result)
