"""What a score costs in CPU time: one lead, and a night's batch by how many leads changed. No database is in it.

A night reads all leads, finds by a hash of their inputs which changed, and scores those. So its first part grows with
the leads, and its second, the dear one, with the changes.

Usage: python -m benchmarks.scoring.nights [--rows 20000 80000 320000] [--ones 2000]
"""

import argparse
import time

import numpy as np
import polars as pl

import scoring
from benchmarks.scoring.speed import make
from pipelines.models.scored_rows import INPUT_HASH, changed_rows

TAUGHT = 50_000
FEATURES = 40
SHARES = (0.0, 0.01, 0.1, 1.0)
KEY = "lead_id"


def time_ones(model: scoring.LeadModel, frame: pl.DataFrame, ones: int) -> None:
    """The time of a single lead, with and without its reasons."""
    leads = frame.head(ones).to_dicts()
    for reasons in (0, 3):
        took = []
        for lead in leads:
            start = time.process_time()
            model.score_one(lead, reasons=reasons)
            took.append((time.process_time() - start) * 1000)
        p50, p99 = np.percentile(took, [50, 99])
        print(f"score_one, {reasons} reasons: p50 {p50:.2f} ms, p99 {p99:.2f} ms of {ones} leads")


def time_night(model: scoring.LeadModel, rows: int) -> None:
    """A night of ``rows`` leads, once for each share of changed leads."""
    frame = make(rows, FEATURES).drop("won").with_columns(pl.int_range(pl.len()).cast(pl.String).alias(KEY))
    known = changed_rows(frame, model.features, pl.DataFrame(schema={KEY: pl.String, INPUT_HASH: pl.Int64}), KEY)
    stored = known.select(KEY, INPUT_HASH)
    for share in SHARES:
        count = round(rows * share)
        tonight = frame.with_columns(pl.when(pl.int_range(pl.len()) < count).then(9.0).otherwise("n0").alias("n0"))
        start = time.process_time()
        changed = changed_rows(tonight.cast({"n0": frame.schema["n0"]}), model.features, stored, KEY)
        looked = time.process_time() - start
        if changed.height:
            model.score(changed)
        whole = time.process_time() - start
        print(f"{rows:>9,} leads, {changed.height:>9,} changed: look {looked:6.2f}, look and score {whole:7.2f} CPU s")


def main() -> None:
    """Teach once, then time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 80_000, 320_000])
    parser.add_argument("--ones", type=int, default=2_000)
    options = parser.parse_args()
    frame = make(TAUGHT, FEATURES)
    model = scoring.train(frame, label="won", budget=1)
    time_ones(model, frame.drop("won"), options.ones)
    for rows in options.rows:
        time_night(model, rows)


if __name__ == "__main__":
    main()
