"""Contributions of our tables beside LightGBM's recursion, for one row and for a batch: CPU microseconds a row.

Usage: python -m benchmarks.scoring.explanations [--trees 1250] [--leaves 15] [--features 40] [--rows 2000]
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import lightgbm as lgb
import numpy as np

from scoring.tree_shap import TreeShap

ROUNDS = 5
SINGLES = 20


def train(trees: int, leaves: int, features: int) -> lgb.Booster:
    """A booster on 20,000 rows of which a fifth of the numbers matters."""
    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, features))
    logit = x[:, : features // 5].sum(axis=1) + x[:, 0] * x[:, 1]
    label = random.random(len(x)) < 1 / (1 + np.exp(-logit))
    settings = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.03, "verbose": -1, "num_threads": 2}
    return lgb.train(settings, lgb.Dataset(x, label.astype(float)), trees)


def cpu_of(work: Callable[[], object], times: int) -> float:
    """Median CPU microseconds of one call."""
    work()
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(times):
            work()
        took.append((time.process_time() - start) / times * 1e6)
    return median(took)


def main() -> None:
    """Print each way's cost a row, their ratio, and how far they are apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("trees", 1_250), ("leaves", 15), ("features", 40), ("rows", 2_000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    options = parser.parse_args()
    booster = train(options.trees, options.leaves, options.features)
    start = time.process_time()
    tables = TreeShap(booster.model_to_string())
    print(f"tables made in {time.process_time() - start:.2f} CPU s (compiling included the first time)")
    rows = np.random.default_rng(1).normal(size=(options.rows, options.features))

    def recursion(of: np.ndarray) -> np.ndarray:
        return np.asarray(booster.predict(of, pred_contrib=True, num_threads=1))

    for title, of, times in (("one row", rows[:1], SINGLES), (f"{len(rows):,} rows", rows, 1)):
        ours = cpu_of(lambda of=of: tables.contributions(of), times) / len(of)
        theirs = cpu_of(lambda of=of: recursion(of), times) / len(of)
        print(f"{title}: tables {ours:,.0f} us a row, LightGBM {theirs:,.0f}, ratio {theirs / ours:.1f}")
    print(f"largest difference {np.abs(tables.contributions(rows) - recursion(rows)[:, :-1]).max():.1e}")


if __name__ == "__main__":
    main()
