"""Why a figure changed between two periods: what each segment added, by volume, mix and rate. Reading is a query's."""

import polars as pl

EFFECTS = ("volume", "mix", "rate")


def decompose(segments: pl.DataFrame) -> pl.DataFrame:
    """What each segment adds to the change of a total, as effects that sum to it.

    ``segments``: ``segment``, ``base_before``, ``base_now`` (how many cases, such as new leads), ``before`` and ``now``
    (what they gave, such as won leads), all at least 0. With N cases in all, a segment's part s of them and its yield
    a case r, it gives N s r. Means over both periods carry a bar:

    * ``volume`` = mean(s) (N1 - N0) mean(r): more or fewer cases, with the parts as they were;
    * ``mix`` = mean(N) (s1 - s0) mean(r): cases come from other segments;
    * ``rate`` = mean(N s) (r1 - r0): a case gives more or less.

    The three sum to ``change`` in each row, and the rows to the change of the total. Where a period has no case, its
    yield is taken from the other period; what is given without a case in it is all ``rate``.

    Returns ``segment``, ``before``, ``now``, ``change``, ``volume``, ``mix`` and ``rate``, the largest change first.

    >>> frame = pl.DataFrame({"segment": ["a", "b"], "base_before": [10, 10], "base_now": [20, 10],
    ...                       "before": [5, 1], "now": [10, 1]})
    >>> decompose(frame).select("segment", "change", pl.col("volume", "mix", "rate").round(2)).rows()
    [('a', 5.0, 2.92, 2.08, 0.0), ('b', 0.0, 0.42, -0.42, 0.0)]
    """
    base0, base1 = pl.col("base_before").cast(pl.Float64), pl.col("base_now").cast(pl.Float64)
    before, now = pl.col("before").cast(pl.Float64), pl.col("now").cast(pl.Float64)
    rate0 = pl.when(base0 > 0).then(before / base0)
    rate1 = pl.when(base1 > 0).then(now / base1)
    part0 = pl.when(base0.sum() > 0).then(base0 / base0.sum())
    part1 = pl.when(base1.sum() > 0).then(base1 / base1.sum())
    # a yield without a case to carry it has no place among the factors
    is_carried = ((base0 > 0) | (before == 0)) & ((base1 > 0) | (now == 0))
    framed = segments.with_columns(
        change=now - before,
        total0=base0.sum(),
        total1=base1.sum(),
        part0=pl.coalesce(part0, part1, pl.lit(0.0)),
        part1=pl.coalesce(part1, part0, pl.lit(0.0)),
        rate0=pl.coalesce(rate0, rate1, pl.lit(0.0)),
        rate1=pl.coalesce(rate1, rate0, pl.lit(0.0)),
        is_carried=is_carried,
        before=before,
        now=now,
    )
    yields = (pl.col("rate0") + pl.col("rate1")) / 2
    grown = pl.col("total1") - pl.col("total0")
    shifted = pl.col("part1") - pl.col("part0")
    volume = (pl.col("part0") + pl.col("part1")) / 2 * grown * yields
    mix = (pl.col("total0") + pl.col("total1")) / 2 * shifted * yields
    effects = framed.with_columns(
        volume=pl.when("is_carried").then(volume).otherwise(0.0),
        mix=pl.when("is_carried").then(mix).otherwise(0.0),
    ).with_columns(rate=_settle(pl.col("change") - pl.col("volume") - pl.col("mix"), pl.col("change")))
    shown = effects.select("segment", "before", "now", "change", *EFFECTS)
    return shown.sort(pl.col("change").abs(), "segment", descending=[True, False])


def add_up(segments: pl.DataFrame) -> pl.DataFrame:
    """The same for a figure that is counted and no product: columns ``segment``, ``before``, ``now``, ``change``."""
    before, now = pl.col("before").cast(pl.Float64), pl.col("now").cast(pl.Float64)
    framed = segments.select("segment", before, now, change=now - before)
    return framed.sort(pl.col("change").abs(), "segment", descending=[True, False])


def gather_rest(segments: pl.DataFrame, rest: str, most: int) -> pl.DataFrame:
    """At most ``most`` segments, the largest (by what they gave in both periods); the others together as ``rest``."""
    ranked = segments.sort(pl.col("before") + pl.col("now"), "segment", descending=[True, False])
    if ranked.height <= most:
        return ranked
    kept, others = ranked.head(most - 1), ranked.tail(ranked.height - most + 1)
    summed = others.select(pl.lit(rest).alias("segment"), pl.exclude("segment").sum()).select(ranked.columns)
    return pl.concat([kept, summed])


def _settle(value: pl.Expr, scale: pl.Expr) -> pl.Expr:
    """Zero where rounding alone is left."""
    return pl.when(value.abs() <= 1e-9 * pl.max_horizontal(scale.abs(), pl.lit(1.0))).then(0.0).otherwise(value)
