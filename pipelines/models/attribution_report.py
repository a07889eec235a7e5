"""Every table of attribution from the sums over a tenant's journeys. Sums are made in attribution_sums.py."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

import attribution
from attribution.credit import find_cautions
from pipelines.models import attribution_journeys, attribution_tables
from pipelines.models.attribution_drilldown import drill_down, followed_rule, is_rule
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.models.attribution_sums import BARE_DAYS, CELLS, DAYS, JOURNEYS, is_counted, plan_models
from tekup.errors import BadInput

INTERVAL = 0.95


def make_tables(
    sums: Mapping[str, pl.DataFrame], settings: AttributionSettings
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """The tables and what there is to tell, from the sums of each currency of the conversions.

    Raises:
        BadInput: none of the models could be computed.
    """
    parts: dict[str, list[pl.DataFrame]] = {table: [] for table in attribution_tables.COLUMNS}
    told: dict[str, Any] = {
        "settings": settings.tell(),
        "journey_count": 0,
        "conversion_count": 0,
        "cautions": [],
        "left_out": {},
    }
    for currency, summed in sums.items():
        channels, cells, refused = credit_models(summed, settings)
        found = {
            "attribution_path": attribution_journeys.top_paths(summed),
            "attribution_transition": attribution_journeys.transitions(summed),
            "attribution_distribution": attribution_journeys.distributions(summed),
            "attribution_overlap": attribution_journeys.overlaps(summed),
            "attribution_channel": channels,
            "attribution_credit": cells,
        }
        for table, frame in found.items():
            parts[table].append(
                frame.with_columns(currency=pl.lit(currency), lookback_days=pl.lit(settings.lookback_days))
            )
        won, lost, bare = (_count(summed, *which) for which in (("journey", True), ("journey", False), (BARE_DAYS,)))
        told["journey_count"] += round(won + lost)
        told["conversion_count"] += round(won + bare)
        told["left_out"] |= refused
        met = attribution_journeys.conversions_met(summed)
        told["cautions"] += find_cautions(conversions=won, nulls=lost, unattributed=bare, met=met)
    told["cautions"] = list(dict.fromkeys(told["cautions"]))
    tables = {}
    for table, frames in parts.items():
        empty = pl.DataFrame(schema=dict.fromkeys(attribution_tables.COLUMNS[table], pl.Null))
        tables[table] = pl.concat(frames) if frames else empty
    return tables, told


def _count(sums: pl.DataFrame, part: str, converted: bool | None = None) -> float:
    of_part = pl.col("part") == part
    chosen = of_part if converted is None else of_part & (pl.col("converted") == converted)
    return float(sums.filter(chosen)["weight"].sum())


def credit_models(
    sums: pl.DataFrame, settings: AttributionSettings
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """Credit by model and channel with intervals, by model, day, channel and campaign, and the models that refused.

    Value by channel is the sum of its whole cents by day, so that both tables tell the same.
    """
    days = _read_days(sums)
    counts = plan_models(settings).with_frame(sums)
    channels, cells, refused = [], [], {}
    for model in settings.models:
        parameters = settings.parameters(model)
        try:
            # a path that no touch precedes has no channel to credit: it stays in sight as a line of its own
            asked = {"intervals": INTERVAL, "include_unattributed": True, **parameters}
            if is_counted(model):
                found = attribution.credit_counts(counts, model, **asked)
            else:
                found = attribution.credit(_read_journeys(sums, days), model, **asked)
            rule, _ = followed_rule(model, parameters)
            cell = drill_down(_read_cells(sums, rule), days, found, fit=not is_rule(model))
        except BadInput as error:
            refused[model] = error.what
            continue
        cents = cell.group_by("channel").agg(pl.col("value_cents").sum())
        # a tenth of a thousandth of a cent more or less, as sums in another order differ, is no other bound
        bounds = [
            pl.col(f"value_{end}").round(4).round().cast(pl.Int64).alias(f"value_cents_{end}")
            for end in ("low", "high")
        ]
        channels.append(
            found.join(cents, on="channel", how="left", maintain_order="left").with_columns(
                *bounds, pl.col("value_cents").fill_null(0), pl.lit(model).alias("model")
            )
        )
        cells.append(cell.with_columns(model=pl.lit(model)))
    if refused and not channels:
        raise BadInput(f"no model could be computed: {next(iter(refused.values()))}", hint="change attribution.models")
    return pl.concat(channels), pl.concat(cells), refused


def _read_days(sums: pl.DataFrame) -> pl.DataFrame:
    """By day what is attributed, and what isn't."""
    halves = [
        sums.filter(pl.col("part") == part).select(
            converted_date="day",
            **{f"{prefix}conversions": pl.col("weight"), f"{prefix}value": pl.col("gains") - pl.col("losses")},
        )
        for part, prefix in ((DAYS, ""), (BARE_DAYS, "bare_"))
    ]
    joined = halves[0].join(halves[1], on="converted_date", how="full", coalesce=True)
    return joined.with_columns(pl.col("^.*(conversions|value)$").fill_null(0.0)).sort("converted_date")


def _read_cells(sums: pl.DataFrame, rule: str) -> pl.DataFrame:
    key = pl.col("key").list
    return (
        sums.filter(pl.col("part") == CELLS + rule)
        .select(
            converted_date="day",
            channel=key.get(0),
            campaign_id=key.get(1),
            conversions="weight",
            value=pl.col("gains") - pl.col("losses"),
        )
        .sort("converted_date", "channel", "campaign_id", nulls_last=True)
    )


def _read_journeys(sums: pl.DataFrame, days: pl.DataFrame) -> attribution.Paths:
    """The distinct journeys of each bucket of people, those that convert first."""
    amount = pl.col("weight")
    table = (
        sums.filter(pl.col("part") == JOURNEYS)
        .group_by("key", "bucket")
        .agg(
            conversions=amount.filter(pl.col("converted")).sum(),
            value=(pl.col("gains") - pl.col("losses")).sum(),
            nulls=amount.filter(~pl.col("converted")).sum(),
        )
        .sort(pl.col("conversions") > 0, "key", "bucket", descending=[True, False, False])
        .rename({"key": "path"})
    )
    bare = float(days["bare_conversions"].sum()), float(days["bare_value"].sum())
    if table.is_empty():
        table = pl.DataFrame({"path": [[]], "conversions": [0.0]}, schema_overrides={"path": pl.List(pl.String)})
    paths = attribution.read_paths(table)
    buckets = table["bucket"].to_numpy().astype("uint8") if "bucket" in table.columns else paths.buckets
    return replace(paths, buckets=buckets, unattributed_conversions=bare[0], unattributed_value=bare[1])
