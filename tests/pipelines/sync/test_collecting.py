"""The cycle collector is held back for the time of a pull, and never longer."""

import gc

import pytest

from pipelines.sync.collecting import seldom_collecting


def test_the_collector_looks_seldom_within_and_as_before_after() -> None:
    before = gc.get_threshold()
    with seldom_collecting():
        assert gc.get_threshold()[0] >= 50_000
    assert gc.get_threshold() == before


def test_a_failure_puts_it_back() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="on the way"), seldom_collecting():
        raise ValueError("on the way")
    assert gc.get_threshold() == before
