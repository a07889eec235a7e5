"""Points of the curves that show how scores met outcomes. Figures of one number are `scoring.metrics`'."""

import numpy as np
import polars as pl

TENTHS = 10
STEPS = 20
SCHEMA = {"place": pl.Int64, "x": pl.Float64, "y": pl.Float64, "lead_count": pl.Int64}


def calibration(label: np.ndarray, probability: np.ndarray) -> pl.DataFrame:
    """Reliability by tenths of the leads: ``x`` their mean probability, ``y`` the share won, ``place`` from 0, rising.

    >>> calibration(np.array([0.0, 1.0]), np.array([0.2, 0.8])).rows()
    [(0, 0.2, 0.0, 1), (1, 0.8, 1.0, 1)]
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if len(part)]
    rows = [(i, float(probability[p].mean()), float(label[p].mean()), len(p)) for i, p in enumerate(parts)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def gain(label: np.ndarray, probability: np.ndarray) -> pl.DataFrame:
    """Cumulative gain: of the best share ``x`` of the leads, ``y`` is the share of all wins; ``place`` from 0.

    Empty where nothing was won.

    >>> gain(np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.2, 0.8, 0.1, 0.3])).filter(x=0.25)["y"].to_list()
    [1.0]
    """
    wins = label.sum()
    if not wins:
        return pl.DataFrame(schema=SCHEMA)
    reached = np.concatenate([[0.0], np.cumsum(label[np.argsort(-probability, kind="stable")]) / wins])
    rows = []
    for place in range(STEPS + 1):
        taken = round(place / STEPS * len(label))
        rows.append((place, taken / len(label), float(reached[taken]), taken))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
