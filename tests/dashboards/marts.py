"""Marts and logs of two tenants with the same natural ids, as dbt's contracts shape them. Nothing is asserted here."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import psycopg
import yaml

from tekup.clock import utc_now
from tekup.db import Database, Doors
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

LEADS = 60
DAYS = 70
CHANNELS = ("paid_search", "email", "referral", "organic_search")
MODELS = ("first", "last", "linear", "markov")
_STATUSES = ("new", "contacted", "qualified", "won", "lost", "new")

_TABLES = (
    "kpi_tenant_daily",
    "fct_revenue_retention_monthly",
    "fct_lead",
    "fct_lead_score",
    "fct_touchpoint",
    "fct_conversion",
    "fct_attribution_credit",
    "fct_attribution_campaign",
    "fct_quality_daily",
    "fct_lead_funnel",
    "fct_pipeline_stage",
    "fct_deal_forecast",
    "fct_deal_outcome_monthly",
    "fct_deal",
    "fct_deal_stage_history",
    "fct_mrr_daily",
    "fct_customer_cohort_monthly",
    "fct_subscription_churn",
    "fct_customer_value",
    "fct_refund",
    "fct_dispute",
    "fct_model_quality",
    "fct_model_drift",
    "fct_lead_score_history",
    "fct_lead_prediction",
    "ftr_lead",
    "dim_campaign",
    "fct_campaign_spend_daily",
    "dim_experiment",
    "fct_experiment_result_daily",
)


def read_contract(mart: str) -> dict[str, str]:
    """The columns of ``mart`` with their types, as its dbt contract promises them."""
    for path in (ROOT / "dbt" / "models" / "marts").rglob("*__models.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            if model["name"] == mart:
                return {column["name"]: column["data_type"] for column in model["columns"]}
    raise LookupError(f"no dbt contract for {mart}")


def lead_id(number: int) -> UUID:
    """The id of lead ``number``: the same in both tenants."""
    return UUID(int=0x5EED_0000 + number)


def fill_marts(doors: Doors, tenants: TwoTenants, today: date) -> None:
    """Make the marts anew and fill them for both tenants up to ``today``."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="tests of the dashboards") as connection:
        for name in _TABLES:
            columns = ", ".join(f"{column} {kind}" for column, kind in read_contract(name).items())
            connection.execute(f"drop table if exists marts.{name}")  # made by an earlier test, not by dbt
            connection.execute(f"create table marts.{name} ({columns})")
            connection.execute(f"grant select on marts.{name} to tekup_reader, tekup_app")
        for table in (
            "ops.sync_run",
            "ops.check_result",
            "ops.check_failure",
            "ml.attribution_distribution",
            "ml.model_curve",
            "ml.model_slice",
            "ml.model_version",
        ):
            connection.execute(f"delete from {table}")
        fill_versions(connection)
        for tenant, scale in ((tenants.a, 1), (tenants.b, 3)):
            word = tenant.name.split()[0]
            _fill_days(connection, tenant.id, scale, today)
            _fill_months(connection, tenant.id, scale)
            _fill_leads(connection, tenant.id, word, scale, today)
            _fill_credit(connection, tenant.id, scale, today)
            _fill_campaigns(connection, tenant.id, word, scale)
            _fill_spend(connection, tenant.id, word, scale, today)
            _fill_experiments(connection, tenant.id, word, scale, today)
            _fill_operations(connection, tenant.id, word)
            _fill_subscriptions(connection, tenant.id, word, scale, today)
            _fill_deals(connection, tenant.id, word, scale, today)
            _fill_outlook(connection, tenant.id, scale, today)
            _fill_watch(connection, tenant.id, word, scale, today)


def _insert(connection: psycopg.Connection, table: str, rows: Sequence[tuple[object, ...]], columns: str) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {table} ({columns}) values ({marks})", rows)


def _fill_days(connection: psycopg.Connection, tenant_id: UUID, scale: int, today: date) -> None:
    rows = [
        (tenant_id, today - timedelta(days=day), "DKK", scale * (10 if day < 30 else 5), scale * 3, scale,
         scale * 250_000, scale * 100, scale * 40_000, scale * 90_000, scale * (1_000_000 - day * 1000))
        for day in range(DAYS)
    ]  # fmt: skip
    _insert(
        connection,
        "marts.kpi_tenant_daily",
        rows,
        "tenant_id, kpi_date, currency, new_lead_count, qualified_lead_count, won_lead_count, won_value_cents, "
        "touchpoint_count, spend_cents, invoiced_cents, mrr_cents",
    )


def _fill_months(connection: psycopg.Connection, tenant_id: UUID, scale: int) -> None:
    _insert(
        connection,
        "marts.fct_revenue_retention_monthly",
        [
            (tenant_id, date(2026, month, 1), "DKK", month < 4, 1 + month / 100, 0.9, 0.05, scale * 1_000_000)
            for month in range(1, 5)
        ],
        "tenant_id, month_date, currency, is_complete, nrr_rate, grr_rate, logo_churn_rate, ltv_cents",
    )


def _fill_leads(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    noon = datetime.combine(today, time(12), UTC)
    leads, scores, touches, conversions = [], [], [], []
    for number in range(LEADS):
        created_at = noon - timedelta(days=number)
        status = _STATUSES[number % len(_STATUSES)]
        value = scale * 1_000_000 if status == "won" else None
        source = CHANNELS[number % len(CHANNELS)]
        person = f"person:{number}"
        leads.append(
            (tenant_id, lead_id(number), person, f"p{number}@{word.lower()}.example", f"{word} Person {number}",
             f"{word} Kunde {number}", "Direktør" if number % 2 else "=SUM(1)", source, status, value, "DKK",
             created_at)
        )  # fmt: skip
        if number != LEADS - 1:
            probability = (LEADS - number) / (LEADS + 1)
            reasons = [
                {"feature": "source", "value": source, "contribution": 0.12},
                {"feature": "has_price_words", "value": "true", "contribution": 0.2 if number % 2 else -0.2},
                {"feature": "employee_count", "value": "1200", "contribution": 0.05},
            ]
            grade = "ABCDE"[min(number // 12, 4)]
            scores.append((tenant_id, lead_id(number), probability, grade, json.dumps(reasons), "v1", noon))
        for step, channel in enumerate(("paid_search", "email", "email", source)):
            touches.append(
                (tenant_id, UUID(int=0x70_0000 + number * 10 + step), person, "visit", channel, f"{word}-kampagne",
                 "/priser", "desktop", created_at - timedelta(days=8 - step))
            )  # fmt: skip
        if status == "won":
            conversions.append((tenant_id, lead_id(number), person, created_at, value, "DKK"))
    _insert(
        connection,
        "marts.fct_lead",
        leads,
        "tenant_id, lead_id, person_id, email, full_name, company_name, job_title, source, status, value_cents, "
        "currency, created_at",
    )
    _insert(
        connection,
        "marts.fct_lead_score",
        scores,
        "tenant_id, lead_id, probability, grade, reasons, model_version, scored_at",
    )
    _insert(
        connection,
        "marts.fct_touchpoint",
        touches,
        "tenant_id, touchpoint_id, person_id, kind, channel, utm_campaign, landing_page, device, occurred_at",
    )
    _insert(
        connection,
        "marts.fct_conversion",
        conversions,
        "tenant_id, lead_id, person_id, converted_at, reporting_value_cents, reporting_currency",
    )


def _fill_credit(connection: psycopg.Connection, tenant_id: UUID, scale: int, today: date) -> None:
    noon = datetime.combine(today, time(12), UTC)
    rows = [
        (tenant_id, model, channel, currency, scale * (place + turn + 1.5), scale * 400_000, scale * 400_000, "DKK",
         scale * 100_000 if channel == "paid_search" else None, 90, noon)
        for turn, model in enumerate(MODELS)
        for place, channel in enumerate(CHANNELS)
        for currency in ("DKK", "EUR")
    ]  # fmt: skip
    _insert(
        connection,
        "marts.fct_attribution_credit",
        rows,
        "tenant_id, model, channel, currency, conversions, value_cents, reporting_value_cents, reporting_currency, "
        "spend_cents, lookback_days, computed_at",
    )


def _fill_campaigns(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int) -> None:
    """Of each channel one campaign with spend and one without, and what is of no campaign."""
    rows = [
        (tenant_id, model, channel, key, None if key == "none" else f"{word} {key}", "DKK", scale * 1.5,
         scale * 300_000, spend and scale * spend, spend and 3.0, spend and 66_667, 4 * scale, spend and 25_000)
        for model in MODELS
        for channel in CHANNELS
        for key, spend in (("spring", 100_000), ("autumn", None), ("none", None))
    ]  # fmt: skip
    _insert(
        connection,
        "marts.fct_attribution_campaign",
        rows,
        "tenant_id, model, channel, campaign_key, campaign_name, reporting_currency, conversions, "
        "reporting_value_cents, spend_cents, roas_rate, cac_cents, lead_count, cost_per_lead_cents",
    )
    _insert(
        connection,
        "ml.attribution_distribution",
        [
            (tenant_id, "DKK", measure, bucket, scale * 2.0, scale * 1000)
            for measure in ("lag_days", "path_length")
            for bucket in (1, 2, 8)
        ],
        "tenant_id, currency, measure, bucket, conversions, value_cents",
    )


def _fill_operations(connection: psycopg.Connection, tenant_id: UUID, word: str) -> None:
    now = utc_now()
    runs = [
        (tenant_id, UUID(int=1), "operational", "succeeded", None, 500, now - timedelta(minutes=9),
         now - timedelta(minutes=8)),
        (tenant_id, UUID(int=2), "stripe", "succeeded", None, 80, now - timedelta(hours=9), now - timedelta(hours=9)),
        (tenant_id, UUID(int=3), "stripe", "failed", f"{word}: key refused", 0, now - timedelta(hours=1), now),
    ]  # fmt: skip
    _insert(
        connection,
        "ops.sync_run",
        runs,
        "tenant_id, run_id, vendor, status, error, rows_read, started_at, finished_at",
    )
    checks = [
        (tenant_id, "unique_lead", True, "error", "0", "0"),
        (tenant_id, "fresh_spend", False, "warn", f"{word}: 3 days", "1 day"),
    ]
    _insert(connection, "ops.check_result", checks, "tenant_id, check_name, is_passed, severity, observed, expected")
    failures = [(tenant_id, "fresh_spend", 1, json.dumps({"campaign": f"{word}-kampagne", "seen": {"days": 3}}))]
    _insert(connection, "ops.check_failure", failures, "tenant_id, check_name, row_number, failed_row")
    quality = [(tenant_id, day, 0.75, 2, 1, False) for day in ("2026-11-01", "2026-11-02")]
    _insert(
        connection,
        "marts.fct_quality_daily",
        quality,
        "tenant_id, quality_date, quality_rate, check_count, failed_check_count, is_held",
    )


def _fill_deals(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    """Two open deals, one past its day and one that waits too long, and ended ones that go with the won leads."""
    month, noon = today.replace(day=1), datetime.combine(today, time(12), UTC)
    _insert(
        connection,
        "marts.fct_lead_funnel",
        [(tenant_id, month, source, scale * 40, scale * 20, scale * 10, scale * 5, scale) for source in CHANNELS[:2]],
        "tenant_id, cohort_month, source, lead_count, contacted_count, qualified_count, won_count, lost_count",
    )
    _insert(
        connection,
        "marts.fct_pipeline_stage",
        [
            (tenant_id, "operational", "p", key, "DKK", f"{word} {key}", count, scale * 500_000 * count,
             scale * 100_000 * count, rate, 40, days)
            for key, count, rate, days in (("meeting", 1, 0.2, 10.0), ("offer", 1, 0.6, 20.0), ("won", 0, 1.0, None))
        ],
        "tenant_id, source_system, pipeline_key, stage_key, currency, stage_name, open_deal_count, open_amount_cents, "
        "weighted_amount_cents, win_rate, closed_deal_count, median_days_in_stage",
    )  # fmt: skip
    _insert(
        connection,
        "marts.fct_deal_forecast",
        [
            (tenant_id, source, month, "DKK", 1, scale * 500_000, scale * 200_000, scale * 50_000, scale * 350_000)
            for source in ("operational", "hubspot")
        ],
        "tenant_id, source_system, expected_month, currency, open_deal_count, open_amount_cents, "
        "expected_amount_cents, expected_amount_cents_low, expected_amount_cents_high",
    )
    _insert(
        connection,
        "marts.fct_deal_outcome_monthly",
        [(tenant_id, "operational", month, "DKK", 3, 1, scale * 900_000, 20.0 * scale)],
        "tenant_id, source_system, closed_month, currency, won_count, lost_count, won_amount_cents, median_days_to_win",
    )
    deals = [
        (tenant_id, "operational", "late", f"{word} late", "p", "meeting", "Meeting", None, "open", 900_000,
         today - timedelta(days=3), None, noon),
        (tenant_id, "operational", "slow", f"{word} slow", "p", "offer", "Offer", None, "open", 800_000, None, None,
         noon),
        (tenant_id, "operational", "fine", f"{word} fine", "p", "offer", "Offer", None, "open", 700_000, None, None,
         noon),
    ]  # fmt: skip
    deals += [
        (tenant_id, "operational", f"ended {number}", f"{word} ended", "p", "won", "Won", lead_id(number),
         "lost" if number % 4 == 0 else "won", 600_000, None, today, noon)
        for number in range(8)
    ]  # fmt: skip
    _insert(
        connection,
        "marts.fct_deal",
        [(*deal, False) for deal in deals],
        "tenant_id, source_system, deal_id, deal_name, pipeline_id, stage_id, stage_name, lead_id, status, "
        "amount_cents, expected_close_date, closed_date, updated_at, is_mirrored",
    )
    stays = [("late", 1), ("slow", 90), ("fine", 5)]
    _insert(
        connection,
        "marts.fct_deal_stage_history",
        [(tenant_id, "operational", deal, 1, noon - timedelta(days=days), True, True) for deal, days in stays],
        "tenant_id, source_system, deal_id, stay_number, entered_at, is_entry_known, is_current",
    )


def _fill_outlook(connection: psycopg.Connection, tenant_id: UUID, scale: int, today: date) -> None:
    """Lead 1 in depth: sure of itself, with a course and a prediction; lead 2 is unsure and unfamiliar."""
    noon = datetime.combine(today, time(12), UTC)
    connection.execute(
        "update marts.fct_lead_score set probability_low = probability - 0.05, probability_high = probability + 0.01, "
        "has_enough_data = lead_id <> %(unsure)s, is_out_of_distribution = lead_id = %(unsure)s, "
        "expected_value_cents = case when lead_id = %(best)s then %(scale)s * 9000000 else %(scale)s * 1000 end, "
        "currency = 'DKK' where tenant_id = %(tenant)s",
        {"tenant": tenant_id, "unsure": lead_id(2), "best": lead_id(7), "scale": scale},
    )
    _insert(
        connection,
        "marts.fct_lead_score_history",
        [
            (tenant_id, lead_id(1), noon - timedelta(days=days), probability, change, "B", version, is_new)
            for days, probability, change, version, is_new in (
                (9, 0.4, None, "v0", True), (5, 0.5, 0.1, "v0", False), (1, 0.9, 0.4, "v1", True),
            )
        ],
        "tenant_id, lead_id, scored_at, probability, probability_change, grade, model_version, has_new_model",
    )  # fmt: skip
    _insert(
        connection,
        "marts.fct_lead_prediction",
        [(tenant_id, lead_id(1), scale * 500_000, scale * 200_000, scale * 900_000, "DKK", 0.6, 21.4)],
        "tenant_id, lead_id, value_cents, value_cents_low, value_cents_high, currency, converted_by_90d_rate, "
        "median_days",
    )
    _insert(
        connection,
        "marts.ftr_lead",
        [
            (tenant_id, lead_id(number), CHANNELS[number % len(CHANNELS)], "it" if number < 20 else None, "DK", 50,
             number % 2 == 0)
            for number in range(LEADS)
        ],
        "tenant_id, lead_id, source, industry, country, employee_count, has_price_words",
    )  # fmt: skip
    connection.execute(
        "update marts.fct_lead set won_at = created_at + interval '12 days' where tenant_id = %s and status = 'won'",
        (tenant_id,),
    )


def fill_versions(connection: psycopg.Connection) -> None:
    """Two versions of the lead score, the newer live, and how it came to be: no tenant's rows."""
    decision = {"outcome": "promote", "findings": [{"text": "log loss -0.0100", "passed": True}]}
    metrics = {"roc_auc": 0.8123, "log_loss": 0.4123, "ece": 0.0123, "n": 400}
    _insert(
        connection,
        "ml.model_version",
        [
            (version, "lead_score", is_live, json.dumps(metrics), json.dumps(decision), "# Lead model\n\nSeen.", day)
            for version, is_live, day in (("v1", True, "2026-11-02"), ("v0", False, "2026-10-01"))
        ],
        "model_version, kind, is_live, metrics, decision, card, trained_at",
    )
    connection.execute(
        "insert into ml.model_promotion (kind, entry, action, model_version, previous_version, done_by, done_at, "
        "reason) values ('lead_score', 0, 'promote', 'v0', null, 'training', '2026-10-01', 'first'), "
        "('lead_score', 1, 'promote', 'v1', 'v0', 'karen', '2026-11-02', 'better') on conflict do nothing"
    )


def _fill_watch(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    """Of version v1 everything, of v0 its quality alone: it has too few leads for curves."""
    noon = datetime.combine(today, time(12), UTC)
    quality = [
        (tenant_id, version, "lead_score", metric, value, 0.5, scale * 100, value - 0.01, scale * 50, version == "v1")
        for version, lower in (("v0", 0.02), ("v1", 0.0))
        for metric, value in (("roc_auc", 0.8 - lower), ("log_loss", 0.4 + lower))
    ]
    _insert(
        connection,
        "marts.fct_model_quality",
        quality,
        "tenant_id, model_version, kind, metric, held_out_value, held_out_baseline, held_out_lead_count, "
        "outcome_value, outcome_lead_count, is_live",
    )
    looks = [
        (tenant_id, "v1", "feature", name, noon - timedelta(days=age), scale * 120, psi, evidence, drifts,
         drifts and evidence is not None)
        for age in (0, 7)
        for name, psi, evidence, drifts in (
            ("source", 0.31, None, age == 0), ("employee_count", 0.01, None, False),
            ("(all)", None, 300.0 if age == 0 else 2.0, age == 0),
        )
    ]  # fmt: skip
    _insert(
        connection,
        "marts.fct_model_drift",
        looks,
        "tenant_id, model_version, subject, name, looked_until, row_count, psi, evidence, is_drifting, is_alarm",
    )
    points = [(tenant_id, "v1", "calibration", place, place / 10, place / 11, scale * 10) for place in range(10)]
    points += [(tenant_id, "v1", "gain", place, place / 20, min(1.0, place / 8), place * scale) for place in range(21)]
    _insert(connection, "ml.model_curve", points, "tenant_id, model_version, curve, place, x, y, lead_count")
    groups = [
        (tenant_id, "v1", "source", "email", scale * 40, 0.3, 0.31, 0.01, 0.05, 0.8, 0.5, 0.3, 1.0),
        (tenant_id, "v1", "industry", f"{word} trade", scale * 30, 0.3, 0.2, -0.1, 0.05, 0.7, 0.5, 0.1, 0.33),
    ]
    _insert(
        connection,
        "ml.model_slice",
        groups,
        "tenant_id, model_version, name, value, lead_count, base_rate, mean_probability, calibration_gap, "
        "gap_standard_error, roc_auc, log_loss, top_grade_rate, top_grade_ratio",
    )


def _fill_subscriptions(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    """Nine months of MRR in two currencies, two cohorts, two subscriptions at risk, a refund and a dispute."""
    months = [date(today.year - (today.month <= back), (today.month - back - 1) % 12 + 1, 1) for back in range(9)]
    mrr = [
        (tenant_id, month, currency, scale * (1_000_000 - back * 50_000 - 50_000), scale * 70_000, 0, 0, 0,
         -scale * 20_000, scale * (1_000_000 - back * 50_000), 10 * scale)
        for back, month in enumerate(months)
        for currency in (("DKK", "EUR") if back < 2 else ("DKK",))
    ]  # fmt: skip
    _insert(
        connection,
        "marts.fct_mrr_daily",
        mrr,
        "tenant_id, mrr_date, currency, opening_mrr_cents, new_mrr_cents, expansion_mrr_cents, reactivation_mrr_cents, "
        "contraction_mrr_cents, churn_mrr_cents, closing_mrr_cents, customer_count",
    )
    _insert(
        connection,
        "marts.fct_customer_cohort_monthly",
        [
            (tenant_id, months[back], number, "DKK", 4 * scale, 1 - number / 10, 1.0)
            for back in (1, 2)
            for number in range(back + 1)
        ],
        "tenant_id, cohort_month, month_number, currency, customer_count, logo_retention_rate, mrr_retention_rate",
    )
    reasons = json.dumps([{"feature": "mean_days_to_pay", "value": "12", "contribution": 0.08}])
    _insert(
        connection,
        "marts.fct_subscription_churn",
        [
            (tenant_id, f"sub_{number}", f"cus_{number}", f"{word} Plus", number / 10, 0.01, 0.6, number == 1,
             scale * 50_000, scale * 5000 * number, "DKK", reasons)
            for number in (1, 2)
        ],
        "tenant_id, subscription_id, customer_id, product_name, probability, probability_low, probability_high, "
        "has_enough_data, mrr_cents, mrr_at_risk_cents, currency, reasons",
    )  # fmt: skip
    _insert(
        connection,
        "marts.fct_customer_value",
        [(tenant_id, "cus_2", f"kunde@{word.lower()}.example")],
        "tenant_id, customer_id, email",
    )
    back = (tenant_id, "1", "cus_1", scale * 12_500, "DKK", today)
    _insert(
        connection,
        "marts.fct_refund",
        [(*back, True)],
        "tenant_id, refund_id, customer_id, amount_cents, currency, created_date, is_succeeded",
    )
    _insert(
        connection,
        "marts.fct_dispute",
        [(*back, True, "needs_response", "fraudulent")],
        "tenant_id, dispute_id, customer_id, amount_cents, currency, created_date, is_withdrawn, status, reason",
    )


def _fill_spend(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    """A campaign that spends too fast, one on its way with a credit, and one without a budget."""
    ids = [UUID(int=0xCA_0000 + number) for number in range(3)]
    begin, end = today - timedelta(days=49), today + timedelta(days=50)
    campaigns: list[tuple[object, ...]] = [
        (tenant_id, ids[0], f"{word} hurtig", "email", "active", scale * 100_000, "DKK", begin, end),
        (tenant_id, ids[1], f"{word} spring", "email", "active", scale * 100_000, "DKK", begin, end),
        (tenant_id, ids[2], f"{word} åben", "referral", "ended", None, "DKK", None, None),
    ]
    _insert(
        connection,
        "marts.dim_campaign",
        campaigns,
        "tenant_id, campaign_id, campaign_name, channel, status, budget_cents, currency, start_date, end_date",
    )
    spend = [(ids[0], "email", 9_000), (ids[1], "email", 5_000), (ids[2], "referral", 1_000)]
    _insert(
        connection,
        "marts.fct_campaign_spend_daily",
        [
            (tenant_id, campaign, today - timedelta(days=5 * day), "DKK", channel, scale * cents, scale * cents)
            for campaign, channel, cents in spend
            for day in range(10)
        ],
        "tenant_id, campaign_id, spend_date, currency, channel, spend_cents, reporting_spend_cents",
    )
    connection.execute(
        "update marts.fct_attribution_campaign set campaign_id = %s "
        "where tenant_id = %s and channel = 'email' and campaign_key = 'spring'",
        (ids[1], tenant_id),
    )


def experiment_id(number: int) -> UUID:
    """The id of experiment ``number``: the same in both tenants."""
    return UUID(int=0xE0_0000 + number)


def _fill_experiments(connection: psycopg.Connection, tenant_id: UUID, word: str, scale: int, today: date) -> None:
    """A running one that is surely better, one too small, one whose split is off, and a draft."""
    noon = datetime.combine(today, time(12), UTC)
    variants = json.dumps([{"name": "control", "weight": 1}, {"name": "treatment", "weight": 1}])
    rails = json.dumps([{"metric": "touch_count", "margin": 0.1}])
    told = (("short-form", "running"), ("video", "running"), ("price", "stopped"), ("later", "draft"))
    _insert(
        connection,
        "marts.dim_experiment",
        [
            (tenant_id, experiment_id(number), key, f"{word} {key}", f"{word} *tror* på det", status, "visitor",
             variants, "lead_rate", json.dumps(["revenue"]), rails, 14, 0.05, 0.1, 2_000,
             None if status == "draft" else noon - timedelta(days=50 + number), noon)
            for number, (key, status) in enumerate(told)
        ],
        "tenant_id, experiment_id, experiment_key, experiment_name, hypothesis, status, unit, variants, "
        "primary_metric, secondary_metrics, guard_rails, outcome_days, alpha, least_effect, planned_units, starts_at, "
        "created_at",
    )  # fmt: skip
    sizes = ((0, 400, 400), (1, 20, 22), (2, 400, 600))
    rows = [
        (tenant_id, experiment_id(number), metric, variant, today - timedelta(days=age), scale * count, *sums)
        for number, *counts in sizes
        for age in (40, 30, 3)
        for variant, count, rate in zip(("control", "treatment"), counts, (10, 5), strict=True)
        for metric, sums in (
            ("lead_rate", (scale * count // rate, scale * count // rate, 0, 0, 0)),
            ("revenue", (scale * count * 100, scale * count * 30_000, 0, 0, 0)),
            ("touch_count", (scale * count * 2, scale * count * 6, 0, 0, 0)),
        )
    ]
    _insert(
        connection,
        "marts.fct_experiment_result_daily",
        rows,
        "tenant_id, experiment_id, metric, variant, exposed_date, person_count, metric_sum, metric_square_sum, "
        "covariate_sum, covariate_square_sum, product_sum",
    )
