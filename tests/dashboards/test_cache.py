"""The cache can not mix tenants: the tenant is the first key of every cached call, and only `cache.py` caches."""

import ast
import inspect
from datetime import timedelta
from uuid import UUID

import pytest

from dashboards import cache
from dashboards.queries import fct_lead
from dashboards.queries.fct_lead import LeadFilter
from dashboards.queries.reader import reading_as
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

CACHED = {
    name: value for name, value in vars(cache).items() if hasattr(value, "clear") and hasattr(value, "__wrapped__")
}


def test_every_public_query_is_cached() -> None:
    written = {
        target.id
        for node in ast.parse(inspect.getsource(cache)).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.islower()
    }
    assert set(CACHED) == written
    assert len(written) >= 12


@pytest.mark.parametrize("name", CACHED)
def test_the_tenant_is_the_first_key_and_nothing_is_left_out(name: str) -> None:
    parameters = inspect.signature(CACHED[name]).parameters
    first = next(iter(parameters.values()))
    assert (first.name, first.annotation) == ("tenant_id", UUID)
    assert not [parameter for parameter in parameters if parameter.startswith("_")]


def test_a_cached_query_without_a_tenant_first_is_refused() -> None:
    def read_all(search: str, tenant_id: UUID) -> int:
        return len(search)

    def read_hidden(tenant_id: UUID, _search: str) -> int:
        return len(_search)

    for function in (read_all, read_hidden):
        with pytest.raises(TypeError):
            cache.per_tenant(function)


def test_the_cache_is_bounded_in_time_and_number() -> None:
    assert timedelta(minutes=5) >= cache.TTL
    assert 0 < cache.MAX_ENTRIES <= 1000


def test_nothing_else_caches() -> None:
    for path in (ROOT / "dashboards").rglob("*.py"):
        if path.name != "cache.py":
            source = path.read_text()
            assert "cache_data" not in source, path
            assert "cache_resource" not in source, path


@pytest.mark.usefixtures("here")
def test_two_tenants_asking_the_same_get_their_own(two_tenants: TwoTenants) -> None:
    for _ in range(2):
        ours = cache.ranked_leads(two_tenants.a.id, LeadFilter())
        theirs = cache.ranked_leads(two_tenants.b.id, LeadFilter())
        assert ours["full_name"][0] == "Alfa Person 0"
        assert theirs["full_name"][0] == "Bravo Person 0"


@pytest.mark.usefixtures("here")
def test_another_filter_is_another_key(two_tenants: TwoTenants) -> None:
    everybody = cache.lead_count(two_tenants.a.id, LeadFilter())
    winners = cache.lead_count(two_tenants.a.id, LeadFilter(statuses=("won",)))
    assert winners < everybody == fct_lead.count_leads(two_tenants.a.id, LeadFilter())


@pytest.mark.usefixtures("here")
def test_who_may_not_see_people_is_not_given_what_was_read_for_who_may(two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    for _ in range(2):
        assert cache.ranked_leads(tenant, LeadFilter())["full_name"].null_count() == 0
        with reading_as(may_see_people=False):
            leads = cache.ranked_leads(tenant, LeadFilter())
            later = cache.as_this_reader(lambda: cache.ranked_leads(tenant, LeadFilter()))
            assert cache.failures(tenant).is_empty()
        for seen in (leads, later()):
            assert seen.height == cache.ranked_leads(tenant, LeadFilter()).height
            assert seen["full_name"].null_count() == seen["email"].null_count() == seen.height
    assert cache.failures(tenant).height == 1
