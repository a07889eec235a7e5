"""Log-odds and back, without overflow. Nothing else."""

import numpy as np


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Probability of log-odds.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(logit))
    return np.asarray(np.where(logit >= 0, 1.0, small) / (1.0 + small))


def log_sigmoid(logit: np.ndarray) -> np.ndarray:
    """Logarithm of the probability of log-odds."""
    return np.asarray(-np.logaddexp(0.0, -logit))


def row_losses(label: np.ndarray, logit: np.ndarray) -> np.ndarray:
    """Log loss of each row, from 0/1 labels and log-odds."""
    return -log_sigmoid(np.where(label > 0, logit, -logit))
