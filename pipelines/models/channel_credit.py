"""Attribution of each tenant's won leads to channels, from the lake into the warehouse. No Dagster here."""

from datetime import timedelta
from uuid import UUID

import polars as pl

import attribution
from pipelines.resources.platform import Platform

LOOKBACK = timedelta(days=90)
MODELS = ("first", "last", "linear", "time_decay", "position", "markov")
INTERVAL = 0.95
_COLUMNS = ("model", "channel", "currency", "conversions", "conversions_low", "conversions_high", "value_cents")


def attribute_all(platform: Platform) -> dict[str, int]:
    """Credit by model, channel and currency for each tenant; the number of credit rows by tenant's domain."""
    return {tenant.domain: attribute_tenant(platform, tenant.id) for tenant in platform.tenants()}


def attribute_tenant(platform: Platform, tenant_id: UUID) -> int:
    """Replace one tenant's credit in one transaction. A tenant without conversions has none."""
    touches = platform.lake.read(tenant_id, "touchpoints")
    conversions = platform.lake.read(tenant_id, "conversions")
    credits: list[pl.DataFrame] = []
    if touches is not None and conversions is not None and conversions.height:
        for (currency,), converted in conversions.group_by("currency", maintain_order=True):
            credits.extend(credit_models(touches, converted, str(currency)))
    with platform.warehouse(tenant_id) as connection:
        connection.execute("delete from ml.attribution_credit where tenant_id = %s", (tenant_id,))
        connection.cursor().executemany(
            f"insert into ml.attribution_credit (tenant_id, lookback_days, {', '.join(_COLUMNS)}) "  # noqa: S608  # our own column names
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(tenant_id, LOOKBACK.days, *row) for frame in credits for row in frame.select(_COLUMNS).rows()],
        )
    return sum(frame.height for frame in credits)


def credit_models(touches: pl.DataFrame, conversions: pl.DataFrame, currency: str) -> list[pl.DataFrame]:
    """One frame per model: channel, conversions with bounds, and whole cents that sum to the conversions' value."""
    paths = attribution.build_paths(
        touches.rename({"touchpoint_id": "touch_id"}).select("person_id", "occurred_at", "channel", "touch_id"),
        conversions.rename({"lead_id": "conversion_id", "value_cents": "value"}).select(
            "person_id", "converted_at", "value", "conversion_id"
        ),
        lookback=LOOKBACK,
    )
    total = int(conversions["value_cents"].sum())
    frames = []
    for model in MODELS:
        # a path that no touch precedes has no channel to credit: it stays in sight as a line of its own
        found = attribution.credit(paths, model, intervals=INTERVAL, include_unattributed=True)
        frames.append(
            found.with_columns(
                pl.lit(model).alias("model"),
                pl.lit(currency).alias("currency"),
                pl.Series("value_cents", attribution.apportion(found["value"].to_list(), total)),
            )
        )
    return frames
