"""Raw rows of two tenants with the SAME natural ids and different facts. What becomes of them is dbt's affair."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import psycopg
from psycopg import sql

LEAD = UUID("00000000-0000-0000-0000-000000000001")
LATER_LEAD = UUID("00000000-0000-0000-0000-000000000002")
CONTACT = UUID("00000000-0000-0000-0000-000000000011")
CAMPAIGN = UUID("00000000-0000-0000-0000-000000000021")
TOUCH = UUID("00000000-0000-0000-0000-000000000031")
LATER_TOUCH = UUID("00000000-0000-0000-0000-000000000032")
RUN = UUID("00000000-0000-0000-0000-0000000000ff")


def insert(connection: psycopg.Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows into a raw table; operational tables get their change stamp."""
    for row in rows:
        values = {**row, **({"changed_xid": "5"} if table.startswith("raw_operational") else {})}
        connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(*table.split(".")),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )


def vendor_row(tenant_id: UUID, object_id: str, payload: object) -> dict[str, object]:
    """A vendor's object as the pull stores it."""
    return {
        "tenant_id": tenant_id, "object_id": object_id, "payload": json.dumps(payload), "payload_hash": b"1",
        "run_id": RUN, "source_modified_at": "2026-03-01",
    }  # fmt: skip


def load_tenant(connection: psycopg.Connection, tenant_id: UUID, name: str, factor: int) -> None:
    """One tenant's rows; ``factor`` scales its amounts, so that a foreign row shows in every sum."""
    own = {"tenant_id": tenant_id, "created_at": "2026-01-01", "updated_at": "2026-01-01"}
    insert(
        connection,
        "raw_operational.tenants",
        [{**own, "id": tenant_id, "name": name, "domain": f"{name}.example", "settings": "{}", "status": "active"}],
    )
    insert(
        connection,
        "raw_operational.contacts",
        [{**own, "id": CONTACT, "email": " Ida@X.dk", "first_name": name, "has_marketing_consent": True}],
    )
    insert(
        connection,
        "raw_operational.companies",
        [{**own, "id": CONTACT, "name": name, "domain": "https://www.X.dk/om", "employee_count": 10 * factor}],
    )
    insert(
        connection,
        "raw_operational.campaigns",
        [{**own, "id": CAMPAIGN, "name": name, "channel": "Paid Search", "status": "active", "currency": "DKK"}],
    )
    insert(
        connection,
        "raw_operational.campaign_spend",
        [{**own, "id": CAMPAIGN, "campaign_id": CAMPAIGN, "spend_date": "2026-01-02",
          "amount_cents": 1000 * factor, "currency": "DKK"}],
    )  # fmt: skip
    lead = {
        **own, "anonymous_id": "c1", "email": "ida@x.dk", "source": "paid_search", "job_title": "Salgsdirektør",
        "message": "Vi vil gerne have et tilbud", "currency": "DKK", "contact_id": CONTACT, "campaign_id": CAMPAIGN,
    }  # fmt: skip
    insert(
        connection,
        "raw_operational.leads",
        [
            {**lead, "id": LEAD, "status": "won", "value_cents": 5000 * factor, "created_at": "2026-01-10 10:00+00",
             "won_at": "2026-01-20 10:00+00"},
            {**lead, "id": LATER_LEAD, "status": "new", "created_at": "2026-02-10 10:00+00"},
        ],
    )  # fmt: skip
    deal = {**own, "pipeline_id": CAMPAIGN, "name": name, "currency": "DKK", "amount_cents": 4000 * factor}
    insert(
        connection,
        "raw_operational.stages",
        [{**own, "id": CAMPAIGN, "pipeline_id": CAMPAIGN, "name": "Tilbud", "position": 1, "probability": 0.5}],
    )
    insert(
        connection,
        "raw_operational.deals",
        [
            {**deal, "id": LEAD, "status": "open", "stage_id": CAMPAIGN, "expected_close_date": "2026-03-10"},
            {**deal, "id": LATER_LEAD, "status": "won", "closed_at": "2026-02-20 10:00+00"},
        ],
    )
    touch = {**own, "anonymous_id": "c1", "kind": "visit", "channel": "email"}
    insert(
        connection,
        "raw_operational.touchpoints",
        [
            {**touch, "id": TOUCH, "occurred_at": "2026-01-08 10:00+00"},
            {**touch, "id": LATER_TOUCH, "occurred_at": "2026-02-09 10:00+00", "channel": "direct"},
        ],
    )
    insert(
        connection,
        "raw_operational.experiments",
        [{**own, "id": CAMPAIGN, "name": name, "key": "kort-formular", "status": "running", "primary_metric": "lead_rate",
          "outcome_days": 14}],
    )  # fmt: skip
    insert(
        connection,
        "raw_operational.experiment_exposures",
        [{**own, "id": CAMPAIGN, "experiment_id": CAMPAIGN, "anonymous_id": "c1", "variant": "treatment",
          "exposed_at": "2026-01-08 10:00+00"}],
    )  # fmt: skip
    insert(
        connection,
        "raw_operational.identities",
        [{**own, "id": LEAD, "anonymous_id": "c1", "lead_id": LEAD, "contact_id": CONTACT, "kind": "cookie",
          "value": "c1", "first_seen_at": "2026-01-08", "created_at": "2026-01-10 10:00+00"}],
    )  # fmt: skip
    _load_vendors(connection, tenant_id, factor)


def _load_vendors(connection: psycopg.Connection, tenant_id: UUID, factor: int) -> None:
    january = 1_768_000_000
    money = {"currency": "dkk", "created": january}
    price = {"product": "prod_1", "unit_amount": 300 * factor, "recurring": {"interval": "month", "interval_count": 1}}
    line = {"id": "il_1", "subscription": "sub_1", "type": "subscription", "amount": 300 * factor, "currency": "dkk",
            "period": {"start": january, "end": january + 2_678_400}}  # fmt: skip
    objects: dict[str, dict[str, object]] = {
        "raw_hubspot.contacts": {"77": {"properties": {"email": "IDA@x.dk", "lastname": "Holm"}, "archived": False}},
        "raw_hubspot.deals": {
            "88": {"properties": {"dealname": "Sol", "amount": "12.50", "closedate": "2026-02-30T00:00:00Z"}},
            "89": {"properties": {"dealname": "Bad", "amount": "a lot"}},
            "90": {"properties": ["not", "an", "object"], "archived": True},
        },
        "raw_stripe.customers": {"cus_1": {**money, "email": "ida@x.dk"}},
        "raw_stripe.subscriptions": {
            "sub_1": {
                **money,
                "status": "active",
                "start_date": january,
                "customer": "cus_1",
                "items": {"data": [{"price": price}]},
            }
        },
        "raw_stripe.invoices": {
            "in_1": {
                **money,
                "status": "paid",
                "total": 300 * factor,
                "subtotal": 300 * factor,
                "customer": "cus_1",
                "lines": {"data": [line]},
            },
            "in_2": {**money, "status": "a new word", "total": "9" * 40},
        },
        "raw_stripe.charges": {
            "ch_1": {**money, "status": "succeeded", "amount": 300 * factor, "amount_refunded": 100, "invoice": "in_1"}
        },
        "raw_stripe.disputes": {"dp_1": {**money, "status": "won", "amount": 300 * factor, "charge": "ch_1"}},
        "raw_stripe.credit_notes": {"cn_1": {**money, "status": "issued", "total": 30 * factor, "invoice": "in_1"}},
        "raw_stripe.payouts": {"po_1": {**money, "status": "paid", "amount": 150 * factor}},
        "raw_stripe.balance_transactions": {
            "txn_1": {
                **money,
                "type": "charge",
                "source": "ch_1",
                "amount": 300 * factor,
                "fee": 9,
                "net": 300 * factor - 9,
            },
            "txn_2": {**money, "type": "refund", "source": "re_1", "amount": -100, "fee": 0, "net": -100},
            "txn_3": {
                **money,
                "type": "payout",
                "source": "po_1",
                "amount": -150 * factor,
                "fee": 0,
                "net": -150 * factor,
            },
        },
        "raw_stripe.payment_intents": {
            "pi_1": {
                **money,
                "status": "succeeded",
                "amount": 300 * factor,
                "amount_received": 300 * factor,
                "customer": "cus_1",
                "latest_charge": "ch_1",
            },
            "pi_2": {**money, "status": "a new word"},
        },
        "raw_stripe.checkout_sessions": {
            "cs_1": {
                **money,
                "status": "complete",
                "mode": "subscription",
                "payment_status": "paid",
                "subscription": "sub_1",
                "amount_total": 300 * factor,
            },
        },
        "raw_stripe.tax_ids": {
            "cus_1:txi_1": {
                "type": "eu_vat",
                "country": "DK",
                "value": f"DK1234567{factor}",
                "created": january,
                "verification": {"status": "verified"},
            },
        },
        "raw_stripe.prices": {
            "price_1": {**money, **price, "type": "recurring", "billing_scheme": "per_unit", "active": True},
            "price_y": {
                **money,
                "unit_amount": 12_000 * factor,
                "billing_scheme": "per_unit",
                "recurring": {"interval": "year", "interval_count": 1},
            },
        },
        "raw_stripe.subscription_schedules": {
            "sched_1": {
                **money,
                "status": "active",
                "customer": "cus_1",
                "subscription": "sub_1",
                "end_behavior": "cancel",
                "phases": [
                    {
                        "start_date": january,
                        "end_date": january + 2_678_400,
                        "items": [{"price": "price_1", "quantity": 1}],
                    },
                    {
                        "start_date": 4_000_000_000,
                        "end_date": 4_100_000_000,
                        "items": [{"price": "price_1", "quantity": 2}, {"price": "price_y", "quantity": 1}],
                    },
                ],
            },
        },
        "raw_stripe.refunds": {"re_1": {**money, "status": "succeeded", "amount": 100, "charge": "ch_1"}},
        "raw_kit.subscribers": {"5": {"email_address": "ida@x.dk", "state": "active", "created_at": "2026-01-01"}},
        "raw_kit.tags": {"3": {"name": "newsletter"}},
        "raw_kit.tag_subscribers": {"3:5": {"tagged_at": "2026-01-02T00:00:00Z"}},
        "raw_kit.forms": {"4": {"name": "pris", "archived": True}},
        "raw_kit.form_subscribers": {"4:5": {"added_at": "2026-01-02T00:00:00Z"}},
        "raw_kit.sequences": {"6": {"name": "velkommen", "hold": False, "repeat": True}},
        "raw_kit.sequence_subscribers": {"6:5": {"added_at": "no date"}},
        "raw_kit.segments": {"7": {"name": "kunder"}},
        "raw_kit.custom_fields": {"8": {"key": "role", "label": "Rolle"}},
        "raw_kit.purchases": {"9": {"email_address": "Ida@x.dk", "total": 149.5 * factor, "products": [{}, {}]}},
        "raw_kit.broadcasts": {
            "1": {
                "subject": "nyt",
                "send_at": "2026-01-05T09:00:00Z",
                "stats": {"recipients": 4 * factor, "emails_opened": 2, "total_clicks": 1, "unsubscribes": 0},
            },
        },
        "raw_hubspot.emails": {
            "61": {
                "properties": {
                    "hs_email_subject": "tilbud",
                    "hs_email_direction": "INCOMING_EMAIL",
                    "hs_timestamp": "2026-01-06T10:00:00Z",
                }
            },
        },
        "raw_hubspot.calls": {"62": {"properties": {"hs_call_duration": "90000"}, "createdAt": "2026-01-06T10:00:00Z"}},
        "raw_hubspot.associations": {
            "emails/61:contacts/77": {"association_types": [{"label": "Beslutter"}, {"label": None}]},
        },
        "raw_hubspot.tickets": {
            "63": {
                "properties": {"subject": "hjælp", "hs_ticket_priority": "HIGH"},
                "propertiesWithHistory": {
                    "hs_pipeline_stage": [{"value": "2", "timestamp": "2026-01-07T10:00:00Z"}, {"value": "1"}]
                },
            },
        },
        "raw_hubspot.property_history": {
            "tickets/63:hs_pipeline_stage@1": {
                "object_type": "tickets",
                "id": "63",
                "property": "hs_pipeline_stage",
                "value": "2",
                "timestamp": "2026-01-07T10:00:00Z",
            },
        },
        "raw_hubspot.lists": {"64": {"name": "alle", "additionalProperties": {"hs_list_size": "1"}}},
        "raw_hubspot.list_memberships": {"64:77": {"membershipTimestamp": "2026-01-02T00:00:00Z"}},
        "raw_hubspot.forms": {"f-1": {"name": "demo"}},
        "raw_hubspot.form_submissions": {
            "f-1/s": {"submittedAt": 1_768_000_000_500, "values": [{"name": "email", "value": " IDA@x.dk"}]},
        },
    }
    for table, entities in objects.items():
        insert(connection, table, [vendor_row(tenant_id, key, payload) for key, payload in entities.items()])
    insert(
        connection,
        "ml.lead_score",
        [{"tenant_id": tenant_id, "lead_id": LEAD, "model_version": "v1", "probability": 0.1 * factor, "grade": "B",
          "reasons": "[]"}],
    )  # fmt: skip
    insert(
        connection,
        "ml.lead_score_history",
        [{"tenant_id": tenant_id, "lead_id": LEAD, "scored_at": "2026-02-11", "model_version": "v1",
          "probability": 0.1 * factor, "grade": "B"}],
    )  # fmt: skip
    told = {"tenant_id": tenant_id, "model_version": "v2", "input_hash": 1}
    worth = {"value_cents": 900 * factor, "value_cents_low": 100, "value_cents_high": 90_000}
    chances = {f"by_{days}d": days / 1000 * factor for days in (7, 14, 30, 60, 90)}
    doubt = {"probability_low": 0.0, "probability_high": 1.0, "has_enough_data": True, "is_out_of_distribution": False}
    insert(connection, "ml.lead_value", [{**told, "lead_id": LEAD, **worth}])
    insert(connection, "ml.lead_conversion", [{**told, "lead_id": LEAD, **chances}])
    churn = {**told, "subscription_id": "sub_1", "probability": 0.1 * factor, **doubt, "reasons": "[]"}
    insert(connection, "ml.subscription_churn", [churn])
    insert(
        connection,
        "ml.model_quality",
        [{"tenant_id": tenant_id, "model_version": "v1", "metric": "roc_auc", "value": 0.7 + factor / 100,
          "baseline": 0.6, "lead_count": 40}],
    )  # fmt: skip
    insert(
        connection,
        "ml.model_drift",
        [{"tenant_id": tenant_id, "model_version": "v1", "subject": "score", "name": "(all)",
          "looked_until": "2026-02-11", "row_count": 40, "evidence": factor, "is_drifting": False}],
    )  # fmt: skip
    insert(
        connection,
        "ops.quality_daily",
        [{"tenant_id": tenant_id, "quality_date": "2026-02-11", "dimension": "validity", "check_count": 4,
          "failed_count": factor, "blocking_failed_count": 0, "weight_total": 12, "weight_passed": 12 - 3 * factor}],
    )  # fmt: skip
    credit = {"tenant_id": tenant_id, "model": "last", "channel": "paid_search", "conversions": 1,
              "value_cents": 5000 * factor, "currency": "DKK", "lookback_days": 30}  # fmt: skip
    insert(connection, "ml.attribution_channel", [credit])
    insert(connection, "ml.attribution_credit", [{**credit, "converted_date": "2026-01-20", "campaign_id": CAMPAIGN}])
    insert(
        connection,
        "ml.lead_enrichment",
        [{"tenant_id": tenant_id, "cache_key": "a" * 64, "status": "answered", "attempts": 1, "model": "m",
          "versions": "1.1", "run_id": RUN, "language": "da", "intent": "high", "summary": f"Tilbud nr. {factor}",
          "answered_at": "2026-02-11"}],
    )  # fmt: skip
    insert(
        connection,
        "ml.lead_enrichment_lead",
        [{"tenant_id": tenant_id, "lead_id": LEAD, "cache_key": "a" * 64, "answered_key": "a" * 64, "version": "1",
          "changed_xid": "5"}],
    )  # fmt: skip
