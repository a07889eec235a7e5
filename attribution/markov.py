"""Credit, removal effects and transitions of the Markov model. Counting and solving have modules of their own."""

import numpy as np
import polars as pl

from attribution.absorption import Solution, solve
from attribution.chain import Chain, count_chain, read_order
from attribution.paths import as_paths
from attribution.sample import Estimate, Sample
from attribution.segments import FloatArray, ratio

START, NULL, CONVERSION = "(start)", "(null)", "(conversion)"
# So many counts are kept per run with intervals; chains with more transitions share fewer buckets of people.
_BUCKETED_CELLS = 40_000_000


def estimate(sample: Sample, order: int = 1, states: str = "padded") -> Estimate:
    """Conversions and value by normalised removal effects; value above and below 0 (refunds) is shared separately."""
    sample = sample.fold(_buckets_for(sample, order))
    chain = count_chain(sample.paths, order, states, buckets=sample.buckets)
    effects = solve(chain, sample.weightings).effects
    totals = [(sample.weightings @ x).sum(axis=1) for x in (chain.conversions, chain.gains, chain.losses)]
    conversions, gains, losses = (_share(effects[..., kind], total) for kind, total in enumerate(totals))
    return Estimate(conversions, gains - losses)


def _share(effects: FloatArray, totals: FloatArray) -> FloatArray:
    sums = effects.sum(axis=1, keepdims=True)
    shared: FloatArray = ratio(effects, sums) * totals[:, np.newaxis]
    return shared


def _buckets_for(sample: Sample, order: int) -> int:
    if sample.buckets == 1:
        return 1
    order = read_order(order)
    channels = len(sample.paths.channels)
    arcs = max(1.0, min(float(channels + 1) ** min(order + 1, 20), float(len(sample.paths.codes))))
    return int(2 ** np.clip(np.floor(np.log2(_BUCKETED_CELLS / arcs)), 5, np.log2(sample.buckets)))


def _as_chain(paths: object, order: int, states: str, *, loops: bool = False) -> Chain:
    return paths if isinstance(paths, Chain) else count_chain(as_paths(paths), order, states, loops=loops)


def _solve_once(chain: Chain) -> Solution:
    return solve(chain, np.ones((1, len(chain.start))))


def removal_effects(paths: object, order: int = 1, states: str = "padded") -> pl.DataFrame:
    """What share of conversions, and of value, is lost in the fitted chain when a channel is taken away.

    ``paths``: Paths, a frame of paths, or a Chain (then order and states are those it was counted with).
    Returns, sorted by channel: channel; removal_effect (0 to 1) = 1 - P(conversion | each visit of the
    channel leads to null) / P(conversion), which is P(channel visited | conversion) in the chain;
    removal_effect_value, the same of the expected value above 0. They need not sum to 1 (Anderl et al. 2016,
    doi:10.1016/j.ijresmar.2016.03.001).

    >>> frame = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [1, 1], "nulls": [0, 2]})
    >>> removal_effects(frame).select("channel", pl.col("removal_effect").round(3)).rows()
    [('a', 0.25), ('b', 1.0)]
    """
    chain = _as_chain(paths, order, states)
    effects = _solve_once(chain).effects[0]
    return pl.DataFrame(
        {
            "channel": list(chain.channels),
            "removal_effect": effects[:, 0],
            "removal_effect_value": effects[:, 1],
        },
        schema_overrides={"channel": pl.String},
    ).sort("channel")


def conversion_probability(paths: object, order: int = 1, states: str = "padded") -> float:
    """P(conversion) of a journey in the fitted chain, which equals the observed share of journeys that convert.

    >>> conversion_probability(pl.DataFrame({"path": [["a"]], "conversions": [1], "nulls": [3]}))
    0.25
    """
    return float(_solve_once(_as_chain(paths, order, states)).base[0, 0])


def transition_matrix(paths: object, order: int = 1, states: str = "padded", *, loops: bool = False) -> pl.DataFrame:
    """The counted chain, one row per transition that occurs, sorted by source and target.

    ``loops`` keeps transitions of a state to itself, which lower the other probabilities of its row but
    change no removal effect. Returns source and target (states as 'a > b', oldest first; (start),
    (conversion), (null)), count (weighted journeys) and probability (sums to 1 per source).

    >>> transition_matrix(pl.DataFrame({"path": [["a"]], "conversions": [1], "nulls": [3]})).rows()
    [('(start)', 'a', 4.0, 1.0), ('a', '(conversion)', 1.0, 0.25), ('a', '(null)', 3.0, 0.75)]
    """
    chain = _as_chain(paths, order, states, loops=loops)
    names = pl.Series(
        [" > ".join(chain.channels[code] for code in reversed(row) if code >= 0) for row in chain.history.tolist()],
        dtype=pl.String,
    )
    ends = {end: pl.Series([end] * len(names), dtype=pl.String) for end in (START, CONVERSION, NULL)}
    parts = [
        (ends[START], names, chain.start.sum(axis=0)),
        (names.gather(chain.source), names.gather(chain.target), chain.weight.sum(axis=0)),
        (names, ends[CONVERSION], chain.conversions.sum(axis=0)),
        (names, ends[NULL], chain.nulls.sum(axis=0)),
    ]
    schema = {"source": pl.String, "target": pl.String, "count": pl.Float64}
    rows = pl.concat([pl.DataFrame([s, t, pl.Series(c)], schema=schema) for s, t, c in parts])
    return (
        rows.filter(pl.col("count") > 0)
        .with_columns(probability=pl.col("count") / pl.col("count").sum().over("source"))
        .sort("source", "target")
    )
