"""Credit and journeys as assets. The models live in `attribution`, their inputs and outputs in `pipelines.models`."""

import hashlib
from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError

_TABLES = {
    "credit": "One row per tenant, model, day, channel, campaign and currency: credited conversions and their value.",
    "channels": "One row per tenant, model, channel and currency: credit with its intervals.",
    "paths": "One row per tenant, currency and path; with transitions, lengths, times and overlaps of the journeys.",
}
_SETTINGS = "settings_are_usable"


class AttributionConfig(dg.Config):
    """What a run may be asked."""

    as_of: str | None = Field(
        None,
        description="A day (its end, where the tenant lives) or a moment with its offset: keep credit as of it in "
        "ml.attribution_snapshot and leave the tables of today alone. What is kept already stays.",
    )
    full: bool = Field(False, description="Count everybody again, on unchanged data and settings too.")


@dg.multi_asset(
    name="attribution",
    specs=[
        dg.AssetSpec(
            ["attribution", name],
            deps=[["lake", "touchpoints"], ["lake", "conversions"]],
            description=description,
            group_name="attribution",
            owners=OWNERS,
            kinds={"polars", "postgres"},
            automation_condition=AFTER_UPSTREAM,
        )
        for name, description in _TABLES.items()
    ],
    check_specs=[
        dg.AssetCheckSpec(
            _SETTINGS,
            asset=["attribution", "credit"],
            description="Each tenant's settings of attribution can be used; where not, its credit stays as it was.",
        )
    ],
    required_resource_keys={"platform"},
)
def attribute(
    context: dg.AssetExecutionContext, config: AttributionConfig
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Credit every tenant whose journeys, settings or models changed since the last time, by the people with news."""
    from pipelines.models import channel_credit  # imported where it is needed: scipy takes a second
    from pipelines.models.attribution_inputs import read_as_of

    platform: Platform = context.resources.platform
    try:
        as_of = None if config.as_of is None else read_as_of(config.as_of)
        done = channel_credit.attribute_all(platform, as_of=as_of, full=config.full)
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    version = hashlib.sha256("".join(sorted(f"{one.domain}{one.fingerprint}" for one in done)).encode()).hexdigest()
    for name in _TABLES:
        yield dg.MaterializeResult(
            asset_key=["attribution", name],
            data_version=dg.DataVersion(version),
            metadata={
                "rows_written": sum(one.rows for one in done),
                "people_counted": {one.domain: one.people for one in done if one.people is not None},
                "tenants_computed": sum(not one.is_unchanged and one.fault is None for one in done),
                "tenants_unchanged": sum(one.is_unchanged for one in done),
                "left_out": {one.domain: one.left_out for one in done if one.left_out},
            },
        )
    faults = {one.domain: f"{one.fault} ({one.hint})" for one in done if one.fault is not None}
    yield dg.AssetCheckResult(
        check_name=_SETTINGS,
        asset_key=["attribution", "credit"],
        passed=not faults,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"faults": faults},
    )
