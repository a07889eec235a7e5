"""Training a million leads of 40 features beside bare LightGBM with the same trees: CPU seconds, wall and peak memory.

Usage: python -m benchmarks.scoring.speed [--rows 1000000] [--features 40] [--threads 2]
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

CATEGORIES = 4
LEVELS = 30


def make(rows: int, features: int) -> pl.DataFrame:
    """Numbers and a few categories; a tenth of the numbers matters, a fifth of two columns is unknown."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(rows, features - CATEGORIES)).astype(np.float32)
    codes = random.integers(0, LEVELS, (rows, CATEGORIES))
    logit = -1.5 + numbers[:, :4] @ np.array([0.6, -0.5, 0.4, 0.3]) + 0.05 * (codes[:, 0] - LEVELS / 2)
    won = random.random(rows) < 1 / (1 + np.exp(-logit))
    numbers[random.random(rows) < 0.2, 5:7] = np.nan
    columns = {f"n{i}": numbers[:, i] for i in range(numbers.shape[1])}
    names = np.array([f"level {i}" for i in range(LEVELS)])
    return pl.DataFrame(columns | {f"c{i}": names[codes[:, i]] for i in range(CATEGORIES)} | {"won": won})


def train_ours(frame: pl.DataFrame, threads: int) -> dict[str, object]:
    """`scoring.train` as it comes; returns the shape that it chose."""
    import scoring

    return dict(scoring.train(frame, label="won", threads=threads).metrics["shape"])


def train_bare(frame: pl.DataFrame, threads: int, shape: dict[str, object]) -> dict[str, object]:
    """LightGBM alone on a matrix that is given: the trees of ``shape`` and nothing else."""
    from scoring import boosting, schema

    learned = schema.fit(frame, [name for name in frame.columns if name != "won"])
    rows = boosting.Rows(learned.encode(frame), frame["won"].to_numpy().astype(float), learned.categorical)
    rounds = int(str(shape.pop("rounds")))
    start = time.process_time(), time.perf_counter()
    boosting.fit_rounds(rows, boosting.Shape(**shape), rounds, seed=0, threads=threads)  # type: ignore[arg-type]
    return {"cpu_s": time.process_time() - start[0], "wall_s": time.perf_counter() - start[1]}


def run_alone(options: argparse.Namespace, shape: str) -> dict[str, object]:
    """One training in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.scoring.speed", "--alone", shape]
    for name in ("rows", "features", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told: dict[str, object] = json.loads(answer.splitlines()[-1])
    return told


def main() -> None:
    """Print both trainings and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--alone", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone is None:
        ours = run_alone(options, "ours")
        bare = run_alone(options, json.dumps(ours["shape"]))
        for title, told in (("scoring.train", ours), ("bare LightGBM", bare)):
            print(f"{title}: {told['cpu_s']:.1f} CPU s, {told['wall_s']:.1f} s, peak {told['peak_mb']:.0f} MB")
        print(f"ratio of CPU seconds {float(str(ours['cpu_s'])) / float(str(bare['cpu_s'])):.2f}; {ours['shape']}")
        return
    frame = make(options.rows, options.features)
    start = time.process_time(), time.perf_counter()
    if options.alone == "ours":
        shape = train_ours(frame, options.threads)
        told = {
            "shape": shape,
            "cpu_s": time.process_time() - start[0],
            "wall_s": time.perf_counter() - start[1],
        }
    else:
        told = train_bare(frame, options.threads, json.loads(options.alone))
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


if __name__ == "__main__":
    main()
