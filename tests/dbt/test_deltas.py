"""An incremental result equals a full one on the same data, row by row, whatever happened in between."""

from collections.abc import Iterator

import pytest

from tekup.db import Database
from tests.dbt.conftest import Warehouse, kept_rows
from tests.dbt.history import HISTORY_TABLES, History

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_KEPT = (
    *HISTORY_TABLES, "intermediate.snap_contact", "intermediate.snap_company", "intermediate.snap_deal",
    "intermediate.snap_subscription",
)  # fmt: skip
_BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--exclude", "staging",
          "tag:after_models", "resource_type:seed")  # fmt: skip
_TABLES = """
select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('marts', 'intermediate') and c.relkind = 'r' and c.relname not like '%\\_\\_change' order by 1
"""


def contents(warehouse: Warehouse) -> dict[str, set[tuple[object, ...]]]:
    """Every table's rows as text."""
    return {str(name): set(warehouse.rows(f"select t::text from {name} as t")) for (name,) in warehouse.rows(_TABLES)}


@pytest.fixture
def restored(warehouse: Warehouse) -> Iterator[None]:
    """Afterwards the raw rows are what they were before, and so are the marts."""
    with kept_rows(warehouse, _KEPT):
        yield
    warehouse.build("run", "--full-refresh", "--exclude", "staging", "tag:after_models")


@pytest.mark.usefixtures("restored")
def test_deltas_over_random_histories_equal_a_full_build(warehouse: Warehouse) -> None:
    history = History(20261128, [warehouse.a, warehouse.b])

    def change(count: int) -> None:
        with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: history") as connection:
            history.change(connection, count)

    change(420)
    warehouse.build(*_BUILD)
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: long transaction") as long:
        # open over two builds: the second reads again what the first has built, since it may not have seen all of it
        long.execute("select pg_current_xact_id()")
        with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: late rows") as late:
            # begun before the build and committed after it: its rows are older than what the build has seen
            history.change(late, 25)
            warehouse.build(*_BUILD)
        change(140)
        warehouse.build(*_BUILD)
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: settings") as connection:
        history.change_settings(connection)
        history.change(connection, 20)
    warehouse.build(*_BUILD)
    change(280)
    output = warehouse.build(*_BUILD)
    assert "fct_lead " in output
    built = contents(warehouse)
    warehouse.build("run", "--full-refresh", "--exclude", "staging", "tag:after_models")
    whole = contents(warehouse)
    assert {name: sorted(map(str, built[name] ^ rows))[:4] for name, rows in whole.items() if built[name] != rows} == {}
    met = ("ftr_lead", "dim_contact", "fct_email_subscriber", "fct_email_engagement", "fct_mrr_movement", "dim_company",
           "dim_contact_history", "fct_campaign_spend_daily", "fct_customer_cohort_monthly", "ftr_subscription",
           "dim_person_identity")  # fmt: skip
    assert min(len(built[f"marts.{name}"]) for name in met) > 4


def test_a_build_with_nothing_new_computes_and_writes_nothing(warehouse: Warehouse) -> None:
    warehouse.build("run", "--exclude", "staging", "tag:after_models")
    written = "select 'fct_lead', xmin::text from marts.fct_lead union all select 'ftr', xmin::text from marts.ftr_lead"
    before = sorted(warehouse.rows(written))
    output = warehouse.build("run", "--exclude", "staging", "tag:after_models")
    assert sorted(warehouse.rows(written)) == before
    for name in ("fct_lead", "fct_touchpoint", "fct_invoice", "fct_charge", "int_lead_journey", "ftr_lead",
                 "dim_contact", "fct_email_subscriber", "dim_company", "dim_contact_history", "fct_email_engagement",
                 "fct_mrr_movement", "fct_mrr_daily", "fct_revenue_retention_monthly", "fct_customer_cohort_monthly",
                 "kpi_tenant_daily"):  # fmt: skip
        (line,) = [line for line in output.splitlines() if f".{name} " in line and "OK created" in line]
        assert "SELECT 1" in line, line
