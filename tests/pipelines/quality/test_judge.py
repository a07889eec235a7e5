"""Measures become verdicts: bounds, what is not judged, and that no tenant's measure counts for another."""

import psycopg
import pytest

from pipelines.quality.judge import judge
from pipelines.quality.rules import Rule, Suite
from tekup.db import Database, Doors
from tests.fixtures.database import TwoTenants
from tests.fixtures.expectations import import_great_expectations


def suite(name: str, a: str, b: str, tenants: TwoTenants, **bounds: float | None) -> Suite:
    """A suite that measures ``a`` for tenant A and ``b`` for B."""
    query = (
        f"select '{tenants.a.id}'::uuid as tenant_id, {a}::numeric as {name}, 'told of A' as {name}_told "
        f"union all select '{tenants.b.id}', {b}, null union all select gen_random_uuid(), 99, 'of nobody'"
    )
    return Suite(name, "marts", query, (Rule(name, ("fct_lead",), "A rule.", "validity", **bounds),))


@pytest.fixture(scope="module", autouse=True)
def great_expectations() -> None:
    import_great_expectations()


@pytest.fixture
def known(doors: Doors, two_tenants: TwoTenants):  # type: ignore[no-untyped-def]
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: two known tenants") as connection:
        for tenant in (two_tenants.a, two_tenants.b):
            connection.execute(
                "insert into raw_operational.tenants (tenant_id, id, changed_xid) values (%s, %s, '5') "
                "on conflict do nothing",  # other tests of this process may have pulled them
                (tenant.id, tenant.id),
            )
        yield connection
        connection.execute("rollback")


def test_each_tenant_is_judged_by_its_own_measure(known: psycopg.Connection, two_tenants: TwoTenants) -> None:
    rules = (
        suite("none_is_wrong", "3", "0", two_tenants),
        suite("enough", "5", "1", two_tenants, minimum=2, maximum=None),
    )
    mine = {str(two_tenants.a.id), str(two_tenants.b.id)}
    found = {(v.check_name, v.tenant_id): v for v in judge(known, rules) if v.tenant_id in mine}
    assert len(found) == 4
    a, b = str(two_tenants.a.id), str(two_tenants.b.id)
    assert [found[key].is_passed for key in (("none_is_wrong", a), ("none_is_wrong", b))] == [False, True]
    assert [found[key].is_passed for key in (("enough", a), ("enough", b))] == [True, False]
    assert (found["none_is_wrong", a].observed, found["none_is_wrong", a].expected) == ("told of A", "0")
    assert (found["enough", b].observed, found["enough", b].expected) == ("1", "at least 2")


def test_a_tenant_without_a_measure_is_not_judged(known: psycopg.Connection, two_tenants: TwoTenants) -> None:
    verdicts = judge(known, (suite("usual", "null", "0.3", two_tenants, maximum=0.25),))
    assert [(v.tenant_id, v.is_passed) for v in verdicts] == [(str(two_tenants.b.id), False)]


def test_only_the_chosen_rules_are_measured(known: psycopg.Connection, two_tenants: TwoTenants) -> None:
    broken = Suite("broken", "marts", "select no_such_column", (Rule("broken", ("fct_lead",), "A rule.", "validity"),))
    verdicts = judge(known, (broken, suite("fine", "0", "0", two_tenants)), {"fine"})
    assert {v.check_name for v in verdicts} == {"fine"}
