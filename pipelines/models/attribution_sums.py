"""What attribution's tables need of a tenant's journeys, as sums that add up over people. No table is made here."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

import attribution
from attribution.sums import AMOUNTS, SUMS, add_sums
from pipelines.models.attribution_drilldown import followed_rule, sum_cells
from pipelines.models.attribution_settings import AttributionSettings

CELLS = "credit by cell of "
"""Followed by the rule: day, and as key channel and campaign."""
DAYS, BARE_DAYS = "conversions by day", "conversions without touch by day"
PATHS, JOURNEYS = "by path", "by journey"
"""The path with runs told once; and as it was, by bucket of people. Both by whether they converted."""
TOUCHES = "touch"
"""What Counts calls the sum of touches by channel."""
SETS = "by set of channels"
STEPS = "by step"
LENGTHS, LAGS = "path_length", "lag_days"
LONGEST = 50
"""Touches from which on a path is counted as this long."""


def sum_journeys(
    touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings, as_of: datetime | None
) -> pl.DataFrame:
    """All sums over the journeys of these people, in one currency, in the columns of `attribution.sums.SUMS`.

    Sums of people who are counted apart, on other machines or on other days, add up to those of all (`add_sums`).
    ``as_of`` is the moment that open journeys are open at.
    """
    paths = find_paths(touches, conversions, settings, as_of)
    parts = [
        attribution.count_journeys(paths, plan_models(settings)).as_frame(),
        *_sum_cells(paths, touches, conversions, settings),
        *_sum_days(paths, conversions),
        _sum_paths(paths),
        _sum_sets(paths),
        _sum_steps(paths),
        *_sum_distributions(paths),
    ]
    if needs_journeys(settings):
        parts.append(_sum_whole_journeys(paths))
    return add_sums(parts)


def find_paths(
    touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings, as_of: datetime | None
) -> attribution.Paths:
    """The journeys under a tenant's settings."""
    return attribution.build_paths(
        touches,
        conversions,
        lookback=settings.lookback,
        conversion_window=settings.conversion_window,
        touch_weights=settings.touch_weights or None,
        touch_windows=settings.touch_windows or None,
        direct=settings.direct,
        as_of=as_of if settings.open_journeys == "set_aside" else None,
    )


def plan_models(settings: AttributionSettings) -> attribution.Counts:
    """Counts of nothing for those of the models that can be credited from counts."""
    counted = [(model, settings.parameters(model)) for model in settings.models if is_counted(model)]
    return attribution.plan_counts(lookback=settings.lookback, models=counted)


def is_counted(model: str) -> bool:
    """Whether the model needs counts alone; else it needs each distinct journey."""
    return model != "incremental"


def needs_journeys(settings: AttributionSettings) -> bool:
    """Whether a chosen model asks for distinct journeys, of which there may be as many as people."""
    return not all(is_counted(model) for model in settings.models)


def _rows(part: str, frame: pl.DataFrame, *key: str, day: str | None = None, **fixed: Any) -> pl.DataFrame:
    """Sums of conversions and value by day and key."""
    names = [*key] if day is None else [day, *key]
    value = pl.col("value").cast(pl.Float64) if "value" in frame.columns else pl.lit(0.0)
    amounts = {
        "weight": pl.col("conversions").cast(pl.Float64).sum(),
        "gains": value.clip(lower_bound=0.0).sum(),
        "losses": (-value).clip(lower_bound=0.0).sum(),
    }
    summed = frame.group_by(names).agg(**amounts) if names else frame.select(**amounts)
    columns = {
        "part": pl.lit(part),
        "converted": pl.lit(fixed.get("converted")),
        "day": pl.lit(None) if day is None else pl.col(day),
        "bucket": pl.col("bucket") if "bucket" in names else pl.lit(None),
        "key": _key_of(summed, [name for name in key if name != "bucket"]),
    }
    return summed.select(*(column.alias(name) for name, column in columns.items()), *AMOUNTS).cast(SUMS)


def _key_of(frame: pl.DataFrame, names: list[str]) -> pl.Expr:
    if len(names) == 1 and isinstance(frame.schema[names[0]], pl.List):
        return pl.col(names[0])
    return pl.concat_list(pl.col(name).cast(pl.String) for name in names) if names else pl.lit([], pl.List(pl.String))


def _sum_cells(
    paths: attribution.Paths, touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings
) -> list[pl.DataFrame]:
    """The credit by day, channel and campaign of each rule that a model's credit follows."""
    rules = dict(followed_rule(model, settings.parameters(model)) for model in settings.models)
    return [
        _rows(CELLS + rule, cells, "channel", "campaign_id", day="converted_date")
        for rule, parameters in rules.items()
        for cells in (sum_cells(paths, touches, conversions, rule, parameters),)
    ]


def _sum_days(paths: attribution.Paths, conversions: pl.DataFrame) -> list[pl.DataFrame]:
    """Conversions by the tenant's day, those that are attributed and those that no touch precedes."""
    met = np.zeros(conversions.height, np.bool_)
    met[paths.rows] = True
    whole = conversions.select("converted_date", "value", conversions=pl.lit(1.0))
    return [
        _rows(part, whole.filter(pl.Series(chosen)), day="converted_date")
        for part, chosen in ((DAYS, met), (BARE_DAYS, ~met))
    ]


def _sum_paths(paths: attribution.Paths) -> pl.DataFrame:
    return _by_conversion(PATHS, attribution.transform_paths(paths.frame, "exposure"), "path")


def _sum_whole_journeys(paths: attribution.Paths) -> pl.DataFrame:
    """Every distinct journey of each bucket of people: what a model needs that isn't a sum over journeys."""
    won, rest = len(paths.conversions), np.zeros(len(paths) - len(paths.conversions))
    journeys = pl.DataFrame(
        {
            "path": attribution.paths.path_lists(paths.channels, paths.codes, paths.offsets),
            "bucket": paths.buckets,
            "conversions": np.concatenate([paths.conversions, rest]),
            "value": np.concatenate([paths.value, rest]),
            "nulls": np.concatenate([np.zeros(won), np.ones(len(rest))]) * paths.nulls,
        }
    )
    return _by_conversion(JOURNEYS, journeys, "path", "bucket")


def _by_conversion(part: str, frame: pl.DataFrame, *key: str) -> pl.DataFrame:
    won = _rows(part, frame, *key, converted=True)
    lost = frame.select(*key, conversions="nulls")
    return pl.concat([won, _rows(part, lost, *key, converted=False)])


def _sum_sets(paths: attribution.Paths) -> pl.DataFrame:
    """Conversions by the channels that their journey met, each named once, by the alphabet."""
    journey = np.repeat(np.arange(len(paths.conversions)), np.diff(paths.converting_offsets))
    met = pl.DataFrame({"journey": journey, "channel": paths.touches["channel"]}).unique()
    sets = met.sort("journey", "channel").group_by("journey", maintain_order=True).agg("channel")
    worth = pl.DataFrame({"conversions": paths.conversions, "value": paths.value})
    return _rows(SETS, sets.select("channel").hstack(worth), "channel")


def _sum_steps(paths: attribution.Paths) -> pl.DataFrame:
    """Journeys by step from one channel to the next, itself among them, from the start and to both ends."""
    steps = attribution.transition_matrix(paths, loops=True)
    return _rows(STEPS, steps.select("source", "target", conversions="count"), "source", "target")


def _sum_distributions(paths: attribution.Paths) -> list[pl.DataFrame]:
    """Conversions by touches of their path, and by whole days since the first of them."""
    begins, lengths = paths.converting_offsets[:-1], np.diff(paths.converting_offsets)
    hours = paths.hours[begins] if paths.hours is not None and len(begins) else np.zeros(len(begins))
    worth = pl.DataFrame({"conversions": paths.conversions, "value": paths.value})
    measured = {LENGTHS: np.minimum(lengths, LONGEST), LAGS: np.floor(hours / 24)}
    return [
        _rows(part, worth.with_columns(bucket_of=pl.Series(measure.astype(np.int64))), "bucket_of")
        for part, measure in measured.items()
    ]
