"""The rules of promotion: only what is surely better, within the guard rails, takes the champion's place."""

import numpy as np
import pytest

from scoring.promotion import Evidence, Rules, decide


def make(rows: int, *, noise: float, seed: int = 0, base_seed: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, and probabilities that miss the truth by ``noise`` in log-odds."""
    world = np.random.default_rng(base_seed)
    logit = world.normal(-1.5, 1, rows)
    label = (world.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
    seen = logit + np.random.default_rng(seed).normal(0, noise, rows)
    return label, 1 / (1 + np.exp(-seen))


def test_surely_better_is_promoted() -> None:
    label, good = make(3_000, noise=0.1, seed=1)
    _, poor = make(3_000, noise=0.8, seed=2)
    decision = decide(Evidence(label, poor, good))
    assert decision.outcome == "promote"
    assert "log loss -0.0" in decision.why


def test_surely_worse_is_rejected() -> None:
    label, good = make(3_000, noise=0.1, seed=1)
    _, poor = make(3_000, noise=0.8, seed=2)
    assert decide(Evidence(label, good, poor)).outcome == "reject"


def test_equal_models_and_too_few_leads_decide_nothing() -> None:
    label, good = make(3_000, noise=0.1)
    assert decide(Evidence(label, good, good)).outcome == "challenge"
    label, poor = make(30, noise=0.3, seed=1)
    _, good = make(30, noise=0.2, seed=2)
    assert decide(Evidence(label, poor, good)).outcome == "challenge"
    assert decide(Evidence(label[:0], poor[:0], good[:0])).outcome == "challenge"


def test_a_gain_in_rank_that_costs_calibration_is_rejected() -> None:
    label, good = make(5_000, noise=0.05)
    base = np.full(5_000, label.mean())  # calibrated, if of no use
    stretched = 1 / (1 + np.exp(-1.8 * np.log(good / (1 - good))))
    decision = decide(Evidence(label, base, stretched))
    assert decision.outcome == "reject"
    assert [f.rule for f in decision.findings if not f.passed and f.rule != "quality"] == ["calibration"]


def test_no_group_pays_for_the_others() -> None:
    label, good = make(4_000, noise=0.05)
    _, poor = make(4_000, noise=0.8, seed=3)
    groups = np.where(np.arange(4_000) < 800, "da", "en")
    mixed = np.where(groups == "da", make(4_000, noise=1.6, seed=5)[1], good)
    champion = np.where(groups == "da", good, poor)
    decision = decide(Evidence(label, champion, mixed, {"language": groups}), Rules(calibration=1.0))
    assert decision.outcome == "reject"
    assert "language = da would lose" in decision.why


def test_a_slow_candidate_is_rejected() -> None:
    label, good = make(3_000, noise=0.1, seed=1)
    _, poor = make(3_000, noise=0.8, seed=2)
    decision = decide(Evidence(label, poor, good, champion_ms=1.0, candidate_ms=9.0))
    assert decision.outcome == "reject"
    assert decision.why == "9.00 ms a lead, allowed 5.00"
    assert decide(Evidence(label, poor, good, champion_ms=8.0, candidate_ms=9.0)).outcome == "promote"


@pytest.mark.parametrize(("anytime", "most"), [(False, 1.0), (True, 0.06)])
def test_looking_again_and_again_promotes_no_equal_when_the_bounds_hold_for_all_looks(
    anytime: bool, most: float
) -> None:
    """150 pairs of equally good models, looked at 20 times each as outcomes come in."""
    promoted = 0
    for pair in range(150):
        label, first = make(2_000, noise=0.5, seed=2 * pair, base_seed=pair)
        _, second = make(2_000, noise=0.5, seed=2 * pair + 1, base_seed=pair)
        promoted += any(
            decide(Evidence(label[:n], first[:n], second[:n]), anytime=anytime).findings[0].passed
            for n in range(100, 2_001, 100)
        )
    assert promoted / 150 <= most
    if not anytime:
        assert promoted / 150 > 0.06, "without them it would"
