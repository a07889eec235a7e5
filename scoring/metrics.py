"""How good probabilities are against outcomes. Models are not known here: arrays in, numbers out."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

ECE_BINS = 15


def measure(label: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """n, base_rate, roc_auc, pr_auc, log_loss, brier, ece and lift_at_10 of ``probability`` against 0/1 ``label``.

    The ranking measures are NaN where only one outcome occurs.
    """
    both = 0 < label.sum() < len(label)
    return {
        "n": len(label),
        "base_rate": float(label.mean()),
        "roc_auc": float(roc_auc_score(label, probability)) if both else float("nan"),
        "pr_auc": float(average_precision_score(label, probability)) if both else float("nan"),
        "log_loss": float(log_loss(label, probability, labels=[0, 1])),
        "brier": float(brier_score_loss(label, probability)),
        "ece": expected_calibration_error(label, probability),
        "lift_at_10": lift(label, probability, share=0.1),
    }


def expected_calibration_error(label: np.ndarray, probability: np.ndarray, *, bins: int = ECE_BINS) -> float:
    """Mean distance between predicted and realised rate over bins of equal width, weighted by their rows.

    >>> expected_calibration_error(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    0.0
    """
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(which, label - probability, minlength=bins)
    return float(np.abs(gaps).sum() / len(label))


def lift(label: np.ndarray, probability: np.ndarray, *, share: float) -> float:
    """Rate among the best-scored ``share`` of rows over the overall rate; ties at the edge count by their share."""
    if not label.sum():
        return float("nan")
    take = max(1.0, share * len(label))
    edge = np.partition(probability, len(probability) - int(np.ceil(take)))[len(probability) - int(np.ceil(take))]
    above, at = probability > edge, probability == edge
    wins = label[above].sum() + (take - above.sum()) * label[at].mean()
    return float(wins / take / label.mean())
