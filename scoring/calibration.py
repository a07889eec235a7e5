"""From raw to calibrated log-odds, by the map that held-out data prefers. Trees are not known here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from scoring.logit import log_sigmoid, row_losses, sigmoid

EDGE = 1e-6
LIMIT = float(np.log((1 - EDGE) / EDGE))
MIN_ROWS_ISOTONIC = 5_000

Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Calibrator:
    """A rising map of log-odds: ``none``, ``platt`` (a line), ``beta`` (Kull 2017) or ``isotonic`` (lines by knots)."""

    method: str = "none"
    slope: float = 1.0
    intercept: float = 0.0
    slope_low: float = 0.0
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated log-odds, clipped to probabilities of 1e-6 and its complement."""
        if self.method == "isotonic":
            out = np.interp(raw, self.knots, self.values)
        elif self.method == "beta":
            out = self.slope * log_sigmoid(raw) - self.slope_low * log_sigmoid(-raw) + self.intercept
        else:
            out = self.slope * raw + self.intercept
        return np.asarray(np.clip(out, -LIMIT, LIMIT))

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back."""
        plain = {
            "method": self.method,
            "slope": self.slope,
            "intercept": self.intercept,
            "slope_low": self.slope_low,
        }
        return {**plain, "knots": list(self.knots), "values": list(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Calibrator":
        """The calibrator that `to_json` wrote."""
        return cls(**{**data, "knots": tuple(data["knots"]), "values": tuple(data["values"])})


def choose(
    label: np.ndarray, raw: np.ndarray, splits: Sequence[Split]
) -> tuple[Calibrator, dict[str, float], np.ndarray]:
    """The calibrator with the least held-out log loss, refitted on all rows; every candidate's loss; log-odds.

    A candidate must beat ``none`` by more than two standard errors of the paired difference on the held-out rows
    of ``splits``; otherwise the raw log-odds stay. The log-odds returned are calibrated without the row's own
    outcome where a split holds it out, and raw elsewhere.
    """
    held = np.concatenate([test for _, test in splits])
    plain = row_losses(label[held], Calibrator().apply(raw[held]))
    losses, logits = {"none": float(plain.mean())}, {"none": Calibrator().apply(raw)}
    best = "none"
    for name, fit in FITTERS.items():
        if name == "isotonic" and len(label) < MIN_ROWS_ISOTONIC:
            continue
        out = Calibrator().apply(raw)
        for train, test in splits:
            out[test] = fit(label[train], raw[train]).apply(raw[test])
        gain = plain - row_losses(label[held], out[held])
        losses[name], logits[name] = float((plain - gain).mean()), out
        if gain.mean() > 2 * gain.std() / np.sqrt(len(gain)) and losses[name] < losses[best]:
            best = name
    chosen = FITTERS[best](label, raw) if best != "none" else Calibrator()
    return chosen, losses, logits[best]


def fit_platt(label: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Logistic regression on the raw log-odds; falls back to an intercept where the slope would not be positive."""
    slope, intercept = _logistic(np.column_stack([raw, np.ones_like(raw)]), label)
    if slope <= 0:
        return Calibrator()
    return Calibrator("platt", float(slope), float(intercept))


def fit_beta(label: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Beta calibration: separate positive slopes for ln p and ln(1-p), so that each end may be stretched alone."""
    design = np.column_stack([log_sigmoid(raw), -log_sigmoid(-raw), np.ones_like(raw)])
    high, low, intercept = _logistic(design, label)
    if high < 0 or low < 0:
        return fit_platt(label, raw)
    return Calibrator("beta", float(high), float(intercept), float(low))


def fit_isotonic(label: np.ndarray, raw: np.ndarray) -> Calibrator:
    """Isotonic regression, joined by lines between its steps' middles so that close scores stay close."""
    order = np.argsort(raw, kind="stable")
    fitted = IsotonicRegression(out_of_bounds="clip").fit(raw[order], label[order]).predict(raw[order])
    steps = np.flatnonzero(np.diff(fitted, prepend=-1.0))
    counts = np.diff(np.append(steps, len(fitted)))
    middles = np.add.reduceat(raw[order], steps) / counts
    rates = (np.add.reduceat(label[order], steps) + 0.5 * label.mean()) / (counts + 0.5)
    logits = np.maximum.accumulate(np.log(np.clip(rates, EDGE, 1 - EDGE) / np.clip(1 - rates, EDGE, 1)))
    return Calibrator("isotonic", knots=tuple(middles.tolist()), values=tuple(logits.tolist()))


FITTERS: dict[str, Callable[[np.ndarray, np.ndarray], Calibrator]] = {
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}


def _logistic(design: np.ndarray, label: np.ndarray, *, ridge: float = 1e-3, steps: int = 50) -> np.ndarray:
    """Newton's method with a whisper of ridge; starts from a slope of 1, where the trees already stand."""
    beta = np.zeros(design.shape[1])
    beta[:-1] = 1.0 / (design.shape[1] - 1) if design.shape[1] == 2 else 1.0
    start = beta.copy()
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (label - p) - ridge * (beta - start)
        hessian = (design * np.maximum(p * (1 - p), 1e-9)[:, None]).T @ design + ridge * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, 5.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(beta)
