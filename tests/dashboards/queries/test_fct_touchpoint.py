"""Timelines and paths."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest

from dashboards.queries import fct_touchpoint
from tests.dashboards.marts import LEADS
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def test_a_timeline_is_in_order_and_keeps_the_latest(two_tenants: TwoTenants) -> None:
    whole = fct_touchpoint.read_timeline(two_tenants.a.id, "person:5")
    assert whole["occurred_at"].is_sorted()
    latest = fct_touchpoint.read_timeline(two_tenants.a.id, "person:5", limit=2)
    assert latest.equals(whole.tail(2))


def test_paths_collapse_repeats_and_count_each_sale_once(two_tenants: TwoTenants, today: date) -> None:
    end = datetime.combine(today, time.max, UTC)
    paths = fct_touchpoint.read_top_paths(two_tenants.a.id, end - timedelta(days=365), end, timedelta(days=90))
    assert paths["conversion_count"].sum() == LEADS // 6
    assert paths["value_cents"].sum() == LEADS // 6 * 1_000_000
    for path in paths["path"].to_list():
        assert path[:2] == ["paid_search", "email"]
        assert all(one != other for one, other in itertools.pairwise(path))


def test_the_lookback_is_half_open(two_tenants: TwoTenants, today: date) -> None:
    end = datetime.combine(today, time.max, UTC)
    within = fct_touchpoint.read_top_paths(two_tenants.a.id, end - timedelta(days=365), end, timedelta(days=6))
    assert {len(path) for path in within["path"].to_list()} <= {1}
