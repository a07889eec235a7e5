"""What journeys look like: the commonest paths, transitions, length and time, channels met together. No credit here.

All functions take the sums of attribution_sums.py.
"""

import polars as pl

from pipelines.models import attribution_sums
from pipelines.models.attribution_sums import BARE_DAYS, LAGS, LENGTHS, PATHS, SETS, STEPS

TOP_PATHS = 200
"""Paths that are told one by one, for each currency; the others are summed in one row."""
TOP_CHANNELS = 50
_CENTS = (pl.col("gains") - pl.col("losses")).round(4).round().cast(pl.Int64).alias("value_cents")


def top_paths(sums: pl.DataFrame, limit: int = TOP_PATHS) -> pl.DataFrame:
    """The paths with the most conversions, runs of one channel told once; sums over all rows are those of the journeys.

    Columns: path_rank (from 1), path (list of names; empty: conversions that no touch precedes; null: all the other
    paths together), path_count, conversions, value_cents, null_count.
    """
    nulls = pl.when("converted").then(0.0).otherwise("weight")
    found = (
        sums.filter(pl.col("part") == PATHS)
        .group_by(path="key")
        .agg(
            conversions=(pl.col("weight") - nulls).sum(),
            value=(pl.col("gains") - pl.col("losses")).sum().round(4),
            nulls=nulls.sum(),
        )
        .sort("conversions", "value", "nulls", "path", descending=[True, True, True, False])
    )
    told, others = found.head(limit), found.slice(limit)
    rows = [told.with_columns(path_count=pl.lit(1, pl.Int64))]
    bare = sums.filter(pl.col("part") == BARE_DAYS)
    if bare.height:
        weight, gains, losses = (float(bare[name].sum()) for name in ("weight", "gains", "losses"))
        rows.append(_one_row([], weight, gains - losses, 0.0, 1))
    if others.height:
        conversions, value, nulls_of = (float(others[name].sum()) for name in ("conversions", "value", "nulls"))
        rows.append(_one_row(None, conversions, value, nulls_of, others.height))
    return pl.concat(rows).select(
        pl.int_range(1, pl.len() + 1).alias("path_rank"),
        "path",
        "path_count",
        "conversions",
        value_cents=pl.col("value").round().cast(pl.Int64),
        null_count="nulls",
    )


def _one_row(path: list[str] | None, conversions: float, value: float, nulls: float, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"path": [path], "conversions": [conversions], "value": [value], "nulls": [nulls], "path_count": [count]},
        schema_overrides={"path": pl.List(pl.String), "path_count": pl.Int64},
    )


def transitions(sums: pl.DataFrame) -> pl.DataFrame:
    """The counted chain of order 1 with its self-loops: source, target, journey_count, probability."""
    return (
        sums.filter(pl.col("part") == STEPS)
        .select(source=pl.col("key").list.get(0), target=pl.col("key").list.get(1), journey_count="weight")
        .with_columns(probability=pl.col("journey_count") / pl.col("journey_count").sum().over("source"))
        .sort("source", "target")
    )


def distributions(sums: pl.DataFrame) -> pl.DataFrame:
    """Conversions by touches (``path_length``, up to 50 or more) and by whole days since the first (``lag_days``).

    Columns: measure, bucket, conversions, value_cents; per measure they sum to the attributed conversions.
    """
    return (
        sums.filter(pl.col("part").is_in([LENGTHS, LAGS]))
        .select(measure="part", bucket=pl.col("key").list.first().cast(pl.Int64), conversions="weight",
                value_cents=_CENTS)
        .sort("measure", "bucket")
    )  # fmt: skip


def conversions_met(sums: pl.DataFrame) -> dict[str, float]:
    """How many conversions met each channel; the channels that journeys touched at all, by the alphabet."""
    touched = sums.filter(pl.col("part") == attribution_sums.TOUCHES)["key"].list.first().unique()
    met = _sets(sums).explode("channel").group_by("channel").agg(pl.col("weight").sum())
    return dict.fromkeys(touched.sort().to_list(), 0.0) | dict(met.sort("channel").rows())


def overlaps(sums: pl.DataFrame, limit: int = TOP_CHANNELS) -> pl.DataFrame:
    """Conversions whose journeys met both of two channels: channel, other_channel, conversions, value_cents.

    Each pair once, the names in order of the alphabet; a channel with itself is all that met it. Of many channels the
    ``limit`` that most conversions met.
    """
    met = _sets(sums).explode("channel")
    most = met.group_by("channel").agg(pl.col("weight").sum())
    chosen = most.sort("weight", "channel", descending=[True, False]).head(limit)
    met = met.join(chosen.select("channel"), on="channel", how="semi")
    pairs = met.join(met.select("set", other_channel="channel"), on="set")
    return (
        pairs.filter(pl.col("channel") <= pl.col("other_channel"))
        .group_by("channel", "other_channel")
        .agg(pl.col("weight", "gains", "losses").sum())
        .select("channel", "other_channel", conversions="weight", value_cents=_CENTS)
        .sort("channel", "other_channel")
    )


def _sets(sums: pl.DataFrame) -> pl.DataFrame:
    return sums.filter(pl.col("part") == SETS).select("weight", "gains", "losses", channel="key").with_row_index("set")
