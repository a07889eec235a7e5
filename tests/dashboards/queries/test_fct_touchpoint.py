"""Timelines."""

import pytest

from dashboards.queries import fct_touchpoint
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def test_a_timeline_is_in_order_and_keeps_the_latest(two_tenants: TwoTenants) -> None:
    whole = fct_touchpoint.read_timeline(two_tenants.a.id, "person:5")
    assert whole["occurred_at"].is_sorted()
    latest = fct_touchpoint.read_timeline(two_tenants.a.id, "person:5", limit=2)
    assert latest.equals(whole.tail(2))
