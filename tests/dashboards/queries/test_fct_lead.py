"""Ranking, filters, search and limits of the lead list."""

from uuid import UUID, uuid4

import pytest

from dashboards.queries import fct_lead
from dashboards.queries.fct_lead import LeadFilter
from tests.dashboards.marts import CHANNELS, LEADS, lead_id
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def tenant(two_tenants: TwoTenants) -> UUID:
    return two_tenants.a.id


def test_likeliest_come_first_and_unscored_last(tenant: UUID) -> None:
    ranked = fct_lead.read_ranked(tenant, LeadFilter())
    probabilities = ranked["probability"].to_list()
    assert probabilities[:-1] == sorted(probabilities[:-1], reverse=True)
    assert probabilities[-1] is None


def test_the_list_is_bounded(tenant: UUID) -> None:
    assert fct_lead.read_ranked(tenant, LeadFilter(), limit=7).height == 7


@pytest.mark.parametrize(
    "wanted",
    [
        LeadFilter(statuses=("won",)),
        LeadFilter(grades=("A", "B")),
        LeadFilter(sources=("email",)),
        LeadFilter(statuses=("new",), grades=("A",), sources=("paid_search",), search="alfa"),
    ],
)
def test_a_filter_lets_only_matching_leads_through(tenant: UUID, wanted: LeadFilter) -> None:
    found = fct_lead.read_ranked(tenant, wanted)
    assert 0 < found.height < LEADS
    assert found.height == fct_lead.count_leads(tenant, wanted)
    for column, allowed in (("status", wanted.statuses), ("grade", wanted.grades), ("source", wanted.sources)):
        assert not allowed or set(found[column].to_list()) <= set(allowed)


@pytest.mark.parametrize(
    ("search", "expected"), [("alfa person 7", 1), ("P12@ALFA", 1), ("100%", 0), ("_", 0), ("'; --", 0)]
)
def test_search_reads_signs_as_letters(tenant: UUID, search: str, expected: int) -> None:
    assert fct_lead.read_ranked(tenant, LeadFilter(search=search)).height == expected


def test_a_lead_of_nobody_is_an_empty_frame(tenant: UUID) -> None:
    assert fct_lead.read_lead(tenant, uuid4()).is_empty()
    assert fct_lead.read_lead(tenant, lead_id(3))["full_name"].item() == "Alfa Person 3"


def test_sources_are_those_of_the_tenants_leads(tenant: UUID) -> None:
    assert fct_lead.read_sources(tenant) == sorted(CHANNELS)
