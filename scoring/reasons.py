"""From contributions in log-odds to reasons in units of probability. How the log-odds arose is not known here.

The path from the base to the lead is walked in a straight line of log-odds, so each feature gets the share of the
probability that it has of the log-odds (the Aumann-Shapley value of the calibrated sigmoid): shares sum exactly.
"""

import numpy as np
import polars as pl

from scoring.logit import sigmoid

DTYPE = pl.List(pl.Struct({"feature": pl.String, "value": pl.String, "contribution": pl.Float64}))
FLAT = 1e-9


def to_probability(parts: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Contributions (rows, features) in log-odds to probability; each row sums to p minus the base's probability.

    >>> to_probability(np.array([[1.0, -0.5]]), np.array([0.0])).round(4).tolist()
    [[0.2449, -0.1225]]
    """
    total = parts.sum(axis=1)
    start = sigmoid(base)
    flat = np.abs(total) < FLAT
    slope = np.where(flat, start * (1 - start), (sigmoid(base + total) - start) / np.where(flat, 1.0, total))
    return np.asarray(parts * slope[:, None])


def strongest(contributions: np.ndarray, count: int) -> np.ndarray:
    """Positions of the ``count`` strongest contributions of each row, strongest first; ties by column order."""
    return np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :count]
