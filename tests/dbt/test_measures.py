"""What the checks measure over a mart's rows: how they are drawn, what is dated wrong, what can't be used. Rows are put back.

That a check holds its tenant, and what follows from it, is tested in `test_quality`.
"""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from pipelines.quality import drift, mart_suites
from pipelines.quality.judge import judge
from pipelines.quality.verdicts import store
from tekup.db import Database
from tests.dbt.conftest import Warehouse
from tests.fixtures.expectations import import_great_expectations


@pytest.fixture(scope="module", autouse=True)
def great_expectations() -> None:
    import_great_expectations()


NOW = datetime.now(UTC)


@contextmanager
def undone(warehouse: Warehouse, reason: str) -> Iterator[psycopg.Connection]:
    """A transaction of which nothing stays."""
    with (
        warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason=reason) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


def add_rows(connection: psycopg.Connection, mart: str, tenant: UUID, rows: list[dict[str, object]]) -> None:
    """Rows like the mart's first one of the tenant but for what is given."""
    connection.execute(
        f"insert into marts.{mart} select (jsonb_populate_record(null::marts.{mart}, to_jsonb(first) || given.value)).* "
        f"from (select * from marts.{mart} where tenant_id = %s limit 1) as first "
        "cross join lateral jsonb_array_elements(%s::jsonb) as given".encode(),
        (tenant, json.dumps(rows, default=str)),
    )


def draw_invoices(seed: int, recent: int, earlier: int, shift: float) -> list[dict[str, object]]:
    """Totals of two spans of days, the later one's larger by ``shift`` standard deviations."""
    chance = random.Random(seed)
    return [
        {
            "invoice_id": f"drawn {number}",
            "created_at": NOW - timedelta(days=chance.uniform(0.1, 27) if number < recent else chance.uniform(29, 200)),
            "total_cents": int(chance.gauss(100_000 + (shift * 10_000 if number < recent else 0), 10_000)),
        }
        for number in range(recent + earlier)
    ]


def test_a_shift_is_told_and_chance_is_not_and_the_distance_is_scipys(warehouse: Warehouse) -> None:
    from scipy.stats import ks_2samp

    name = "invoice_total_cents_is_drawn_as_before"
    suites = [suite for suite in drift.SUITES if suite.name == name]
    with undone(warehouse, "test: drift, undone") as connection:
        connection.execute("delete from marts.fct_invoice where invoice_id <> 'in_1'")
        shifted, same = draw_invoices(1, 60, 120, 1.6), draw_invoices(2, 60, 120, 0)
        add_rows(connection, "fct_invoice", warehouse.a, shifted)
        add_rows(connection, "fct_invoice", warehouse.b, same)
        connection.execute("delete from marts.fct_invoice where invoice_id = 'in_1'")
        verdicts = {v.tenant_id: v for v in judge(connection, suites)}
    assert {tenant: v.is_passed for tenant, v in verdicts.items()} == {str(warehouse.a): False, str(warehouse.b): True}
    for tenant, rows in ((warehouse.a, shifted), (warehouse.b, same)):
        totals = [row["total_cents"] for row in rows]
        distance = ks_2samp(totals[:60], totals[60:]).statistic
        assert verdicts[str(tenant)].observed.startswith(f"D {distance:.3f}")


def test_a_share_of_words_that_moved_is_told_and_few_rows_are_not_judged(warehouse: Warehouse) -> None:
    name = "lead_source_is_drawn_as_before"
    suites = [suite for suite in drift.SUITES if suite.name == name]

    def leads(recent: int, earlier: int, moved: bool) -> list[dict[str, object]]:
        return [
            {
                "lead_id": UUID(int=5_000_000 + number),
                "created_at": NOW - timedelta(days=(number % 27) + 0.5 if number < recent else 30 + number % 150),
                "source": "email" if (number % 2 if not moved or number >= recent else True) else "direct",
            }
            for number in range(recent + earlier)
        ]

    with undone(warehouse, "test: drift, undone") as connection:
        add_rows(connection, "fct_lead", warehouse.a, leads(80, 200, moved=True))
        add_rows(connection, "fct_lead", warehouse.b, leads(80, 200, moved=False))
        verdicts = {v.tenant_id: v.is_passed for v in judge(connection, suites)}
        connection.execute("delete from marts.fct_lead where lead_id >= %s", (UUID(int=5_000_010),))
        few = [v for v in judge(connection, suites) if not v.is_passed]
    assert verdicts == {str(warehouse.a): False, str(warehouse.b): True}
    assert few == []


def test_few_leads_that_ended_before_they_began_pass_and_are_kept_and_many_are_told(warehouse: Warehouse) -> None:
    rule = "leads_end_after_they_begin"

    def ended(count: int, misdated: int) -> list[dict[str, object]]:
        return [
            {"lead_id": UUID(int=6_000_000 + n), "created_at": "2026-01-10", "lost_at": None,
             "won_at": "2026-01-09" if n < misdated else "2026-01-11"}
            for n in range(count)
        ]  # fmt: skip

    with undone(warehouse, "test: dates, undone") as connection:
        connection.execute("update raw_operational.tenants set settings = "
                           """'{"quality": {"misdated_lead_share": 0.05}}' where tenant_id = %s""", (warehouse.b,))  # fmt: skip
        add_rows(connection, "fct_lead", warehouse.a, ended(50, 4))
        add_rows(connection, "fct_lead", warehouse.b, ended(200, 4))
        verdicts = judge(connection, (mart_suites.MISDATED,))
        store(connection, [rule], verdicts)
        kept = connection.execute(
            "select tenant_id, count(*) from ops.check_failure where check_name = %s group by 1 order by 1", (rule,)
        ).fetchall()
    assert {v.tenant_id: v.is_passed for v in verdicts} == {str(warehouse.a): False, str(warehouse.b): True}
    assert kept == [(warehouse.a, 4), (warehouse.b, 4)]


def test_a_channel_rule_that_can_not_be_used_is_told_to_its_tenant(warehouse: Warehouse) -> None:
    with undone(warehouse, "test: a rule, undone") as connection:
        connection.execute(
            "update marts.dim_channel_rule set fault = 'the rule is no object', is_valid = false "
            "where tenant_id = %s and position = (select min(position) from marts.dim_channel_rule)", (warehouse.a,)
        )  # fmt: skip
        verdicts = judge(connection, (mart_suites.CHANNEL_RULES,))
    assert {v.tenant_id: v.is_passed for v in verdicts} == {str(warehouse.a): False, str(warehouse.b): True}
    assert {v.severity for v in verdicts} == {"warn"}
