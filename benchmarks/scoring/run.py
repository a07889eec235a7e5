"""Re-runs the anchors table: our defaults beside LightGBM's defaults and naive Bayes. The product never imports this.

Usage: python -m benchmarks.scoring.run [DATA_FOLDER] [--only NAME]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl

import scoring
from benchmarks.scoring.datasets import Split, load_bank, load_olist, stratified_folds, temporal_split
from scoring import schema
from scoring.metrics import measure

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
MEASURES = ("roc_auc", "pr_auc", "log_loss", "brier", "ece", "lift_at_10")
RECORDED = {
    "bank, 5 folds": "LightGBM defaults .800/.272, tuned .806/.269, CatBoost .804/.271",
    "bank, temporal": "LightGBM defaults .651/.834, tuned .671/.780, CatBoost .721/.703",
    "olist, 5 folds": "LightGBM defaults .724/.294, tuned .746/.261, CatBoost .734/.270, blend .748/.262",
    "olist, temporal": "LightGBM defaults .665/.381, tuned .671/.319, naive Bayes .690/.324",
}
Scorer = Callable[[pl.DataFrame, pl.DataFrame, str, str | None], dict[str, float]]


def ours(teach: pl.DataFrame, test: pl.DataFrame, label: str, moment: str | None) -> dict[str, float]:
    """`scoring.train` with default settings."""
    return scoring.evaluate(scoring.train(teach, label=label, time=moment), test, label=label)


def lightgbm_defaults(teach: pl.DataFrame, test: pl.DataFrame, label: str, moment: str | None) -> dict[str, float]:
    """LightGBM as it comes, with its own categories."""
    names = [name for name in teach.columns if name not in (label, moment)]
    learned = schema.fit(teach, names)
    data = lgb.Dataset(learned.encode(teach), teach[label].to_numpy(), categorical_feature=learned.categorical)
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 0}, data)
    return measure(test[label].to_numpy(), np.asarray(booster.predict(learned.encode(test))))


def naive_bayes(teach: pl.DataFrame, test: pl.DataFrame, label: str, moment: str | None) -> dict[str, float]:
    """Frequencies of categories."""
    spare = [] if moment is None else [moment]
    return scoring.baseline(teach.drop(spare), label, test=test)


SCORERS: dict[str, Scorer] = {
    "scoring.train": ours,
    "LightGBM defaults, re-run": lightgbm_defaults,
    "naive Bayes, re-run": naive_bayes,
}


def judge(scorer: Scorer, frame: pl.DataFrame, label: str, splits: list[Split], moment: str | None) -> dict[str, float]:
    """Mean measures over the splits, and the CPU seconds of one."""
    start = time.process_time()
    results = [scorer(frame[teach], frame[test], label, moment) for teach, test in splits]
    mean = {name: float(np.mean([result[name] for result in results])) for name in MEASURES}
    return mean | {"cpu_s": (time.process_time() - start) / len(splits)}


def cases(folder: Path) -> dict[str, tuple[pl.DataFrame, str, list[Split], str | None]]:
    """Name to frame, label, splits and time column."""
    bank, olist = load_bank(folder), load_olist(folder)
    return {
        "bank, 5 folds": (bank.drop("order"), "y", stratified_folds(bank["y"].to_numpy()), None),
        "bank, temporal": (bank, "y", [temporal_split(bank.height)], "order"),
        "olist, 5 folds": (olist.drop("day"), "won", stratified_folds(olist["won"].to_numpy()), None),
        "olist, temporal": (olist, "won", [temporal_split(olist.height)], "day"),
    }


def main() -> None:
    """Print one Markdown table a dataset and split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    for name, (frame, label, splits, moment) in cases(options.folder).items():
        if options.only not in name:
            continue
        print(f"\n{name} ({frame.height} rows). Recorded ROC AUC / log loss: {RECORDED[name]}\n")
        print(f"| model | {' | '.join(MEASURES)} | CPU s |\n|---|{'---|' * (len(MEASURES) + 1)}")
        for title, scorer in SCORERS.items():
            result = judge(scorer, frame, label, splits, moment)
            figures = " | ".join(f"{result[measure_name]:.4f}" for measure_name in MEASURES)
            print(f"| {title} | {figures} | {result['cpu_s']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
