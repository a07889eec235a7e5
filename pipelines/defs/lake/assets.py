"""Extracts of the marts as Parquet under each tenant's prefix, clustered by person and time, for models to stream."""

from collections.abc import Iterator

import dagster as dg

from pipelines.automation import AFTER_GATE, GATE, OWNERS
from pipelines.quality.verdicts import held_tenants
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform

_EXTRACTS = {
    "touchpoints": (
        "fct_touchpoint",
        "select tenant_id, touchpoint_id, person_id, occurred_at, channel, kind, "
        "campaign_id from marts.fct_touchpoint order by person_id, occurred_at, touchpoint_id",
    ),
    "conversions": (
        "fct_conversion",
        "select tenant_id, lead_id, person_id, converted_at, "
        "coalesce(reporting_value_cents, 0) as value_cents, reporting_currency as currency "
        "from marts.fct_conversion order by person_id, converted_at, lead_id",
    ),
    "subscription_features": (
        "ftr_subscription",
        "select * from marts.ftr_subscription order by as_of_at, subscription_id",
    ),
    "lead_features": ("ftr_lead", "select * from marts.ftr_lead order by as_of_at, lead_id"),
}


@dg.multi_asset(
    name="lake_extracts",
    specs=[
        dg.AssetSpec(
            ["lake", dataset],
            deps=[[mart], GATE],
            description=f"One Parquet file per tenant with the rows of {mart}, clustered for streaming reads.",
            group_name="lake",
            owners=OWNERS,
            kinds={"parquet", "polars"},
            automation_condition=AFTER_GATE,
        )
        for dataset, (mart, _) in _EXTRACTS.items()
    ],
    can_subset=True,
    required_resource_keys={"platform"},
)
def extract(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Write each tenant's rows, read under that tenant's own policy, to that tenant's own prefix.

    A tenant that a blocking check holds keeps the extract it has: models go on with its last good rows.
    """
    platform: Platform = context.resources.platform
    held = held_tenants(platform)
    tenants = [tenant for tenant in platform.tenants() if tenant.id not in held]
    for tenant_id, checks in held.items():
        context.log.warning(f"tenant {tenant_id} is held by {', '.join(checks)}: its extract stays as it was")
    for dataset, (_, query) in _EXTRACTS.items():
        if dg.AssetKey(["lake", dataset]) not in context.selected_asset_keys:
            continue
        rows = 0
        for tenant in tenants:
            frame = read_tenant_frame(platform.doors, tenant.id, query)
            platform.lake.write(tenant.id, dataset, frame)
            rows += frame.height
        yield dg.MaterializeResult(
            asset_key=["lake", dataset], metadata={"dagster/row_count": rows, "held_tenants": len(held)}
        )
