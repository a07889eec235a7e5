"""Chooses the order of a Markov chain on held-out journeys. Counting chains and solving them is done elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from attribution import markov
from attribution.chain import Chain, count_chain, read_order
from attribution.errors import BadParameter
from attribution.paths import Paths, as_paths
from attribution.rules import present
from attribution.sample import split_paths, whole
from attribution.segments import FloatArray, IntArray, ratio

_FOLDS = 5
# Weight, in journeys, of the next lower order where a state was rarely or never seen in training.
_BACKOFF = 5.0
_NEAR = 0.01


def choose_order(paths: object, orders: Sequence[int] = (1, 2, 3, 4), *, seed: int = 0) -> pl.DataFrame:
    """How well chains of each order foretell journeys they were not fitted to, and which order is best.

    People are split in five folds by their hash (a frame of paths: each conversion and null counts as one
    person). A fold's next steps, channel, conversion or null, are foretold from the other four; states seen
    rarely lean on the next lower order by 5 journeys. Runs of a channel count once.

    Returns a row per order, ascending: order; states; transitions (free probabilities); log_loss: minus the
    held-out log likelihood per journey in nats, given its first touch; bic: -2 log L + transitions * ln
    journeys, fitted on all (Schwarz 1978, doi:10.1214/aos/1176344136); to_participation: half the L1 distance
    of its credit shares to ``participation``, towards which rising orders move; is_best: the least log_loss;
    is_best_bic; caution, null where nothing stands out.

    >>> paths = [["a", "b"], ["b", "a"], ["a"]]
    >>> frame = pl.DataFrame({"path": paths, "conversions": [40, 10, 5], "nulls": [60, 90, 95]})
    >>> choose_order(frame, (1, 2)).select("order", "is_best").rows()
    [(1, False), (2, True)]
    """
    wanted = sorted({read_order(order) for order in orders})
    if not wanted:
        raise BadParameter("orders is empty", hint="give some, e.g. (1, 2, 3)")
    journeys = as_paths(paths)
    people = journeys if journeys.buckets is not None else split_paths(journeys, seed)
    assert people.buckets is not None
    folded = replace(people, buckets=people.buckets % np.uint8(_FOLDS))
    longest = int(np.diff(journeys.offsets).max(initial=1))
    wanted = [order for order in wanted if order <= longest] or [1]
    weight = float(journeys.conversions.sum() + journeys.nulls.sum())
    lower: _Steps | None = None
    rows = []
    for order in range(1, wanted[-1] + 1):
        chain = count_chain(folded, order, buckets=_FOLDS)
        lower = _read_steps(chain, lower)
        if order in wanted:
            rows.append({"order": order, **_judge(lower, weight), "to_participation": _stand_off(journeys, order)})
    best = min(rows, key=lambda row: row["log_loss"])["order"]
    best_bic = min(rows, key=lambda row: row["bic"])["order"]
    return pl.DataFrame(rows).with_columns(
        is_best=pl.col("order") == best,
        is_best_bic=pl.col("order") == best_bic,
        caution=pl.when(pl.col("to_participation") < _NEAR).then(
            pl.lit("credit is all but participation: the chain repeats the paths it saw")
        ),
    )


@dataclass(frozen=True, eq=False)
class _Steps:
    """What follows each state: E entries of (state, symbol), counted and foretold by fold.

    ``codes`` (S,) name the states, sorted; ``state``, ``symbol`` (E,), sorted by both; ``counts`` and
    ``foretold`` (folds, E).
    """

    codes: IntArray
    state: IntArray
    symbol: IntArray
    counts: FloatArray
    foretold: FloatArray
    symbols: int


def _read_steps(chain: Chain, lower: _Steps | None) -> _Steps:
    base = len(chain.channels) + 1
    powers = base ** np.arange(chain.history.shape[1], dtype=np.int64)
    codes = (chain.history + 1) @ powers
    rank = np.argsort(codes)
    place = np.empty_like(rank)
    place[rank] = np.arange(len(rank))
    symbols = base + 1
    states = np.arange(len(codes))
    keys = np.concatenate(
        [
            place[chain.source] * symbols + chain.history[chain.target, 0],
            place[states] * symbols + base - 1,
            place[states] * symbols + base,
        ]
    )
    weights = np.concatenate([chain.weight, chain.conversions, chain.nulls], axis=1)
    seen = weights.sum(axis=0) > 0
    order = np.flatnonzero(seen)[np.argsort(keys[seen])]
    keys, counts = keys[order], weights[:, order]
    state, symbol = keys // symbols, keys % symbols
    train = counts.sum(axis=0) - counts
    if lower is None:
        prior = _foretell_alone(codes[rank][state] - 1, symbol, train, symbols)
    else:
        shorter = np.searchsorted(lower.codes, codes[rank] % base ** (chain.history.shape[1] - 1))
        entry = np.searchsorted(lower.state * symbols + lower.symbol, shorter[state] * symbols + symbol)
        prior = lower.foretold[:, entry]
    met = np.stack([np.bincount(state, row, minlength=len(codes)) for row in train])
    foretold = (train + _BACKOFF * prior) / (met[:, state] + _BACKOFF)
    return _Steps(codes[rank], state, symbol, counts, foretold, symbols)


def _foretell_alone(newest: IntArray, symbol: IntArray, train: FloatArray, symbols: int) -> FloatArray:
    """Chance of a symbol whatever came before, but not the channel just met, since runs count once."""
    often: FloatArray = np.stack([np.bincount(symbol, row, minlength=symbols) for row in train]).astype(np.float64)
    often = often + 1.0
    rest: FloatArray = often.sum(axis=1, keepdims=True) - often[:, newest]
    return ratio(often[:, symbol], rest)


def _judge(steps: _Steps, weight: float) -> dict[str, float]:
    whole_counts = steps.counts.sum(axis=0)
    met = np.bincount(steps.state, whole_counts)
    fitted = float(whole_counts @ np.log(whole_counts / met[steps.state]))
    free = len(steps.state) - int((met > 0).sum())
    held_out = float((steps.counts * np.log(steps.foretold)).sum())
    return {
        "states": len(steps.codes),
        "transitions": free,
        "log_loss": -held_out / weight,
        "bic": -2.0 * fitted + free * np.log(weight),
    }


def _stand_off(paths: Paths, order: int) -> float:
    sample = whole(paths)
    met = sample.sum_touches(present(paths), paths.conversions)[0]
    credits = markov.estimate(sample, order).conversions[0]
    sums = max(float(credits.sum()), 1e-300), max(float(met.sum()), 1e-300)
    return float(np.abs(credits / sums[0] - met / sums[1]).sum() / 2)
