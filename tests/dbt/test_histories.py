"""Deals and subscriptions as they were: each version in its tenant, and the last one of what is gone."""

from collections.abc import Iterator

import pytest

from tekup.db import Database
from tests.dbt.conftest import Warehouse, kept_rows
from tests.dbt.rows import LATER_LEAD, LEAD

SNAPSHOTS = ("build", "--resource-type", "snapshot", "model", "--select", "snap_deal", "fct_deal_history",
             "snap_subscription", "fct_subscription_history")  # fmt: skip
DEALS = (f"select tenant_id, deal_id, amount_cents, is_current from marts.fct_deal_history "
         f"where deal_id in ('{LEAD}', '{LATER_LEAD}') order by tenant_id, deal_id, valid_from")  # fmt: skip
SUBSCRIPTIONS = ("select tenant_id, status, prices, is_current from marts.fct_subscription_history "
                 "where subscription_id = 'sub_1' order by tenant_id, valid_from")  # fmt: skip


def change(warehouse: Warehouse, statement: str, *values: object) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute(statement.encode(), values)


@pytest.fixture
def restored(warehouse: Warehouse) -> Iterator[None]:
    with kept_rows(warehouse, ("raw_operational.deals", "raw_stripe.subscriptions")):
        yield


@pytest.mark.usefixtures("restored")
def test_each_version_is_kept_in_its_tenant_and_what_is_gone_stays_as_it_last_was(warehouse: Warehouse) -> None:
    warehouse.build(*SNAPSHOTS)
    before = warehouse.rows(SUBSCRIPTIONS)
    price = before[0][2]
    change(warehouse, "update raw_operational.deals set amount_cents = 9900, synced_at = clock_timestamp() "
                      "where tenant_id = %s and id = %s", warehouse.a, LEAD)  # fmt: skip
    change(warehouse, "update raw_operational.deals set deleted_at = now(), synced_at = clock_timestamp() "
                      "where tenant_id = %s and id = %s", warehouse.a, LATER_LEAD)  # fmt: skip
    change(warehouse, "update raw_stripe.subscriptions set payload = payload || '{\"status\": \"past_due\"}', "
                      "synced_at = clock_timestamp() where tenant_id = %s", warehouse.a)  # fmt: skip
    warehouse.build(*SNAPSHOTS)
    a, b = warehouse.a, warehouse.b
    assert warehouse.rows(DEALS) == [
        (a, str(LEAD), 4000, False), (a, str(LEAD), 9900, True), (a, str(LATER_LEAD), 4000, False),
        (b, str(LEAD), 8000, True), (b, str(LATER_LEAD), 8000, True),
    ]  # fmt: skip
    assert warehouse.rows(SUBSCRIPTIONS) == [
        (a, "active", price, False), (a, "past_due", price, True), (b, "active", price, True),
    ]  # fmt: skip
    assert price == "1 x unknown"
    unguarded = warehouse.rows(
        "select relname from pg_class where relname in ('snap_deal', 'snap_subscription') "
        "and not (relrowsecurity and relforcerowsecurity)"
    )
    assert unguarded == []
