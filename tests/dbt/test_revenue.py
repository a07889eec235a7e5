"""Recurring revenue and the ledger after late, changed and deleted rows: a delta build equals a full one."""

import json

from tekup.db import Database
from tests.dbt.conftest import Warehouse
from tests.dbt.rows import insert, vendor_row

MARTS = (
    "fct_balance_transaction", "fct_credit_note", "fct_customer_cohort_monthly", "fct_customer_value",
    "fct_dispute", "fct_invoice_line", "fct_mrr_daily", "fct_mrr_movement", "fct_payout",
    "fct_revenue_retention_monthly", "fct_subscription", "fct_subscription_interval",
)  # fmt: skip
FEBRUARY, MARCH = 1_770_000_000, 1_772_500_000


def event(name: str, moment: int, quantity: int, unit_amount: int) -> dict[str, object]:
    """A subscription's event, which tells it whole."""
    price = {"id": "price_1", "unit_amount": unit_amount, "recurring": {"interval": "month", "interval_count": 1}}
    subscription = {
        "id": "sub_1", "status": "active", "customer": "cus_1", "currency": "dkk",
        "items": {"data": [{"quantity": quantity, "price": price}]},
    }  # fmt: skip
    return {"id": name, "type": "customer.subscription.updated", "created": moment, "data": {"object": subscription}}


def snapshot(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    return {name: warehouse.rows(f"select m::text from marts.{name} as m order by 1") for name in MARTS}


def movements(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(
        "select movement_date::text, movement_type, closing_mrr_cents from marts.fct_mrr_movement "
        f"where tenant_id = '{warehouse.a}' order by 1"
    )


def test_late_events_and_changed_money_leave_the_same_marts_as_a_full_build(warehouse: Warehouse) -> None:
    other = warehouse.rows(f"select m::text from marts.fct_mrr_daily as m where tenant_id = '{warehouse.b}' order by 1")
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change money") as connection:
        insert(connection, "raw_stripe.events", [vendor_row(warehouse.a, "evt_2", event("evt_2", MARCH, 1, 300))])
    warehouse.build("run", "--select", "marts.revenue")
    assert movements(warehouse) == [("2026-01-10", "new", 300)]
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change money") as connection:
        # what happened before comes after
        insert(connection, "raw_stripe.events", [vendor_row(warehouse.a, "evt_1", event("evt_1", FEBRUARY, 2, 300))])
        for table, key, changes in (
            ("credit_notes", "cn_1", {"status": "void"}),
            ("payouts", "po_1", {"status": "failed"}),
            ("balance_transactions", "txn_1", {"status": "available"}),
            ("invoices", "in_1", {"status": "uncollectible"}),
            ("disputes", "dp_1", {"status": "lost"}),
        ):
            connection.execute(
                f"update raw_stripe.{table} set payload = payload || %s, synced_at = now() "
                "where tenant_id = %s and object_id = %s",
                (json.dumps(changes), warehouse.a, key),
            )
        connection.execute(
            "update raw_stripe.balance_transactions set deleted_at = now(), synced_at = now() "
            "where tenant_id = %s and object_id = 'txn_2'",
            (warehouse.a,),
        )
    warehouse.build("run", "--select", "marts.revenue")
    delta = snapshot(warehouse)
    # the invoice of January billed 300, the event of February says twice that, that of March once again
    assert movements(warehouse) == [
        ("2026-01-10", "new", 300), ("2026-02-02", "expansion", 600), ("2026-03-03", "contraction", 300),
    ]  # fmt: skip
    changed = warehouse.rows(
        "select n.status, p.is_withdrawn, d.is_withdrawn, (select count(*) from marts.fct_balance_transaction as b "
        "where b.tenant_id = n.tenant_id) from marts.fct_credit_note as n join marts.fct_payout as p using (tenant_id) "
        f"join marts.fct_dispute as d using (tenant_id) where tenant_id = '{warehouse.a}'"
    )
    assert changed == [("void", False, True, 2)]
    assert other == warehouse.rows(
        f"select m::text from marts.fct_mrr_daily as m where tenant_id = '{warehouse.b}' order by 1"
    )
    warehouse.build("run", "--full-refresh", "--select", "marts.revenue")
    assert snapshot(warehouse) == delta


def test_what_a_schedule_will_bring_is_told_before_it_comes(warehouse: Warehouse) -> None:
    phases = warehouse.rows(
        "select tenant_id, phase_number, list_mrr_cents, change_mrr_cents, is_to_come, is_end_of_subscription, prices "
        "from marts.fct_subscription_phase order by 1, 2"
    )
    a, b, both = warehouse.a, warehouse.b, "2 x price_1, 1 x price_y"
    assert phases == [
        (a, 1, 300, None, False, False, "1 x price_1"), (a, 2, 1600, 1300, True, True, both),
        (b, 1, 600, None, False, False, "1 x price_1"), (b, 2, 3200, 2600, True, True, both),
    ]  # fmt: skip


def test_intents_checkouts_and_tax_numbers_are_each_tenants_own(warehouse: Warehouse) -> None:
    for tenant, factor in ((warehouse.a, 1), (warehouse.b, 2)):
        own = f"where tenant_id = '{tenant}' order by 1"
        assert warehouse.rows(f"select status, is_succeeded, received_cents from marts.fct_payment_intent {own}") == [
            ("succeeded", True, 300 * factor), ("unknown", False, 0),
        ]  # fmt: skip
        assert warehouse.rows(
            f"select checkout_mode, status, is_completed, payment_status, total_cents from marts.fct_checkout_session {own}"
        ) == [("subscription", "complete", True, "paid", 300 * factor)]
        assert warehouse.rows(f"select tax_number, is_verified from marts.dim_customer_tax_id {own}") == [
            (f"DK1234567{factor}", True)
        ]
