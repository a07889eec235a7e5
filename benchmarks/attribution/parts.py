"""What is timed: our own parts, the floor, and peers fed with their own input. How time is taken is in run.py."""

import contextlib
import importlib
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

LOOKBACK = timedelta(days=90)
RULES = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "participation")
FIVE_RULES = ("first", "last", "linear", "position", "time_decay")
"""Those that peers have, too."""
Part = Callable[[Path, Path], Callable[[], object]]


def scan(touches: Path, sales: Path) -> Callable[[], object]:
    import polars as pl

    names = ["person_id", "occurred_at", "channel"]
    return lambda: pl.read_parquet(touches, columns=names)


def build(touches: Path, sales: Path) -> Callable[[], object]:
    import polars as pl

    import attribution

    return lambda: attribution.build_paths(pl.scan_parquet(touches), pl.scan_parquet(sales), lookback=LOOKBACK)


def from_paths(*models: tuple[str, dict[str, Any]], **shared: Any) -> Part:
    def part(touches: Path, sales: Path) -> Callable[[], object]:
        import attribution

        paths = build(touches, sales)()
        return lambda: [attribution.credit(paths, name, **given, **shared) for name, given in models]

    return part


def from_touches(*models: tuple[str, dict[str, Any]]) -> Part:
    def part(touches: Path, sales: Path) -> Callable[[], object]:
        import attribution

        make = build(touches, sales)

        def run() -> object:
            paths = make()
            return [attribution.credit(paths, name, **given) for name, given in models]

        return run

    return part


def streamed(*models: tuple[str, dict[str, Any]]) -> Part:
    """Sums only, people by people: what needs the least memory."""

    def part(touches: Path, sales: Path) -> Callable[[], object]:
        import polars as pl

        import attribution

        def run() -> object:
            events = pl.scan_parquet(touches), pl.scan_parquet(sales)
            counts = attribution.count_paths(*events, lookback=LOOKBACK, models=models, buckets=1)
            return [attribution.credit_counts(counts, name, **given) for name, given in models]

        return run

    return part


def _path_strings(touches: Path, sales: Path) -> Any:
    """Aggregated path strings, the input of peers, made from touches as their users would: with one group-by."""
    import polars as pl

    journeys = pl.scan_parquet(touches).group_by("person_id").agg(pl.col("channel").str.join(" > ").alias("path"))
    sold = pl.scan_parquet(sales).group_by("person_id").agg(pl.col("value").sum(), pl.len().alias("conversions"))
    joined = journeys.join(sold, on="person_id", how="left").with_columns(nulls=pl.col("conversions").is_null())
    table = joined.group_by("path").agg(pl.col("conversions", "value", "nulls").sum()).collect()
    return table.with_columns(pl.col("conversions", "nulls").cast(pl.Int64)).to_pandas()


def _quietly(call: Callable[[], object]) -> object:
    with contextlib.redirect_stdout(io.StringIO()):
        return call()


def channel_attribution(order: int | None, *, strings: bool) -> Part:
    """ChannelAttribution's Markov model, or its rules; ``strings``: making its input counts as well."""

    def part(touches: Path, sales: Path) -> Callable[[], object]:
        peer = _quietly(lambda: importlib.import_module("ChannelAttribution"))
        table = None if strings else _path_strings(touches, sales)

        def run() -> object:
            given = _path_strings(touches, sales) if table is None else table
            if order is None:
                return _quietly(lambda: peer.heuristic_models(given, "path", "conversions", "value", flg_pro=False))
            return _quietly(
                lambda: peer.markov_model(
                    given, "path", "conversions", "value", "nulls", order=order, verbose=False, flg_pro=False
                )
            )

        return run

    return part


def marketing_attribution_models(*models: str) -> Part:
    """marketing-attribution-models from its own session format, its preparation included."""

    def part(touches: Path, sales: Path) -> Callable[[], object]:
        import polars as pl

        peer = importlib.import_module("mam")
        buyers = pl.scan_parquet(sales).select("person_id").unique().with_columns(converted=True)

        def run() -> object:
            seen = pl.scan_parquet(touches).join(buyers, on="person_id", how="left", maintain_order="left")
            sessions = seen.with_columns(pl.col("converted").fill_null(False)).collect()
            model = peer.MAM(sessions, "session", "channel", "converted", "occurred_at", "person_id")
            return [getattr(model, f"run_{name}")() for name in models]

        return run

    return part


MARKOV = [("markov", {"order": order}) for order in (1, 2, 3)]
SHAPLEY: list[tuple[str, dict[str, Any]]] = [("shapley", {}), ("shapley", {"game": "rate", "shrinkage": 50})]
PARTS: dict[str, Part] = {
    "floor: read 3 columns": scan,
    "build paths": build,
    "7 rules, from paths": from_paths(*((name, {}) for name in RULES)),
    "markov 1, from paths": from_paths(MARKOV[0]),
    "markov 2, from paths": from_paths(MARKOV[1]),
    "markov 3, from paths": from_paths(MARKOV[2]),
    "shapley counts and rates, from paths": from_paths(*SHAPLEY),
    "markov 1 with 1000 replicates, from paths": from_paths(MARKOV[0], intervals=0.9),
    "7 rules, from touches": from_touches(*((name, {}) for name in RULES)),
    **{f"markov {order}, from touches": from_touches(MARKOV[order - 1]) for order in (1, 2, 3)},
    "shapley counts, from touches": from_touches(SHAPLEY[0]),
    "5 rules, from touches": from_touches(*((name, {}) for name in FIVE_RULES)),
    "3 rules, from touches": from_touches(*((name, {}) for name in FIVE_RULES[:3])),
    "markov 1-3 and shapley counts, from touches": from_touches(*MARKOV, SHAPLEY[0]),
    "markov 1-3 and both shapley, from touches": from_touches(*MARKOV, *SHAPLEY),
    "7 rules, streamed from touches": streamed(*((name, {}) for name in RULES)),
    "markov 1-3 and shapley counts, streamed": streamed(*MARKOV, SHAPLEY[0]),
    "ChannelAttribution 3 rules, from path strings": channel_attribution(None, strings=False),
    "ChannelAttribution 3 rules, from touches": channel_attribution(None, strings=True),
    **{
        f"ChannelAttribution markov {order}, from {source}": channel_attribution(order, strings=source == "touches")
        for order in (1, 2, 3)
        for source in ("path strings", "touches")
    },
    "marketing-attribution-models 5 rules": marketing_attribution_models(
        "first_click", "last_click", "linear", "position_based", "time_decay"
    ),
    "marketing-attribution-models markov 1": marketing_attribution_models("markov"),
    "marketing-attribution-models shapley": marketing_attribution_models("shapley"),
}
# A peer that needs more than this much memory (GB per million journeys) is left out where it would not fit.
HUNGRY = {"marketing-attribution-models": 4.0}
