"""Rows of two tenants that share every natural id, and the marts they stand in. Fixtures live in conftest."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import polars as pl
import psycopg

import scoring
from scoring.model import LeadModel
from tekup.db import Database, Doors, Role
from tekup.ids import derived_uuid

LEADS = 60
START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("organic_search", "paid_social", "referral")
STATUSES = ("new", "contacted", "qualified", "won", "lost")
CAMPAIGN, OTHER_CAMPAIGN = derived_uuid("campaign", 1), derived_uuid("campaign", 2)
GRADES = ("A", "B", "C", "D", "E")

MARTS = """
drop table if exists marts.ftr_lead, marts.fct_lead_score, marts.fct_attribution_credit, marts.fct_attribution_daily,
marts.kpi_tenant_daily, marts.fct_revenue_retention_monthly, marts.fct_experiment_result_daily;
drop view if exists marts.fct_lead_prediction, marts.fct_subscription_churn;
create table marts.ftr_lead (
    tenant_id uuid not null, lead_id uuid not null, source text, country text, employee_count integer,
    message_length integer, has_email boolean, win_rate_so_far numeric, primary key (tenant_id, lead_id)
);
create table marts.fct_lead_score (
    tenant_id uuid not null, lead_id uuid not null, probability double precision, grade text, reasons jsonb,
    model_version text, scored_at timestamptz, status text, source text, created_at timestamptz,
    probability_low double precision, probability_high double precision, has_enough_data boolean,
    is_out_of_distribution boolean, expected_value_cents bigint,
    primary key (tenant_id, lead_id)
);
create view marts.fct_lead_prediction as
select tenant_id, lead_id, value_cents, value_cents_low, value_cents_high, 'DKK'::text as currency,
    model_version as value_model_version, 0.1::double precision as converted_by_7d_rate,
    0.2::double precision as converted_by_14d_rate, 0.3::double precision as converted_by_30d_rate,
    0.4::double precision as converted_by_60d_rate, 0.5::double precision as converted_by_90d_rate,
    90::double precision as median_days, model_version as conversion_model_version, predicted_at
from ml.lead_value;
create view marts.fct_subscription_churn as
select tenant_id, subscription_id, 'cus_' || right(subscription_id, 1) as customer_id, 'Basis'::text as product_name,
    probability, probability_low, probability_high, has_enough_data, is_out_of_distribution, 1000::bigint as mrr_cents,
    (1000 * probability)::bigint as mrr_at_risk_cents, 'DKK'::text as currency, reasons, model_version, predicted_at
from ml.subscription_churn;
select ops.secure_relation('marts.fct_lead_prediction');
select ops.secure_relation('marts.fct_subscription_churn');
create table marts.fct_attribution_credit (
    tenant_id uuid not null, model text, channel text, currency text, conversions double precision, value_cents bigint,
    reporting_value_cents bigint, reporting_currency text, spend_cents bigint, roas_rate double precision,
    cost_per_conversion_cents bigint, lookback_days integer, computed_at timestamptz, conversions_low double precision,
    conversions_high double precision, value_cents_low bigint, value_cents_high bigint
);
create table marts.fct_experiment_result_daily (
    tenant_id uuid not null, experiment_id uuid, metric text, variant text, exposed_date date, person_count bigint,
    metric_sum numeric, metric_square_sum numeric, covariate_sum numeric, covariate_square_sum numeric,
    product_sum numeric
);
create table marts.fct_attribution_daily (
    tenant_id uuid not null, model text, credit_date date, channel text, campaign_key text, campaign_id uuid,
    campaign_name text, currency text, conversions double precision, value_cents bigint, reporting_value_cents bigint,
    reporting_currency text, spend_cents bigint
);
create table marts.kpi_tenant_daily (
    tenant_id uuid not null, kpi_date date, currency text, new_lead_count bigint, qualified_lead_count bigint,
    won_lead_count bigint, lost_lead_count bigint, touchpoint_count bigint, new_subscriber_count bigint,
    won_value_cents bigint, spend_cents bigint, invoiced_cents bigint, paid_cents bigint, refunded_cents bigint,
    active_subscription_count bigint, mrr_cents bigint
);
create table marts.fct_revenue_retention_monthly (
    tenant_id uuid not null, month_date date, currency text, is_complete boolean, nrr_rate double precision,
    grr_rate double precision, logo_churn_rate double precision, arpa_cents bigint, ltv_cents bigint
);
grant select on all tables in schema marts to tekup_app;
"""


@dataclass(frozen=True, slots=True)
class PlannedLead:
    """One lead of the plan; the same id, source and time in both tenants, another e-mail and score."""

    id: UUID
    email: str
    source: str
    status: str
    created_at: datetime
    probability: float
    grade: str


def lead_id(number: int) -> UUID:
    """The id that lead ``number`` has in every tenant."""
    return derived_uuid("serving test lead", number)


def plan_leads(domain: str, offset: float) -> list[PlannedLead]:
    """Leads of a tenant; two of three were scored by a batch (those whose number is not divisible by 3)."""
    return [
        PlannedLead(
            lead_id(number),
            f"lead{number}@{domain}",
            SOURCES[number % 3],
            STATUSES[number % 5],
            START + timedelta(hours=number),
            round(0.01 + number / 100 + offset, 4),
            GRADES[number % 5],
        )
        for number in range(LEADS)
    ]


def is_scored(number: int) -> bool:
    """Whether a batch scored lead ``number``."""
    return number % 3 != 0


def worth_of(lead: PlannedLead, weight: int) -> int:
    """What a lead is expected to bring; nothing is known of those that came by referral."""
    return 0 if lead.source == "referral" else round(lead.probability * 1_000_000) * weight


def fill_predictions(connection: psycopg.Connection, tenant_id: UUID, leads: list[PlannedLead], weight: int) -> None:
    """What a deal with each scored lead is worth, and the risk of five subscriptions."""
    connection.execute("delete from ml.lead_value where tenant_id = %s", (tenant_id,))
    connection.execute("delete from ml.subscription_churn where tenant_id = %s", (tenant_id,))
    connection.cursor().executemany(
        "insert into ml.lead_value (tenant_id, lead_id, model_version, input_hash, value_cents, value_cents_low, "
        "value_cents_high) values (%s, %s, 'worth-1', 1, %s, 100, 900000)",
        [(tenant_id, lead.id, 1000 * weight) for number, lead in enumerate(leads) if is_scored(number)],
    )
    reasons = json.dumps([{"feature": "failed_charge_count_35d", "value": "2", "contribution": 0.05 * weight}])
    connection.cursor().executemany(
        "insert into ml.subscription_churn (tenant_id, subscription_id, model_version, input_hash, probability, "
        "probability_low, probability_high, has_enough_data, is_out_of_distribution, reasons) "
        "values (%s, %s, 'churn-1', 1, %s, 0, 1, true, false, %s)",
        [(tenant_id, f"sub_{number}", 0.01 * weight + number / 10, reasons) for number in range(5)],
    )


def fill_operational(doors: Doors, tenant_id: UUID, leads: list[PlannedLead]) -> None:
    """Store the leads, in place of all others."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute("delete from app.leads")
        connection.cursor().executemany(
            "insert into app.leads (tenant_id, id, email, source, status, country, employee_count, created_at) "
            "values (%s, %s, %s, %s, %s, 'DK', 10, %s)",
            [(tenant_id, lead.id, lead.email, lead.source, lead.status, lead.created_at) for lead in leads],
        )


def fill_warehouse(doors: Doors, tenant_id: UUID, leads: list[PlannedLead], weight: int) -> None:
    """Store scores, features, credit and figures; ``weight`` tells one tenant's figures from the other's."""
    reasons = json.dumps([{"feature": "source", "value": "referral", "contribution": 0.01 * weight}])
    scored = [lead for number, lead in enumerate(leads) if is_scored(number)]
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test data") as connection:
        connection.execute("delete from ml.lead_score where tenant_id = %s", (tenant_id,))
        cursor = connection.cursor()
        cursor.executemany(
            "insert into ml.lead_score (tenant_id, lead_id, model_version, probability, grade, reasons, scored_at) "
            "values (%s, %s, 'batch-1', %s, %s, %s, %s)",
            [(tenant_id, lead.id, lead.probability, lead.grade, reasons, START) for lead in scored],
        )
        cursor.executemany(
            "insert into marts.fct_lead_score (tenant_id, lead_id, model_version, probability, grade, reasons, "
            "scored_at, status, source, created_at, probability_low, probability_high, has_enough_data, "
            "is_out_of_distribution, expected_value_cents) "
            "values (%s, %s, 'batch-1', %s, %s, %s, %s, %s, %s, %s, 0.001, 0.999, true, false, %s)",
            [
                (tenant_id, x.id, x.probability, x.grade, reasons, START, x.status, x.source, x.created_at,
                 None if worth_of(x, weight) == 0 else worth_of(x, weight))
                for x in scored
            ],
        )  # fmt: skip
        fill_predictions(connection, tenant_id, leads, weight)
        cursor.executemany(
            "insert into marts.ftr_lead values (%s, %s, %s, 'DK', %s, %s, true, 0.25)",
            [(tenant_id, lead.id, lead.source, 10 * weight, 100 * weight) for lead in leads if lead.id != lead_id(0)],
        )
        cursor.executemany(
            "insert into marts.fct_attribution_credit "
            "values (%s, %s, %s, 'DKK', %s, %s, %s, 'DKK', %s, %s, 100, 90, %s, 1.5, 3.5)",
            [
                (
                    tenant_id,
                    model,
                    channel,
                    2.5 * weight,
                    1000 * weight * rank,
                    1000 * weight * rank,
                    spend,
                    roas,
                    START,
                )
                for model in ("first", "markov")
                for rank, (channel, spend, roas) in enumerate((("email", None, None), ("paid_social", 500, 4.0)), 1)
            ],
        )
        _fill_attribution(cursor, tenant_id, weight)
        cursor.executemany(
            "insert into marts.kpi_tenant_daily values (%s, %s, 'DKK', %s, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 900)",
            [(tenant_id, START.date() + timedelta(days=day), weight) for day in range(120)],
        )
        cursor.executemany(
            "insert into marts.fct_revenue_retention_monthly values "
            "(%s, make_date(2023, 1, 1) + make_interval(months => %s), 'DKK', %s, 1.05, 0.9, 0.1, %s, %s)",
            [
                (tenant_id, month, month < 39, weight * 100, None if month < 12 else weight * 1000)
                for month in range(40)
            ],
        )


def _fill_attribution(cursor: psycopg.Cursor, tenant_id: UUID, weight: int) -> None:
    """Credit on ten days for two campaigns, spend on one of them, and the journeys behind it."""
    cursor.executemany(
        "insert into marts.fct_attribution_daily values (%s, %s, %s, %s, %s, %s, %s, 'DKK', %s, %s, %s, 'DKK', %s)",
        [
            (tenant_id, model, START.date() + timedelta(days=day), channel, campaign or "none", campaign,
             campaign and f"campaign {weight}", 0.5 * weight, 100 * weight, 100 * weight, spend and spend * weight)
            for model in ("first", "markov")
            for day in range(10)
            for channel, campaign, spend in (
                ("email", None, None), ("paid_social", CAMPAIGN, 50), ("paid_social", OTHER_CAMPAIGN, None))
        ],
    )  # fmt: skip
    for table in ("attribution_path", "attribution_transition"):
        cursor.execute(f"delete from ml.{table} where tenant_id = %s", (tenant_id,))
    paths = [(1, ["email", "paid_social"], 1, 3), (2, ["email"], 1, 1), (3, [], 1, 1), (4, None, 7, 2)]
    cursor.executemany(
        "insert into ml.attribution_path (tenant_id, currency, path_rank, path, path_count, conversions, value_cents, "
        "null_count) values (%s, 'DKK', %s, %s, %s, %s, %s, 9)",
        [(tenant_id, rank, path, count, sales * weight, 100 * sales) for rank, path, count, sales in paths],
    )
    steps = [("(start)", "email", 1.0), ("email", "(conversion)", 0.25), ("email", "(null)", 0.75)]
    cursor.executemany(
        "insert into ml.attribution_transition (tenant_id, currency, source, target, journey_count, probability) "
        "values (%s, 'DKK', %s, %s, %s, %s)",
        [(tenant_id, source, target, 10 * weight * chance, chance) for source, target, chance in steps],
    )


def train_model(seed: int, tenants: list[UUID]) -> LeadModel:
    """A real model on some hundred made-up leads of the given tenants."""
    dice = random.Random(seed)
    rows = []
    for number in range(1200):
        source, staff = dice.choice(SOURCES), dice.randrange(1, 200)
        # the tenants differ so much that the model adapts to each: that is what production serves
        chance = 0.05 + 0.3 * (source == "referral") + 0.2 * (staff > 100) + 0.4 * (number % len(tenants))
        rows.append(
            {
                "tenant": str(tenants[number % len(tenants)]),
                "source": source,
                "country": dice.choice(("DK", "SE")),
                "employee_count": staff,
                "message_length": dice.randrange(0, 500),
                "has_email": dice.random() < 0.8,
                "win_rate_so_far": dice.random(),
                "is_won": int(dice.random() < chance),
            }
        )
    return scoring.train(pl.DataFrame(rows), label="is_won", tenant="tenant", seed=seed, budget=1, threads=1)
