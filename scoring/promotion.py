"""Whether a candidate takes the champion's place: rules with guard rails, each of which can say no.

Both score the same leads, none of which either of them learned from. Where these come from, and what a decision
leads to, is not known here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import stats

from scoring.logit import row_losses
from scoring.metrics import expected_calibration_error

Outcome = Literal["promote", "challenge", "reject"]
MIXTURE = 0.0088
"""Variance of the mixture, which makes the confidence sequence tightest at about 1,000 rows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds of the decision.

    ``error``: how often a candidate that is no better may be promoted, and how often a fair one called harmful.
    ``calibration``: the calibration error that is always good enough; ``calibration_slack``: how much worse than the
    champion's it may be beyond that. ``harm``: log loss by which a slice must lose, surely, to count as harmed, and
    ``slice_rows`` its least size. ``milliseconds``: a lead's time to be scored that is always fast enough;
    ``slower``: beyond it, how many times the champion's.
    """

    error: float = 0.05
    calibration: float = 0.02
    calibration_slack: float = 0.005
    harm: float = 0.005
    slice_rows: int = 100
    milliseconds: float = 5.0
    slower: float = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """Outcomes (0/1), both models' probabilities, and what each row belongs to; milliseconds per lead where timed."""

    label: np.ndarray
    champion: np.ndarray
    candidate: np.ndarray
    slices: Mapping[str, np.ndarray] = field(default_factory=dict)
    champion_ms: float | None = None
    candidate_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict, with what was seen and what was allowed."""

    rule: str
    passed: bool
    observed: float | None
    allowed: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with the candidate, and why.

    ``promote``: surely better and within the guard rails. ``challenge``: neither surely better nor surely worse, so
    it may score beside the champion until that shows. ``reject``: surely worse, or past a guard rail.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def why(self) -> str:
        """The findings that decided, in a sentence."""
        told = [f.text for f in self.findings if not f.passed] or [self.findings[0].text]
        return "; ".join(told)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a table or a file."""
        return {"outcome": self.outcome, "findings": [asdict(finding) for finding in self.findings]}


def decide(evidence: Evidence, rules: Rules | None = None, *, anytime: bool = False) -> Decision:
    """Judge a candidate against the champion on the same leads.

    ``anytime``: the same pair is looked at again and again as outcomes come in, so the bounds hold for all looks at
    once (a normal-mixture confidence sequence) instead of for one.
    """
    bounds = rules or Rules()
    difference = row_losses(evidence.label, _logit(evidence.candidate)) - row_losses(
        evidence.label, _logit(evidence.champion)
    )
    rails = [_check_calibration(evidence, bounds), *_check_slices(evidence.slices, difference, bounds)]
    if evidence.candidate_ms is not None and evidence.champion_ms is not None:
        rails.append(_check_latency(evidence.champion_ms, evidence.candidate_ms, bounds))
    return _weigh(difference, rails, bounds, unit="log loss", anytime=anytime)


def decide_by_losses(
    champion: np.ndarray, candidate: np.ndarray, slices: Mapping[str, np.ndarray], rules: Rules | None = None
) -> Decision:
    """Judge a candidate of any kind by both models' losses on the same rows, smaller being better.

    The rules of quality and of groups hold as in `decide`; what they allow is in the unit of the losses.
    """
    bounds = rules or Rules()
    difference = candidate - champion
    return _weigh(difference, _check_slices(slices, difference, bounds), bounds, unit="loss", anytime=False)


def _weigh(difference: np.ndarray, rails: Sequence[Finding], bounds: Rules, *, unit: str, anytime: bool) -> Decision:
    mean, radius = _interval(difference, bounds.error, anytime=anytime)
    quality = Finding(
        "quality",
        mean + radius < 0,
        mean,
        -radius,
        f"{unit} {mean:+.4f} against the champion's, give or take {radius:.4f}, on {len(difference)} rows",
    )
    outcome: Outcome = "promote" if quality.passed else "challenge"
    if mean - radius > 0 or not all(rail.passed for rail in rails):
        outcome = "reject"
    return Decision(outcome, (quality, *rails))


def _check_calibration(evidence: Evidence, rules: Rules) -> Finding:
    rows = max(len(evidence.label), 1)
    champion, candidate = (
        expected_calibration_error(evidence.label, p) if len(evidence.label) else 0.0
        for p in (evidence.champion, evidence.candidate)
    )
    chance = 0.5 / rows**0.5  # two equally good models differ by about so much
    allowed = max(rules.calibration, champion + rules.calibration_slack + chance)
    text = f"calibration error {candidate:.4f}, allowed {allowed:.4f}"
    return Finding("calibration", bool(candidate <= allowed), candidate, float(allowed), text)


def _check_slices(slices: Mapping[str, np.ndarray], difference: np.ndarray, rules: Rules) -> list[Finding]:
    """No group of leads may pay for the gain of the others: one finding, or one for each group that does."""
    groups = [
        (name, str(value), rows)
        for name, values in slices.items()
        for value in np.unique(values.astype(str))
        if (rows := values.astype(str) == value).sum() >= rules.slice_rows and not rows.all()
    ]
    harmed = []
    for name, value, rows in groups:
        mean, radius = _interval(difference[rows], rules.error / len(groups), anytime=False)
        if mean - radius > 0 and mean >= rules.harm:
            text = f"leads with {name} = {value} would lose {mean:.4f} of log loss"
            harmed.append(Finding("fairness", False, mean, rules.harm, text))
    fine = Finding("fairness", True, None, rules.harm, f"none of {len(groups)} groups of leads is harmed")
    return harmed or [fine]


def _check_latency(champion: float, candidate: float, rules: Rules) -> Finding:
    allowed = max(rules.milliseconds, rules.slower * champion)
    text = f"{candidate:.2f} ms a lead, allowed {allowed:.2f}"
    return Finding("latency", candidate <= allowed, candidate, allowed, text)


def _interval(values: np.ndarray, error: float, *, anytime: bool) -> tuple[float, float]:
    """Mean and one-sided radius at ``error``; for ``anytime`` Robbins' normal mixture."""
    n = len(values)
    if n < 2:
        return (float(values.mean()) if n else 0.0), float("inf")
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    if not anytime:
        return mean, float(stats.norm.isf(error) * np.sqrt(variance / n))
    scaled = n * MIXTURE + 1
    return mean, float(np.sqrt(variance * 2 * scaled / (n * n * MIXTURE) * np.log(np.sqrt(scaled) / error)))


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
