"""What journeys look like: the commonest paths, transitions, length and time, channels met together. No credit here."""

import numpy as np
import polars as pl

import attribution
from attribution import Paths

TOP_PATHS = 200
"""Paths that are told one by one, for each currency; the others are summed in one row."""
TOP_CHANNELS = 50
LONGEST = 50
"""Touches from which on a path is counted as this long."""


def top_paths(paths: Paths, limit: int = TOP_PATHS) -> pl.DataFrame:
    """The paths with the most conversions, runs of one channel told once; sums over all rows are those of the journeys.

    Columns: path_rank (from 1), path (list of names; empty: conversions that no touch precedes; null: all the other
    paths together), path_count, conversions, value_cents, null_count.
    """
    found = (
        attribution.transform_paths(paths.frame, "exposure")
        .group_by("path")
        .agg(pl.col("conversions", "value", "nulls").sum())
        .sort("conversions", "value", "nulls", "path", descending=[True, True, True, False])
    )
    told, others = found.head(limit), found.slice(limit)
    rows = [told.with_columns(path_count=pl.lit(1, pl.Int64))]
    if paths.unattributed_conversions:
        rows.append(_one_row([], paths.unattributed_conversions, paths.unattributed_value, 0.0, 1))
    if others.height:
        conversions, value, nulls = (float(others[name].sum()) for name in ("conversions", "value", "nulls"))
        rows.append(_one_row(None, conversions, value, nulls, others.height))
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


def transitions(paths: Paths) -> pl.DataFrame:
    """The order-1 chain with its self-loops: source, target, journey_count, probability (sums to 1 per source)."""
    if not len(paths):
        return pl.DataFrame(
            schema={"source": pl.String, "target": pl.String, "journey_count": pl.Float64, "probability": pl.Float64}
        )
    return attribution.transition_matrix(paths, loops=True).rename({"count": "journey_count"})


def distributions(paths: Paths) -> pl.DataFrame:
    """Conversions by touches (``path_length``, up to 50 or more) and by whole days since the first (``lag_days``).

    Columns: measure, bucket, conversions, value_cents; per measure they sum to the attributed conversions.
    """
    begins, lengths = paths.converting_offsets[:-1], np.diff(paths.converting_offsets)
    hours = paths.hours[begins] if paths.hours is not None and len(begins) else np.zeros(len(begins))
    journeys = pl.DataFrame({"conversions": paths.conversions, "value": paths.value})
    parts = [
        journeys.with_columns(measure=pl.lit(measure), bucket=pl.Series(bucket.astype(np.int64)))
        for measure, bucket in (
            ("path_length", np.minimum(lengths, LONGEST)),
            ("lag_days", np.floor(hours / 24)),
        )
    ]
    return (
        pl.concat(parts)
        .group_by("measure", "bucket")
        .agg(pl.col("conversions").sum(), value_cents=pl.col("value").sum().round().cast(pl.Int64))
        .sort("measure", "bucket")
    )


def overlaps(paths: Paths, limit: int = TOP_CHANNELS) -> pl.DataFrame:
    """Conversions whose journeys met both of two channels: channel, other_channel, conversions, value_cents.

    Each pair once, the names in order of the alphabet; a channel with itself is all that met it. Of many channels the
    ``limit`` that most conversions met.
    """
    journey = np.repeat(np.arange(len(paths.conversions)), np.diff(paths.converting_offsets))
    met = pl.DataFrame({"journey": journey, "code": paths.converting_codes.astype(np.int64)}).unique()
    worth = pl.DataFrame(
        {"journey": np.arange(len(paths.conversions)), "conversions": paths.conversions, "value": paths.value}
    )
    met = met.join(worth, on="journey")
    chosen = met.group_by("code").agg(pl.col("conversions").sum()).sort("conversions", "code", descending=[True, False])
    met = met.join(chosen.head(limit).select("code"), on="code", how="semi")
    names = pl.Series(paths.channels, dtype=pl.String)
    pairs = met.join(met.select("journey", other="code"), on="journey").filter(pl.col("code") <= pl.col("other"))
    found = pairs.group_by("code", "other").agg(
        pl.col("conversions").sum(), value_cents=pl.col("value").sum().round().cast(pl.Int64)
    )
    return found.select(
        channel=names.gather(found["code"]), other_channel=names.gather(found["other"]), conversions="conversions",
        value_cents="value_cents",
    ).sort("channel", "other_channel")  # fmt: skip
