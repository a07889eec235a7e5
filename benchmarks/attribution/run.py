"""Times attribution against the cost of reading its input and against peers that can be imported. Nothing is asserted.

Run from the repository: python benchmarks/attribution/run.py [--journeys 100000] [--journeys 1000000]
Each part runs in a process of its own, so that peak memory is its own. CPU seconds are of all threads.
"""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]
LOOKBACK = timedelta(days=90)
RULES = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "participation")
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


def _path_table(touches: Path, sales: Path) -> Any:
    """The peers' own input: aggregated path strings in a pandas frame. Making it is not counted against them."""
    import polars as pl

    import attribution

    paths = attribution.build_paths(pl.read_parquet(touches), pl.read_parquet(sales), lookback=LOOKBACK)
    return paths.frame.with_columns(pl.col("path").list.join(" > ")).to_pandas()


def channel_attribution(order: int) -> Part:
    def part(touches: Path, sales: Path) -> Callable[[], object]:
        peer = importlib.import_module("ChannelAttribution")
        table = _path_table(touches, sales)
        return lambda: peer.markov_model(
            table, "path", "conversions", var_value="value", var_null="nulls", order=order, flg_adv=False
        )

    return part


def channel_attribution_rules(touches: Path, sales: Path) -> Callable[[], object]:
    peer = importlib.import_module("ChannelAttribution")
    table = _path_table(touches, sales)
    return lambda: peer.heuristic_models(table, "path", "conversions", var_value="value", flg_adv=False)


def marketing_attribution_models(touches: Path, sales: Path) -> Callable[[], object]:
    peer = importlib.import_module("marketing_attribution_models")
    table = _path_table(touches, sales)
    table["converted"] = table["conversions"] > 0

    def run() -> object:
        model = peer.MAM(
            table,
            group_channels=False,
            channels_colname="path",
            journey_with_conv_colname="converted",
            path_separator=" > ",
        )
        return model.attribution_markov()

    return run


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
    "markov 1-3 and shapley, from touches": from_touches(*MARKOV, *SHAPLEY),
    "ChannelAttribution rules, from paths": channel_attribution_rules,
    "ChannelAttribution markov 1, from paths": channel_attribution(1),
    "ChannelAttribution markov 2, from paths": channel_attribution(2),
    "ChannelAttribution markov 3, from paths": channel_attribution(3),
    "marketing-attribution-models markov 1, from paths": marketing_attribution_models,
}


def measure(name: str, touches: Path, sales: Path) -> dict[str, float | str]:
    """CPU and wall seconds of one part (the better of two runs) and the peak memory of its process."""
    try:
        run = PARTS[name](touches, sales)
    except ImportError as missing:
        return {"skipped": f"not installed: {missing.name}"}
    best: dict[str, float | str] = {}
    for _ in range(2):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        if not best or spent["cpu"] < float(best["cpu"]):
            best = {**spent}
    best["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, action="append", help="sizes, default 100000")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tekup-benchmarks")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for journeys in asked.journeys or [100_000]:
        from world import write_world

        files = write_world(asked.folder, journeys)
        if asked.part:
            print(json.dumps(measure(asked.part, *files)))
            continue
        print(f"\n{journeys:,} journeys\n{'part':52}{'CPU s':>9}{'wall s':>9}{'MB':>8}{'x floor':>9}")
        floor = 0.0
        for name in PARTS:
            command = [sys.executable, __file__, "--journeys", str(journeys), "--folder", str(asked.folder)]
            done = subprocess.run([*command, "--part", name], capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name:52}  failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            if "skipped" in found:
                print(f"{name:52}  {found['skipped']}")
                continue
            floor = floor or found["cpu"]
            print(
                f"{name:52}{found['cpu']:9.3f}{found['wall']:9.3f}{found['memory']:8.0f}{found['cpu'] / floor:9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
