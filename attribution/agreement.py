"""Sets models side by side: their credit, and how far they agree. The models themselves are in models.py."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from attribution.columns import collect, read_amounts, read_choice
from attribution.credit import credit
from attribution.errors import BadParameter
from attribution.paths import as_paths
from attribution.segments import FloatArray

_CHEAP = ("first", "last", "linear", "position", "participation", "markov", "shapley")
Models = Iterable[str] | Mapping[str, Mapping[str, object]]


def compare_models(paths: object, models: Models | None = None, *, intervals: float | None = None) -> pl.DataFrame:
    """Credit under several models, one row per model and channel.

    ``models``: names of MODELS, or a mapping from a label of your own to the parameters of a model, whose name is the
    label's first word or the parameter ``model``; None takes seven that need no more than paths.
    Returns model (label), channel, conversions, value, the bounds when ``intervals`` is given, share (of what the
    model gives to channels) and rank (1 is the most conversions; ties share the mean).

    >>> frame = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [2, 1]})
    >>> compare_models(frame, ["first", "last"]).filter(channel="a")["share"].round(3).to_list()
    [0.667, 0.0]
    """
    journeys = as_paths(paths)
    parts = []
    for label, (name, parameters) in _read_models(models).items():
        found = credit(journeys, name, intervals=intervals, **parameters)
        known = pl.col("channel").is_in(journeys.channels)
        amount = pl.col("conversions").filter(known)
        parts.append(
            found.select(
                pl.lit(label).alias("model"),
                pl.all(),
                share=pl.when(known & (amount.sum() > 0)).then(pl.col("conversions") / amount.sum()),
                rank=pl.when(known).then(pl.col("conversions")).rank("average", descending=True),
            )
        )
    return pl.concat(parts)


def _read_models(models: Models | None) -> dict[str, tuple[str, dict[str, Any]]]:
    if models is None:
        models = _CHEAP
    if isinstance(models, str):
        raise BadParameter(f"models is {models!r}", hint=f"give a list of names: [{models!r}]")
    if not isinstance(models, Mapping):
        return {name: (name, {}) for name in models}
    found = {}
    for label, given in models.items():
        name = str(given.get("model", label.split()[0]))
        found[label] = (name, {key: x for key, x in given.items() if key != "model"})
    return found


def model_agreement(compared: pl.DataFrame, amount: str = "conversions") -> pl.DataFrame:
    """How far each pair of models agrees on the channels.

    ``compared``: the frame of compare_models, or any with model, channel and ``amount`` (conversions | value).
    Returns left and right (each pair once), rank_correlation (Spearman, -1 to 1; null where a model ranks all
    alike) and distance (half the L1 distance of the shares, 0 same to 1 disjoint; null where a model gives nothing
    or less).

    >>> frame = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [2, 1]})
    >>> model_agreement(compare_models(frame, ["first", "last"])).select("left", "distance").rows()
    [('first', 0.6666666666666667)]
    """
    column = read_choice(amount, "amount", ("conversions", "value"))
    frame = collect(compared, ("model", "channel", column), (), "compared")
    read_amounts(frame, column, "compared", signed=True)
    frame = frame.filter(~pl.col("channel").str.starts_with("("))
    wide = frame.pivot("model", index="channel", values=column).fill_null(0.0)
    labels = frame["model"].unique(maintain_order=True).to_list()
    rows = []
    for left, right in combinations(labels, 2):
        a, b = wide[left].to_numpy(), wide[right].to_numpy()
        rows.append((left, right, _correlate(a, b), _distance(a, b)))
    schema = {"left": pl.String, "right": pl.String, "rank_correlation": pl.Float64, "distance": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _correlate(left: FloatArray, right: FloatArray) -> float | None:
    one, other = (pl.Series(np.round(x, 12)).rank("average").to_numpy() for x in (left, right))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _distance(left: FloatArray, right: FloatArray) -> float | None:
    if left.sum() <= 0 or right.sum() <= 0:
        return None
    return float(np.abs(left / left.sum() - right / right.sum()).sum() / 2)
