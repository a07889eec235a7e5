"""What the marts hold after a build, a delta build and a full one."""

from collections.abc import Iterator

import pytest

from tekup.db import Database
from tests.dbt.conftest import Warehouse, kept_rows
from tests.dbt.history import HISTORY_TABLES
from tests.dbt.rows import LATER_LEAD, LATER_TOUCH, LEAD, TOUCH, insert, vendor_row

FACTS = (
    "fct_touchpoint", "fct_invoice", "fct_charge", "fct_lead", "ftr_lead", "kpi_tenant_daily",
    "dim_person_identity", "dim_contact", "fct_session", "fct_journey",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def restored(warehouse: Warehouse) -> Iterator[None]:
    """Afterwards the raw rows are what they were before, and so are the marts."""
    with kept_rows(warehouse, HISTORY_TABLES):
        yield
    warehouse.build("run", "--full-refresh", "--exclude", "staging", "tag:after_models")


def snapshot(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    return {name: warehouse.rows(f"select m::text from marts.{name} as m order by 1") for name in FACTS}


def features(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows("select to_jsonb(f) - 'is_won_90d' from marts.ftr_lead as f order by f.tenant_id, f.lead_id")


def test_each_tenants_sums_are_its_own(warehouse: Warehouse) -> None:
    sums = warehouse.rows(
        "select sum(new_lead_count), sum(won_value_cents), sum(spend_cents), sum(invoiced_cents), max(mrr_cents) "
        "from marts.kpi_tenant_daily group by tenant_id order by tenant_id"
    )
    assert sums == [(2, 5000, 1000, 300, 300), (2, 10000, 2000, 600, 600)]


def test_one_person_is_found_in_all_sources_of_one_tenant(warehouse: Warehouse) -> None:
    people = warehouse.rows(
        "select first_name, last_name, hubspot_contact_id, kit_subscriber_id, is_subscribed, source_record_count "
        "from marts.dim_contact order by first_name"
    )
    assert people == [("alfa", "Holm", "77", "5", True, 6), ("beta", "Holm", "77", "5", True, 6)]


def test_values_that_can_not_be_typed_become_null_and_stop_nothing(warehouse: Warehouse) -> None:
    deals = warehouse.rows(
        "select deal_id, amount_cents, expected_close_date from marts.fct_deal "
        "where tenant_id = 'aaaaaaaa-0000-0000-0000-000000000000' and source_system = 'hubspot' order by 1"
    )
    assert deals == [("88", 1250, None), ("89", None, None)]
    invoices = warehouse.rows("select distinct status, total_cents from marts.fct_invoice where invoice_id = 'in_2'")
    assert invoices == [("unknown", None)]


def test_vendors_further_streams_are_typed(warehouse: Warehouse) -> None:
    own = "where tenant_id = 'bbbbbbbb-0000-0000-0000-000000000000'"
    expected: dict[str, list[tuple[object, ...]]] = {
        f"select is_archived from staging.stg_kit__forms {own}": [(True,)],
        f"select is_repeated, is_on_hold from staging.stg_kit__sequences {own}": [(True, False)],
        f"select added_at is null from staging.stg_kit__sequence_subscribers {own}": [(False,)],
        f"select total_cents, product_count, email from staging.stg_kit__purchases {own}": [(29900, 2, "ida@x.dk")],
        f"select kind, email_direction, duration_seconds from staging.stg_hubspot__engagements {own} order by 1": [
            ("call", None, 90), ("email", "received", None)
        ],
        f"select from_id, to_id, labels from staging.stg_hubspot__associations {own}": [("61", "77", ["Beslutter"])],
        f"select property_value from staging.stg_hubspot__property_history {own} and changed_at is not null": [("2",)],
        f"select member_count from staging.stg_hubspot__lists {own}": [(1,)],
        f"select email from staging.stg_hubspot__form_submissions {own}": [("ida@x.dk",)],
        f"select open_rate, click_rate from marts.fct_broadcast {own}": [(0.25, 0.125)],
        f"select kind from marts.fct_email_engagement {own} order by 1": [
            ("form_joined",), ("received",), ("sequence_started",), ("subscribed",), ("tagged",)
        ],
    }  # fmt: skip
    assert {query: warehouse.rows(query) for query in expected} == expected


def test_each_value_that_can_not_be_typed_is_kept_with_its_reason_until_it_is_mended(warehouse: Warehouse) -> None:
    rejects = (
        "select object_id, column_name, reason, rejected_value, payload is not null from marts.fct_reject "
        "where tenant_id::text like 'a%' and source_system = 'hubspot' order by 1, 2"
    )
    found = warehouse.rows(rejects)
    assert found == [
        ("88", "close_at", "not a time", "2026-02-30T00:00:00Z", True),
        ("89", "amount_cents", "not an amount", "a lot", True),
    ]
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: mend a value") as connection:
        connection.execute("update raw_hubspot.deals set synced_at = now(), "
                           "payload = jsonb_set(payload, '{properties,amount}', '\"7.50\"') "
                           "where tenant_id = %s and object_id = '89'", (warehouse.a,))  # fmt: skip
        connection.execute("update raw_hubspot.deals set payload = '[]', synced_at = now() "
                           "where tenant_id = %s and object_id = '88'", (warehouse.b,))  # fmt: skip
    warehouse.build("run", "--select", "fct_reject")
    assert warehouse.rows(rejects) == found[:1]
    others = warehouse.rows("select object_id, column_name, reason from marts.fct_reject "
                            "where tenant_id::text like 'b%' and source_system = 'hubspot' order by 1")  # fmt: skip
    assert others == [("88", "payload", "not an object"), ("89", "amount_cents", "not an amount")]


BAD_ROWS: dict[str, tuple[str, dict[str, object], str, str]] = {
    "raw_hubspot.calls": ("bad", {"properties": {"hs_call_duration": "long"}}, "engagements", "call.duration_seconds"),
    "raw_hubspot.form_submissions": ("f/bad", {"submittedAt": "now"}, "form_submissions", "submitted_at"),
    "raw_hubspot.list_memberships": ("64:bad", {"membershipTimestamp": "?"}, "list_memberships", "joined_at"),
    "raw_hubspot.owners": ("bad", "nobody", "owners", "payload"),  # type: ignore[dict-item]  # no object at all
    "raw_hubspot.pipelines": (
        "bad", {"stages": [{"id": "s1", "metadata": {"probability": "high"}}]}, "stages", "s1.win_rate"
    ),
    "raw_hubspot.property_history": (
        "deals/9:amount@1", {"object_type": "deals", "id": "9", "property": "amount", "timestamp": "yesterday"},
        "property_history", "deals.amount.changed_at",
    ),
    "raw_kit.tag_subscribers": ("3:bad", {"tagged_at": "soon"}, "tag_subscribers", "tagged_at"),
    "raw_kit.form_subscribers": ("4:bad", {"added_at": "soon"}, "form_subscribers", "added_at"),
    "raw_stripe.payment_intents": ("pi_bad", {"amount": "much"}, "payment_intents", "amount_cents"),
    "raw_stripe.checkout_sessions": ("cs_bad", {"expires_at": "never"}, "checkout_sessions", "expires_at"),
    "raw_stripe.tax_ids": ("cus_1:bad", {"created": "never"}, "tax_ids", "created_at"),
    "raw_stripe.subscription_schedules": ("sched_bad", {"released_at": "no"}, "subscription_schedules", "released_at"),
    "raw_stripe.subscription_items": ("sub_1:bad", {"quantity": "two"}, "subscription_items", "quantity"),
    "raw_stripe.discounts": ("cus_1:bad", {"coupon": {"percent_off": "all"}}, "discounts", "percent_off"),
    "raw_stripe.invoices": ("in_bad", {"lines": {"data": [{"id": "il", "quantity": "x"}]}}, "invoice_lines", "il.quantity"),
}  # fmt: skip


def test_every_streams_untypable_value_is_its_own_tenants_reject_until_it_is_mended(warehouse: Warehouse) -> None:
    mine = "select stream, column_name from marts.fct_reject where tenant_id::text like 'a%' order by 1, 2"
    theirs = "select count(*) from marts.fct_reject where tenant_id::text like 'b%'"
    before, of_others = set(warehouse.rows(mine)), warehouse.rows(theirs)
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: bad rows") as connection:
        for table, (key, payload, _, _) in BAD_ROWS.items():
            insert(connection, table, [vendor_row(warehouse.a, key, payload)])
    warehouse.build("run", "--select", "fct_reject")
    found = set(warehouse.rows(mine)) - before
    assert found == {(stream, column) for _, _, stream, column in BAD_ROWS.values()}
    assert warehouse.rows(theirs) == of_others
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: mend them") as connection:
        for table, (key, _, _, _) in BAD_ROWS.items():
            emptied = "payload" if table == "raw_hubspot.property_history" else "'{}'"
            connection.execute(f"update {table} set payload = {emptied}, deleted_at = now(), synced_at = clock_timestamp() "
                               "where tenant_id = %s and object_id = %s".encode(), (warehouse.a, key))  # fmt: skip
    warehouse.build("run", "--select", "fct_reject")
    assert set(warehouse.rows(mine)) == before


def test_features_hold_what_was_known_at_creation(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select lead_id, touch_count_90d, first_channel, last_channel, lead_count_so_far, win_rate_so_far, "
        "has_executive_title, has_price_words from marts.ftr_lead where tenant_id::text like 'a%' order by lead_id"
    )
    assert rows == [
        (LEAD, 1, "email", "email", 0, None, True, True),
        (LATER_LEAD, 2, "email", "direct", 1, 1.0, True, True),
    ]


def test_a_fact_moved_into_the_future_changes_no_past_feature(warehouse: Warehouse) -> None:
    before = features(warehouse)
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: move facts") as connection:
        connection.execute("update raw_operational.leads set won_at = '2026-08-20', synced_at = clock_timestamp() "
                           "where id = %s", (LATER_LEAD,))  # fmt: skip
        insert(
            connection,
            "raw_operational.touchpoints",
            [{"tenant_id": warehouse.a, "id": LEAD, "anonymous_id": "c1", "kind": "visit", "channel": "events",
              "occurred_at": "2026-09-01", "created_at": "2026-09-01", "updated_at": "2026-09-01"}],
        )  # fmt: skip
    warehouse.build("run", "--select", "fct_touchpoint", "fct_lead", "ftr_lead")
    assert warehouse.rows("select count(*) from marts.fct_touchpoint where channel = 'events'") == [(1,)]
    assert features(warehouse) == before


def test_a_delta_build_equals_a_full_one_with_late_changed_and_deleted_rows(warehouse: Warehouse) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute("update raw_operational.touchpoints set deleted_at = now(), synced_at = now() "
                           "where tenant_id = %s and id = %s", (warehouse.a, LATER_TOUCH))  # fmt: skip
        connection.execute("update raw_operational.identities set deleted_at = now(), synced_at = now() "
                           "where tenant_id = %s", (warehouse.b,))  # fmt: skip
        connection.execute("update raw_operational.leads set deleted_at = now(), synced_at = now() "
                           "where tenant_id = %s", (warehouse.b,))  # fmt: skip
        # a chunk that began before the last build and was committed after it
        insert(
            connection,
            "raw_operational.touchpoints",
            [{"tenant_id": warehouse.b, "id": LATER_LEAD, "anonymous_id": "c9", "kind": "visit", "channel": "email",
              "occurred_at": "2026-02-01", "created_at": "2026-02-01", "updated_at": "2026-02-01"}],
        )  # fmt: skip
        connection.execute("update raw_operational.touchpoints set synced_at = now() - interval '20 minutes' "
                           "where tenant_id = %s and id = %s", (warehouse.b, LATER_LEAD))  # fmt: skip
        connection.execute("update raw_stripe.invoices set payload = payload || '{\"total\": 7}', synced_at = now() "
                           "where tenant_id = %s and object_id = 'in_1'", (warehouse.b,))  # fmt: skip
        connection.execute("update raw_stripe.charges set deleted_at = now(), synced_at = now() "
                           "where tenant_id = %s", (warehouse.a,))  # fmt: skip
        # channels of old touchpoints follow the tenant's settings
        connection.execute("update raw_operational.tenants set synced_at = now(), settings = "
                           """'{"channel_rules": [{"channel": "posters", "kind": "visit"}]}' """
                           "where tenant_id = %s", (warehouse.b,))  # fmt: skip
    warehouse.build("run")
    delta = snapshot(warehouse)
    people = warehouse.rows("select tenant_id, touchpoint_id, person_id from marts.fct_touchpoint")
    assert warehouse.rows("select distinct tenant_id from marts.fct_session where channel = 'posters'") == [
        (warehouse.b,)
    ]
    assert (warehouse.b, TOUCH, "anon:c1") in people
    assert (warehouse.b, LATER_LEAD, "anon:c9") in people
    assert not [row for row in people if row[:2] == (warehouse.a, LATER_TOUCH)]
    warehouse.build("run", "--full-refresh")
    assert snapshot(warehouse) == delta
