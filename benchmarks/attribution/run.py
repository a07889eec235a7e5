"""Times attribution against the cost of reading its input and against peers that can be imported. Nothing is asserted.

Run from the repository: python benchmarks/attribution/run.py [--journeys 100000] [--journeys 1000000]
Each part runs in a process of its own, so that peak memory is its own. CPU seconds are of all threads.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]
# Address space, which polars and pandas claim more of than they use.
MEMORY_GB = 20.0
# Other work on the machine disturbs short runs most: they are repeated until one was left alone.
FEWEST_RUNS, MOST_RUNS, ENOUGH_SECONDS = 2, 10, 3.0
# A part of a peer, and the part of ours that answers the same question from the same input.
PAIRS = {
    "ChannelAttribution 3 rules, from touches": "3 rules, from touches",
    **{
        f"ChannelAttribution markov {order}, from {source}": f"markov {order}, from {ours}"
        for order in (1, 2, 3)
        for source, ours in (("path strings", "paths"), ("touches", "touches"))
    },
    "marketing-attribution-models 5 rules": "5 rules, from touches",
    "marketing-attribution-models markov 1": "markov 1, from touches",
    "marketing-attribution-models shapley": "shapley counts, from touches",
}


def measure(name: str, touches: Path, sales: Path) -> dict[str, float | str]:
    """CPU and wall seconds of one part (the best of 2 to 10 runs, in 3 CPU seconds) and its process's peak memory."""
    from parts import PARTS

    try:
        run = PARTS[name](touches, sales)
    except ImportError as missing:
        return {"skipped": f"not installed: {missing.name}"}
    best: dict[str, float | str] = {}
    resource.setrlimit(resource.RLIMIT_AS, (int(MEMORY_GB * 2**30), int(MEMORY_GB * 2**30)))
    begun = time.process_time()
    for run_number in range(MOST_RUNS):
        if run_number >= FEWEST_RUNS and time.process_time() - begun > ENOUGH_SECONDS:
            break
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
    parser.add_argument("--only", action="append", help="parts whose name holds this word; may be given twice")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for journeys in asked.journeys or [100_000]:
        from parts import HUNGRY, PARTS
        from world import write_world

        files = write_world(asked.folder, journeys)
        if asked.part:
            print(json.dumps(measure(asked.part, *files)))
            continue
        print(f"\n{journeys:,} journeys\n{'part':52}{'CPU s':>9}{'wall s':>9}{'MB':>8}{'x floor':>9}{'x ours':>9}")
        floor, taken = 0.0, {}
        for name in PARTS:
            if asked.only and not any(word in name for word in asked.only):
                continue
            need = max((gb for peer, gb in HUNGRY.items() if name.startswith(peer)), default=0.0) * journeys / 1e6
            if need > MEMORY_GB:
                print(f"{name:52}  left out: it needs about {need:.0f} GB")
                continue
            command = [sys.executable, __file__, "--journeys", str(journeys), "--folder", str(asked.folder)]
            done = subprocess.run([*command, "--part", name], capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name:52}  failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            if "skipped" in found:
                print(f"{name:52}  {found['skipped']}")
                continue
            floor, taken[name] = floor or found["cpu"], found["cpu"]
            ours = taken.get(PAIRS.get(name, ""))
            told = f"{found['cpu']:9.3f}{found['wall']:9.3f}{found['memory']:8.0f}{found['cpu'] / floor:9.1f}"
            print(f"{name:52}{told}" + (f"{found['cpu'] / ours:9.1f}" if ours else ""), flush=True)


if __name__ == "__main__":
    main()
