"""A tenant's rows that break what a mart must hold stop neither the build nor another tenant, and heal by themselves."""

import json
from collections.abc import Iterator

import pytest

from pipelines.quality import gates, mart_suites
from pipelines.quality.verdicts import held_tenants
from pipelines.resources.platform import Platform
from tekup.db import Database, Role
from tests.dbt.conftest import Warehouse, kept_rows
from tests.dbt.rows import LATER_LEAD, LEAD
from tests.fixtures.expectations import import_great_expectations

_HELD = "select tenant_id, model, reason, row_count from ops.mart_hold order by 1, 2"
_MODELS = ("fct_lead", "fct_invoice", "fct_invoice_line", "fct_charge")
_WATCHED = "select tenant_id, lead_id, created_at::text, job_title from marts.fct_lead order by 1, 2"


def change(warehouse: Warehouse, statement: str, *values: object) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute(statement.encode(), values)


@pytest.fixture(scope="module", autouse=True)
def mended(warehouse: Warehouse) -> Iterator[None]:
    """Afterwards the raw rows are what they were before, and so are the marts."""
    with kept_rows(warehouse, ("raw_operational.leads", "raw_stripe.invoices", "raw_stripe.charges")):
        yield
    change(warehouse, "delete from ops.check_result")
    change(warehouse, "delete from ops.check_failure")
    # with all views: a table that was made anew took those on it with it
    warehouse.build("run")


def title(warehouse: Warehouse, word: str) -> None:
    """Something new in both tenants' leads."""
    change(warehouse, "update raw_operational.leads set job_title = %s, synced_at = clock_timestamp()", word)


def titles(warehouse: Warehouse) -> dict[object, set[object]]:
    return {
        tenant: {row[0] for row in warehouse.rows(f"select job_title from marts.fct_lead where tenant_id = '{tenant}'")}
        for tenant in (warehouse.a, warehouse.b)
    }


def test_a_missing_value_a_key_twice_and_a_broken_condition_hold_their_tenant_alone(warehouse: Warehouse) -> None:
    before = titles(warehouse)
    lines = warehouse.rows("select tenant_id, count(*) from marts.fct_invoice_line group by 1 order by 1")
    title(warehouse, "Ny")
    change(warehouse, "update raw_operational.leads set created_at = null where tenant_id = %s and id = %s",
           warehouse.a, LATER_LEAD)  # fmt: skip
    change(warehouse, "update raw_stripe.invoices set payload = jsonb_set(payload, '{lines,data}', "
                      "(payload #> '{lines,data}') || (payload #> '{lines,data}')), synced_at = clock_timestamp() "
                      "where tenant_id = %s and object_id = 'in_1'", warehouse.b)  # fmt: skip
    change(warehouse, "update raw_stripe.charges set payload = payload || '{\"amount_refunded\": 99999}', "
                      "synced_at = clock_timestamp() where tenant_id = %s", warehouse.b)  # fmt: skip
    output = warehouse.build("run", "--select", *_MODELS)
    assert warehouse.rows(_HELD) == [
        (warehouse.a, "fct_lead", "created_at is missing", 1),
        (warehouse.b, "fct_charge", "does not hold: refunded_cents <= amount_cents", 1),
        (warehouse.b, "fct_invoice_line",
         "more than one row has this key (tenant_id, invoice_id, invoice_line_id)", 2),
    ]  # fmt: skip
    assert f"held in fct_lead, 1 rows: {warehouse.a}" in output
    assert titles(warehouse) == {warehouse.a: before[warehouse.a], warehouse.b: {"Ny"}}
    assert warehouse.rows("select tenant_id, count(*) from marts.fct_invoice_line group by 1 order by 1") == lines
    assert warehouse.rows("select max(refunded_cents) from marts.fct_charge") == [(100,)]


def test_why_it_is_held_is_its_own_to_see(warehouse: Warehouse) -> None:
    own = "select model, failed_rows -> 0 -> 'row' ->> 'lead_id' from ops.mart_hold where model = 'fct_lead'"
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.a) as connection:
        assert connection.execute(own.encode()).fetchall() == [("fct_lead", str(LATER_LEAD))]
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.b) as connection:
        assert connection.execute(own.encode()).fetchall() == []


def test_a_held_table_is_a_failing_check_that_keeps_the_tenants_extract(warehouse: Warehouse) -> None:
    import_great_expectations()
    platform = Platform(warehouse.doors.settings)
    (verdicts,) = gates.check(platform, (mart_suites.HELD,), {"marts_keep_their_contracts"}).values()
    assert {v.tenant_id: (v.is_passed, v.observed) for v in verdicts} == {
        str(warehouse.a): (False, "fct_lead"), str(warehouse.b): (False, "fct_charge, fct_invoice_line")
    }  # fmt: skip
    assert list(held_tenants(platform)) == [warehouse.a, warehouse.b]
    (row,) = warehouse.rows("select failed_row from ops.check_failure where check_name = 'marts_keep_their_contracts' "
                            f"and tenant_id = '{warehouse.a}'")  # fmt: skip
    kept = json.loads(json.dumps(row[0]))
    assert (kept["model"], kept["row"]["row"]["lead_id"]) == ("fct_lead", str(LATER_LEAD))


def test_a_full_build_holds_too_and_other_columns_do_not_cost_the_last_good_rows(warehouse: Warehouse) -> None:
    before = titles(warehouse)
    change(warehouse, "alter table marts.fct_lead add column left_over text")
    warehouse.build("run", "--full-refresh", "--select", *_MODELS)
    assert titles(warehouse) == before
    assert [row[1] for row in warehouse.rows(_HELD)] == ["fct_lead", "fct_charge", "fct_invoice_line"]
    ((created_may_be_null, columns),) = warehouse.rows(
        "select bool_or(not attnotnull) filter (where attname = 'created_at'), count(*) filter (where attname = 'left_over') "
        "from pg_attribute where attrelid = 'marts.fct_lead'::regclass"
    )
    assert (created_may_be_null, columns) == (False, 0)


def test_once_mended_a_delta_brings_all_that_the_tenant_was_behind_with(warehouse: Warehouse) -> None:
    title(warehouse, "Senere")
    warehouse.build("run", "--select", *_MODELS)
    assert warehouse.a in {row[0] for row in warehouse.rows(_HELD)}
    assert titles(warehouse)[warehouse.b] == {"Senere"}
    # one row alone is touched; the other leads' new titles are known from the keys that were kept
    change(warehouse, "update raw_operational.leads set created_at = '2026-02-10 10:00+00', synced_at = clock_timestamp() "
                      "where tenant_id = %s and id = %s", warehouse.a, LATER_LEAD)  # fmt: skip
    change(warehouse, "update raw_stripe.charges set payload = payload || '{\"amount_refunded\": 100}', "
                      "synced_at = clock_timestamp() where tenant_id = %s", warehouse.b)  # fmt: skip
    change(warehouse, "update raw_stripe.invoices set payload = jsonb_set(payload, '{lines,data}', "
                      "jsonb_build_array(payload #> '{lines,data,0}')), synced_at = clock_timestamp() "
                      "where tenant_id = %s and object_id = 'in_1'", warehouse.b)  # fmt: skip
    warehouse.build("run", "--select", *_MODELS)
    assert warehouse.rows(_HELD) == []
    assert warehouse.rows("select count(*) from ops.mart_hold_key") == [(0,)]
    assert titles(warehouse) == {warehouse.a: {"Senere"}, warehouse.b: {"Senere"}}
    delta = warehouse.rows("select l::text from marts.fct_lead as l order by 1")
    warehouse.build("run", "--full-refresh", "--select", "fct_lead")
    assert warehouse.rows("select l::text from marts.fct_lead as l order by 1") == delta
    assert {row[1] for row in warehouse.rows(_WATCHED)} >= {LEAD, LATER_LEAD}


FAR_AWAY = "294276-12-31 23:59:59+00"
"""The last moment that PostgreSQL has: in Copenhagen's time there is none such."""


def test_a_query_that_fails_on_one_tenants_row_is_computed_for_all_others(warehouse: Warehouse) -> None:
    mend = "update raw_operational.leads set created_at = '2026-02-10 10:00+00', synced_at = clock_timestamp()"
    change(warehouse, f"{mend} where id = %s", LATER_LEAD)
    warehouse.build("run", "--select", "fct_lead")
    before = titles(warehouse)
    title(warehouse, "Fjern")
    change(warehouse, "update raw_operational.leads set created_at = %s where tenant_id = %s and id = %s",
           FAR_AWAY, warehouse.a, LATER_LEAD)  # fmt: skip
    output = warehouse.build("run", "--select", "fct_lead")
    assert f"{warehouse.a} (could not be computed: timestamp out of range)" in output
    assert titles(warehouse) == {warehouse.a: before[warehouse.a], warehouse.b: {"Fjern"}}
    own = "select failed_rows -> 0 -> 'row' ->> 'sqlstate' from ops.mart_hold where model = 'fct_lead'"
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.a) as connection:
        assert connection.execute(own.encode()).fetchall() == [("22008",)]
    change(warehouse, "alter table marts.fct_lead add column left_over text")
    warehouse.build("run", "--full-refresh", "--select", "fct_lead")
    assert titles(warehouse) == {warehouse.a: before[warehouse.a], warehouse.b: {"Fjern"}}
    change(warehouse, "update raw_operational.leads set created_at = %s where id = %s", FAR_AWAY, LATER_LEAD)
    with pytest.raises(AssertionError, match="timestamp out of range"):
        warehouse.build("run", "--select", "fct_lead")
    change(warehouse, f"{mend} where id = %s", LATER_LEAD)
    warehouse.build("run", "--select", "fct_lead")
    assert warehouse.rows("select count(*) from ops.mart_hold where model = 'fct_lead'") == [(0,)]
    assert titles(warehouse) == {warehouse.a: {"Fjern"}, warehouse.b: {"Fjern"}}
