"""Credit from sums over journeys, for all days or a period. How the sums are kept is in counts.py."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from attribution.absorption import solve
from attribution.chain import Chain, Counter
from attribution.counts import Counts
from attribution.errors import BadParameter, TooManyChannels
from attribution.gathering import Plan
from attribution.intervals import bound_columns, read_replicates
from attribution.paths import UNATTRIBUTED
from attribution.sample import draw_weightings
from attribution.segments import FloatArray, IntArray, ratio
from attribution.sums import AMOUNTS

_DAY = 86_400_000_000
_KEY_LIMIT = 1 << 62
# So many counts are kept per run with intervals; chains with more transitions share fewer buckets of people.
_CELLS = 40_000_000


def credit_counts(
    counts: Counts,
    model: str = "markov",
    *,
    since: date | None = None,
    until: date | None = None,
    as_of: date | None = None,
    intervals: float | None = None,
    replicates: int = 1000,
    seed: int = 0,
    include_unattributed: bool = False,
    **parameters: object,
) -> pl.DataFrame:
    """Credit as credit() gives it, from counts that were made for this model and these parameters.

    ``since`` and ``until`` (days, UTC, the second not included) take the journeys that ended in between;
    ``as_of`` (the start of that day) leaves out null journeys that were still open then, and what came later.
    All three need counts by day; with a lookback that is no whole number of days, a null journey counts from
    the day on which the last of its day's would close. ``intervals``, ``replicates``, ``seed`` and
    ``include_unattributed``: as in credit(); the same people fall into the same buckets and draws.

    Returns one row per channel that a journey of the counts meets, sorted: channel, conversions, value and,
    with intervals, their bounds. Raises BadParameter where the counts lack what is asked.

    >>> from datetime import datetime, timedelta
    >>> from attribution.counts import count_paths
    >>> touchpoints = pl.DataFrame({"person_id": [1, 1], "channel": ["search", "email"],
    ...     "occurred_at": [datetime(2026, 1, 1), datetime(2026, 1, 3)]})
    >>> conversions = pl.DataFrame({"person_id": [1], "converted_at": [datetime(2026, 1, 4)], "value": [100]})
    >>> counts = count_paths(touchpoints, conversions, lookback=timedelta(days=30), models=["linear"])
    >>> credit_counts(counts, "linear").rows()
    [('email', 0.5, 50.0), ('search', 0.5, 50.0)]
    """
    plan = Plan.read((model, parameters))
    if plan.label not in counts.models:
        raise BadParameter(
            f"these counts hold no {plan.label}",
            hint=f"they hold {', '.join(counts.models) or 'none'}; name it in models",
        )
    sums = _choose(counts, since, until, as_of)
    weightings = np.ones((1, 1))
    if intervals is not None:
        weightings = draw_weightings(read_replicates(intervals, replicates), counts.buckets, seed)
    found = _estimate(plan, sums, counts.channels, weightings, seed)
    columns: dict[str, object] = {"channel": list(counts.channels)}
    columns |= {name: table[0] for name, table in found.items()}
    columns |= bound_columns(found, intervals) if intervals is not None else {}
    credits = pl.DataFrame(columns, schema_overrides={"channel": pl.String})
    alone = sums.filter(pl.col("part") == "unattributed")
    weight, gains, losses = (float(alone[name].to_numpy().sum()) for name in AMOUNTS)
    if include_unattributed and weight:
        amounts = {"conversions": weight, "value": gains - losses}
        line = {name: UNATTRIBUTED if name == "channel" else amounts[name.split("_")[0]] for name in credits.columns}
        credits = pl.concat([credits, pl.DataFrame([line], schema=credits.schema)])
    return credits


def _choose(counts: Counts, since: date | None, until: date | None, as_of: date | None) -> pl.DataFrame:
    """The sums of the days that are asked for."""
    sums = counts.sums
    if since is None and until is None and as_of is None:
        return sums
    if not counts.days:
        raise BadParameter("these counts know no days", hint="count_paths(..., days=True)")
    for name, day in (("since", since), ("until", until), ("as_of", as_of)):
        if day is not None and not isinstance(day, date):
            raise BadParameter(f"{name} is {day!r}", hint="give a date")
    if since is not None:
        sums = sums.filter(pl.col("day") >= since)
    if until is not None:
        sums = sums.filter(pl.col("day") < until)
    if as_of is not None:
        whole_days = -(-counts.options.closes_after // _DAY)
        sums = sums.filter(
            pl.when("converted")
            .then(pl.col("day") < as_of)
            .otherwise(pl.col("day") < as_of - timedelta(days=whole_days))
        )
    return sums


def _estimate(
    plan: Plan, sums: pl.DataFrame, channels: tuple[str, ...], weightings: FloatArray, seed: int
) -> dict[str, FloatArray]:
    """Conversions and value (N, K) for every weighting of buckets."""
    if plan.name == "markov":
        return _estimate_chain(plan, sums, channels, weightings, seed)
    size, buckets = len(channels), weightings.shape[1]
    rows = sums.filter(pl.col("part") == plan.label)
    key = rows["bucket"].to_numpy().astype(np.int64) % buckets * size + rows["d0"].to_numpy()
    summed = [np.bincount(key, rows[name].to_numpy(), minlength=buckets * size) for name in AMOUNTS]
    met = [weightings @ amounts.reshape(buckets, size) for amounts in summed]
    if plan.name == "participation":
        journeys = sums.filter((pl.col("part") == "journey") & pl.col("converted"))
        bucket = journeys["bucket"].to_numpy().astype(np.int64) % buckets
        totals = [weightings @ np.bincount(bucket, journeys[name].to_numpy(), minlength=buckets) for name in AMOUNTS]
        met = [_share(amounts, total) for amounts, total in zip(met, totals, strict=True)]
    return {"conversions": met[0], "value": met[1] - met[2]}


def _share(parts: FloatArray, totals: FloatArray) -> FloatArray:
    shared: FloatArray = ratio(parts, parts.sum(axis=1, keepdims=True)) * totals[:, np.newaxis]
    return shared


def _estimate_chain(
    plan: Plan, sums: pl.DataFrame, channels: tuple[str, ...], weightings: FloatArray, seed: int
) -> dict[str, FloatArray]:
    buckets = weightings.shape[1]
    arcs = sums.filter(pl.col("part") == plan.label).select(
        pl.struct(*(f"d{at}" for at in range(plan.order + 1))).n_unique()
    )
    most = int(2 ** np.clip(np.floor(np.log2(_CELLS / max(int(arcs.item()), 1))), 5, 8))
    if buckets > most:
        buckets = most
        weightings = draw_weightings(len(weightings) - 1, buckets, seed)
    chain = _build_chain(plan, sums, channels, buckets)
    effects = solve(chain, weightings).effects
    totals = [(weightings @ amounts).sum(axis=1) for amounts in (chain.conversions, chain.gains, chain.losses)]
    conversions, gains, losses = (_share(effects[..., kind], total) for kind, total in enumerate(totals))
    return {"conversions": conversions, "value": gains - losses}


def _build_chain(plan: Plan, sums: pl.DataFrame, channels: tuple[str, ...], buckets: int) -> Chain:
    """The chain of these sums, one bucket per bucket of people."""
    base = len(channels) + 1
    if base ** (plan.order + 1) * buckets >= _KEY_LIMIT:
        raise TooManyChannels(
            f"{len(channels)} channels at order {plan.order} have more states than can be numbered",
            hint="lower the order or roll rare channels up into one",
        )
    counter = Counter(plan.order, base, padded=plan.padded, cells=buckets)

    def keys(rows: pl.DataFrame, width: int) -> IntArray:
        key: IntArray = rows["bucket"].to_numpy().astype(np.int64) % buckets * base**width
        for at in range(width):
            key += (rows[f"d{at}"].to_numpy().astype(np.int64) + 1) * base**at
        return key

    rows = sums.filter(pl.col("part") == plan.label)
    counter.arcs.add(keys(rows, plan.order + 1), rows["weight"].to_numpy())
    rows = sums.filter(pl.col("part") == f"{plan.label} start")
    counter.starts.add(keys(rows, plan.order), rows["weight"].to_numpy())
    for converted, name in ((True, "conversions"), (False, "nulls")):
        rows = sums.filter((pl.col("part") == f"{plan.label} end") & (pl.col("converted") == converted))
        counter.ends[name].add(keys(rows, plan.order), rows["weight"].to_numpy())
        if converted:
            counter.ends["gains"].add(keys(rows, plan.order), rows["gains"].to_numpy())
            counter.ends["losses"].add(keys(rows, plan.order), rows["losses"].to_numpy())
    return counter.chain(channels)
