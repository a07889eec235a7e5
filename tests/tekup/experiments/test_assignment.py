"""Assignment is a hash and nothing else: the same for ever, uniform, and independent between experiments."""

from hashlib import sha256

import numpy as np
import pytest
from scipy import stats

from tekup.experiments.assignment import Plan, Variant, assign, place_of

UNITS = [f"a-{number}" for number in range(20_000)]
EVEN = (Variant("control", 1), Variant("treatment", 1))


def test_a_place_is_what_the_documentation_says() -> None:
    digits = sha256(b"fast-reply:a-1").hexdigest()[:13]
    assert place_of("fast-reply", "a-1") == int(digits, 16) / 16**13
    assert place_of("prøve", "bruger-æ") == int(sha256("prøve:bruger-æ".encode()).hexdigest()[:13], 16) / 16**13


@pytest.mark.parametrize("salt", ["fast-reply", "7d0c", "traffic:homepage"])
def test_places_are_uniform(salt: str) -> None:
    places = [place_of(salt, unit) for unit in UNITS]
    assert stats.kstest(places, "uniform").pvalue > 0.001
    assert min(places) >= 0
    assert max(places) < 1


def test_weights_are_shares() -> None:
    plan = Plan("s", (Variant("a", 3), Variant("b", 1), Variant("c", 1)))
    given = [assign(plan, unit) for unit in UNITS]
    counts = [given.count(name) for name in "abc"]
    assert stats.chisquare(counts, np.array([0.6, 0.2, 0.2]) * len(UNITS)).pvalue > 0.001


def test_two_experiments_and_the_share_of_traffic_know_nothing_of_each_other() -> None:
    one, two = Plan("one", EVEN), Plan("two", EVEN, traffic_to=0.5)
    pairs = [(assign(one, unit), assign(two, unit)) for unit in UNITS]
    kept = [pair for pair in pairs if pair[1] is not None]
    assert len(kept) / len(UNITS) == pytest.approx(0.5, abs=0.02)
    table = [[kept.count((a, b)) for b in ("control", "treatment")] for a in ("control", "treatment")]
    assert stats.chi2_contingency(table).pvalue > 0.001
    assert stats.binomtest(sum(table[0]), len(kept)).pvalue > 0.001


def test_parts_of_one_layer_share_nobody_and_leave_nobody_out() -> None:
    first = Plan("one", EVEN, layer="home", traffic_to=0.3)
    second = Plan("two", EVEN, layer="home", traffic_from=0.3)
    takes = [(assign(first, unit) is not None, assign(second, unit) is not None) for unit in UNITS]
    assert all(a != b for a, b in takes)


def test_an_audience_leaves_out_whoever_is_not_known_to_belong() -> None:
    plan = Plan("one", EVEN, audience={"country": ["DK", "SE"]})
    assert assign(plan, "a-1", {"country": "DK"}) == "treatment"
    assert assign(plan, "a-1", {"country": "NO"}) is None
    assert assign(plan, "a-1") is None
