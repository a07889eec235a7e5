"""Channel credit as an asset. The models live in `attribution`, their inputs and outputs in `pipelines.models`."""

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError


@dg.asset(
    key=["attribution", "credit"],
    deps=[["lake", "touchpoints"], ["lake", "conversions"]],
    group_name="attribution",
    owners=OWNERS,
    kinds={"polars", "postgres"},
    automation_condition=AFTER_UPSTREAM,
    required_resource_keys={"platform"},
)
def credit(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One row per tenant, model, channel and currency: credited conversions with their interval, and value."""
    from pipelines.models import channel_credit  # imported where it is needed: scipy takes a second

    platform: Platform = context.resources.platform
    try:
        rows = channel_credit.attribute_all(platform)
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(metadata={"dagster/row_count": sum(rows.values()), "by_tenant": dict(rows)})
