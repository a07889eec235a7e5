"""Measures lift in experiments and calibrates credit by it. Which model gave the credit is not known here."""

from statistics import NormalDist

import numpy as np
import polars as pl

from attribution.columns import collect, read_amounts
from attribution.errors import BadColumn, BadParameter, NegativeAmount
from attribution.incremental import BASELINE
from attribution.intervals import read_level
from attribution.paths import UNATTRIBUTED
from attribution.segments import FloatArray

_COUNTS = ("people", "conversions", "held_people", "held_conversions")
# Without experiments to learn it from: how far, as a part of itself, a model's credit may be off for other reasons
# than chance. In simulated worlds path models miss by a third to a half.
_BIAS = 0.5
_ENOUGH = 3


def measure_lift(experiments: pl.DataFrame) -> pl.DataFrame:
    """Conversions that each channel added among the people it reached, from hold-outs.

    ``experiments``: channel; people and conversions (not held out), held_people and held_conversions (held
    out at random: people, or the people of regions; both above 0). A channel may have several rows.
    Returns the rows with effect = people * (conversion rate - held rate) and its standard_error = people *
    sqrt(p (1 - p) / people + q (1 - q) / held_people), p and q the rates with half a conversion added to both
    sides, so that an arm without conversions has an error too. For geo tests in which regions differ more than
    chance, give effect and standard_error of your own to ``calibrate``.

    >>> tests = pl.DataFrame({"channel": ["a"], "people": [1000], "conversions": [60],
    ...                       "held_people": [1000], "held_conversions": [40]})
    >>> measure_lift(tests).select(pl.col("effect", "standard_error").round(1)).rows()
    [(20.0, 9.8)]
    """
    frame = collect(experiments, ("channel", *_COUNTS), (), "experiments")
    people, won, held, kept = (read_amounts(frame, name, "experiments") for name in _COUNTS)
    if (people <= 0).any() or (held <= 0).any():
        raise BadColumn("experiments: an arm has no people", hint="both arms need people; drop the row")
    if (won > people).any() or (kept > held).any():
        raise BadColumn("experiments: an arm has more conversions than people", hint="count each person once")
    p, q = (won + 0.5) / (people + 1), (kept + 0.5) / (held + 1)
    error = people * np.sqrt(p * (1 - p) / people + q * (1 - q) / held)
    return experiments.with_columns(effect=people * (won / people - kept / held), standard_error=error)


def calibrate(
    credits: pl.DataFrame, lift: pl.DataFrame, *, level: float = 0.9, bias: float | None = None
) -> pl.DataFrame:
    """Combine a model's credit with measured lift, each weighed by its precision.

    ``credits``: channel, conversions, optionally value and the bounds conversions_low and conversions_high at
    ``level``, as credit gives them. ``lift``: channel, effect (conversions added, in the same people and time
    as the credit), standard_error (above 0); several rows of a channel are combined first. ``bias``: standard
    deviation of the model's own error as a part of its credit, beside chance; None learns it from the channels
    with an experiment (at least 3; method of moments, as DerSimonian and Laird 1986), else takes 0.5.

    A channel's conversions are (credit / v + lift / e^2) / (1 / v + 1 / e^2), v = chance^2 + (bias * credit)^2;
    channels without an experiment keep their credit. If the sum exceeds what there was, all are moved back in
    proportion to their variance, none below 0. Value follows conversions.
    Returns, as ``credits`` is ordered: channel, conversions, conversions_low, conversions_high, value (if
    given), credited, lift (null without an experiment), experiment_weight (0 to 1); the last line (baseline)
    holds the rest, so that conversions and value still sum to what they did.

    >>> credits = pl.DataFrame({"channel": ["a", "b"], "conversions": [80.0, 20.0]})
    >>> lift = pl.DataFrame({"channel": ["a"], "effect": [40.0], "standard_error": [10.0]})
    >>> calibrate(credits, lift)["conversions"].round(1).to_list()
    [42.4, 20.0, 37.6]
    """
    optional = ("value", "conversions_low", "conversions_high")
    frame = collect(credits, ("channel", "conversions"), optional, "credits")
    outside = pl.col("channel").is_in([BASELINE, UNATTRIBUTED])
    total, worth = float(frame["conversions"].sum()), float(frame["value"].sum()) if "value" in frame.columns else 0.0
    frame = frame.filter(~outside)
    credited = read_amounts(frame, "conversions", "credits", signed=True)
    z = NormalDist().inv_cdf((1 + read_level(level, "level")) / 2)
    chance = _read_chance(frame, z)
    found, error = _read_lift(lift, frame["channel"].to_list())
    spread = _learn_bias(credited, chance, found, error) if bias is None else _read_bias(bias)
    model = chance**2 + (spread * credited) ** 2
    # A model that is sure of a credit of 0 would outweigh every experiment: its error is at least one conversion.
    model = np.maximum(model, 1.0)
    tested = np.isfinite(found)
    weight = np.where(tested, model / (model + np.where(tested, error, 1.0) ** 2), 0.0)
    combined = credited + weight * np.where(tested, found - credited, 0.0)
    variance = (1 - weight) * model
    combined = _hold_total(combined, variance, total)
    half = z * np.sqrt(variance)
    columns: dict[str, object] = {
        "channel": frame["channel"],
        "conversions": combined,
        "conversions_low": combined - half,
        "conversions_high": combined + half,
        "credited": credited,
        "lift": pl.Series(found).fill_nan(None),
        "experiment_weight": weight,
    }
    rest = {"channel": BASELINE, "conversions": total - combined.sum()}
    if "value" in frame.columns:
        value = read_amounts(frame, "value", "credits", signed=True)
        average = np.divide(value, credited, out=np.zeros_like(value), where=credited != 0)
        kept = combined * np.where(credited != 0, average, worth / total if total else 0.0)
        columns["value"], rest["value"] = kept, worth - float(kept.sum())
    table = pl.DataFrame(columns)
    return pl.concat([table, pl.DataFrame([rest])], how="diagonal")


def _read_chance(frame: pl.DataFrame, z: float) -> FloatArray:
    if "conversions_low" not in frame.columns or "conversions_high" not in frame.columns:
        return np.zeros(len(frame))
    low, high = (read_amounts(frame, f"conversions_{side}", "credits", signed=True) for side in ("low", "high"))
    return np.maximum(high - low, 0.0) / (2 * z)


def _read_bias(bias: object) -> float:
    if isinstance(bias, bool) or not isinstance(bias, int | float) or not 0 <= bias < np.inf:
        raise BadParameter(f"bias is {bias!r}", hint="a part of the credit from 0, e.g. 0.5, or None to learn it")
    return float(bias)


def _read_lift(lift: pl.DataFrame, channels: list[str]) -> tuple[FloatArray, FloatArray]:
    """Effect and standard error of each channel, NaN without an experiment."""
    frame = collect(lift, ("channel", "effect", "standard_error"), (), "lift")
    effect, error = read_amounts(frame, "effect", "lift", signed=True), read_amounts(frame, "standard_error", "lift")
    if (error <= 0).any():
        raise NegativeAmount("lift: standard_error is 0", hint="a measured effect has an error above 0")
    names = frame["channel"].to_list()
    unknown = sorted({name for name in names if name not in channels})
    if unknown:
        raise BadColumn(
            f"lift: no credit for {', '.join(unknown)}", hint=f"the channels are {', '.join(channels) or 'none'}"
        )
    place = np.array([channels.index(name) for name in names], np.int64)
    precision = np.bincount(place, 1 / error**2, minlength=len(channels))
    mean = np.bincount(place, effect / error**2, minlength=len(channels))
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean / precision, np.where(precision > 0, 1 / np.sqrt(precision), np.nan)


def _learn_bias(credited: FloatArray, chance: FloatArray, found: FloatArray, error: FloatArray) -> float:
    """Spread of the model's error relative to its credit, beyond chance and the experiments' own error."""
    tested = np.isfinite(found) & (credited > 0)
    if tested.sum() < _ENOUGH:
        return _BIAS
    gap = ((found - credited)[tested] / credited[tested]) ** 2
    noise = (chance[tested] ** 2 + error[tested] ** 2) / credited[tested] ** 2
    precision = 1 / noise**2
    return float(np.sqrt(max(float(precision @ (gap - noise)) / float(precision.sum()), 0.0)))


def _hold_total(combined: FloatArray, variance: FloatArray, total: float) -> FloatArray:
    """Moved as little as their precision asks, so that the sum doesn't exceed the total; nothing is moved below 0."""
    found, free = combined.copy(), combined > 0
    for _ in range(len(combined)):
        excess = float(found.sum()) - total
        room = np.where(free, np.maximum(variance, 1e-12), 0.0)
        if excess <= 1e-9 * max(1.0, abs(total)) or not room.any():
            break
        moved = found - excess * room / room.sum()
        below = free & (moved < 0)
        found = np.where(below, 0.0, found) if below.any() else moved
        free &= ~below
    return found
