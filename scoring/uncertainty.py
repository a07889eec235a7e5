"""How far a lead's log-odds may be off: the pooled model's part, learned from models that saw half of the leads each.

Two models of disjoint halves differ by twice the variance of one of them, and a model of all the leads has about half
of that variance; so a quarter of the squared difference estimates it. The squares are smoothed over leads by a
log-linear regression on the score and on the lead's surprise (`scoring.novelty`), so that scoring needs no second set
of trees. Halves don't see what models of this kind all smooth away on thin data, so what a linear model with as many
coefficients could not know is added: ``(1 + features) / (leads * rate * (1 - rate))``, from Fisher's information.
What a tenant's own effects add is known to `scoring.adaptation`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.logit import sigmoid

LEVEL = 0.9
"""The share of leads whose true probability the interval is meant to hold."""
Z = 1.6449
BIAS = 1.4
"""What the interval is widened by; measured on worlds of known truth (ADR 19)."""
RATE = 2 / 3
"""Variance falls like leads to minus this, where halves were taken from a part of the leads."""
CLIP = 4.0
ENOUGH = 0.5
"""A score has enough data where its own variance is at most this share of the variance among scores."""


@dataclass(frozen=True)
class Uncertainty:
    """``log variance = weights . (1, surprise, score, score²)``, standardised, plus the linear model's ``floor``."""

    weights: tuple[float, float, float, float]
    surprise: tuple[float, float]
    score: tuple[float, float]
    floor: float
    signal: float

    def variance(self, logit: np.ndarray, surprise: np.ndarray) -> np.ndarray:
        """The variance of the pooled log-odds of each row."""
        a, b, c, d = self.weights
        s, f = _standard(surprise, self.surprise), _standard(logit, self.score)
        return np.asarray(np.exp(a + b * s + f * (c + d * f)) + self.floor)

    def has_enough_data(self, variance: np.ndarray) -> np.ndarray:
        """Whether the score is surer than the scores of the training are apart: else it ranks by chance."""
        return np.asarray(variance <= ENOUGH * self.signal)

    def _design(self, logit: np.ndarray, surprise: np.ndarray) -> np.ndarray:
        s, f = _standard(surprise, self.surprise), _standard(logit, self.score)
        return np.column_stack([np.ones_like(s), s, f, f * f])

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Uncertainty":
        """What `to_json` wrote."""
        weights, surprise, score = (tuple(data[name]) for name in ("weights", "surprise", "score"))
        return cls(weights, surprise, score, float(data["floor"]), float(data["signal"]))


def fit(
    differences: Sequence[np.ndarray],
    logit: np.ndarray,
    surprise: np.ndarray,
    label: np.ndarray,
    *,
    leads: int,
    features: int,
    signal: float,
) -> Uncertainty:
    """Learn from calibrated log-odds' differences between halves of these rows; ``leads`` is how many taught the model.

    ``signal`` is the variance of the log-odds among the leads that were held out.
    """
    quarter = np.mean([difference**2 for difference in differences], axis=0) / 4
    quarter = np.maximum(quarter * (len(logit) / leads) ** RATE, 1e-9)
    rate = label.mean()
    empty = Uncertainty(
        (float(np.log(quarter.mean())), 0.0, 0.0, 0.0),
        (float(surprise.mean()), max(float(surprise.std()), 1e-6)),
        (float(logit.mean()), max(float(logit.std()), 1e-6)),
        float((1 + features) / (leads * rate * (1 - rate))),
        float(signal),
    )
    weights = _gamma_regression(empty._design(logit, surprise), quarter, np.asarray(empty.weights))
    a, b, c, d = (round(float(w), 9) for w in weights)
    return Uncertainty((a, b, c, d), empty.surprise, empty.score, empty.floor, empty.signal)


def interval(logit: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper end, in probability, between which the true probability lies for `LEVEL` of the leads."""
    reach = Z * BIAS * np.sqrt(variance)
    return sigmoid(logit - reach), sigmoid(logit + reach)


def _standard(values: np.ndarray, by: tuple[float, float]) -> np.ndarray:
    return np.asarray(np.minimum(np.maximum((values - by[0]) / by[1], -CLIP), CLIP))


def _gamma_regression(design: np.ndarray, target: np.ndarray, start: np.ndarray, *, ridge: float = 1e-3) -> np.ndarray:
    """Newton's method for a gamma likelihood with logarithmic link."""
    beta = start.copy()
    weight = 1 / len(target)
    for _ in range(50):
        ratio = target / np.exp(np.clip(design @ beta, -30, 30))
        gradient = weight * (design.T @ (1 - ratio)) + ridge * (beta - start)
        hessian = weight * (design * ratio[:, None]).T @ design + ridge * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        beta = beta - step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return beta
