"""What must hold in each tenant's marts, as one query a check that yields observed and expected per tenant."""

from dataclasses import dataclass
from typing import Literal

import psycopg

from pipelines.resources.platform import Platform
from tekup.db import Database


@dataclass(frozen=True, slots=True)
class TenantCheck:
    """One rule. Its query yields a row per tenant: tenant_id, observed, expected; equal means passed."""

    name: str
    asset: str
    description: str
    query: str
    severity: Literal["warn", "error"] = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one rule stands for one tenant."""

    tenant_id: str
    check: TenantCheck
    observed: str
    expected: str

    @property
    def is_passed(self) -> bool:
        """Whether the rule holds."""
        return self.observed == self.expected


def _same_count(name: str, asset: str, mart: str, raw: str, description: str) -> TenantCheck:
    query = (
        "select tenant_id, sum(observed)::text, sum(expected)::text from ("  # noqa: S608  # our own table names
        f"select tenant_id, count(*) as observed, 0 as expected from {mart} group by tenant_id union all "
        f"select tenant_id, 0, count(*) from {raw} group by tenant_id) as counts group by tenant_id"
    )
    return TenantCheck(name, asset, description, query)


CHECKS = (
    _same_count(
        "every_lead_is_in_the_mart",
        "fct_lead",
        "marts.fct_lead",
        "raw_operational.leads where deleted_at is null",
        "The mart has just as many leads as the operational database.",
    ),
    _same_count(
        "every_touchpoint_is_in_the_mart",
        "fct_touchpoint",
        "marts.fct_touchpoint",
        "raw_operational.touchpoints where deleted_at is null",
        "The mart has just as many touchpoints as the operational database.",
    ),
    _same_count(
        "every_invoice_is_in_the_mart",
        "fct_invoice",
        "marts.fct_invoice",
        "raw_stripe.invoices where deleted_at is null",
        "The mart has just as many invoices as Stripe.",
    ),
    TenantCheck(
        "invoices_reconcile_to_the_oere",
        "fct_invoice",
        "The sum of the mart's totals equals the sum of Stripe's own.",
        "select tenant_id, sum(observed)::text, sum(expected)::text from ("
        "select tenant_id, sum(total_cents) as observed, 0 as expected from marts.fct_invoice group by tenant_id "
        "union all select tenant_id, 0, sum((payload ->> 'total')::bigint) from raw_stripe.invoices "
        "where deleted_at is null group by tenant_id) as sums group by tenant_id",
    ),
    _same_count(
        "every_lead_has_features",
        "ftr_lead",
        "marts.ftr_lead",
        "marts.fct_lead",
        "The feature table has one row for each lead.",
    ),
    TenantCheck(
        "spend_reconciles_to_the_oere",
        "fct_campaign_spend_daily",
        "The sum of the mart's spend equals the sum of the operational rows.",
        "select tenant_id, sum(observed)::text, sum(expected)::text from ("
        "select tenant_id, sum(spend_cents) as observed, 0 as expected from marts.fct_campaign_spend_daily "
        "group by tenant_id union all select tenant_id, 0, sum(amount_cents) from raw_operational.campaign_spend "
        "where deleted_at is null group by tenant_id) as sums group by tenant_id",
    ),
    _same_count(
        "every_lead_is_scored",
        "fct_lead_score",
        "marts.fct_lead_score",
        "marts.fct_lead",
        "Each lead has a score by the live model.",
    ),
    TenantCheck(
        "credit_sums_to_the_conversions",
        "fct_attribution_credit",
        "Every model shares out just the conversions there are.",
        "with won as (select tenant_id, count(*)::numeric as total from marts.fct_conversion group by tenant_id) "
        "select won.tenant_id, count(*) filter (where abs(credit.total - won.total) < 0.000001)::text, count(*)::text "
        "from won left join (select tenant_id, model, sum(conversions)::numeric as total "
        "from marts.fct_attribution_credit group by tenant_id, model) as credit on credit.tenant_id = won.tenant_id "
        "group by won.tenant_id",
    ),
    TenantCheck(
        "credit_sums_to_the_revenue",
        "fct_attribution_credit",
        "Every model shares out just the revenue there is, to the øre.",
        "with won as (select tenant_id, coalesce(sum(reporting_value_cents), 0) as total from marts.fct_conversion "
        "group by tenant_id) select won.tenant_id, count(*) filter (where credit.total = won.total)::text, "
        "count(*)::text from won left join (select tenant_id, model, sum(value_cents) as total "
        "from marts.fct_attribution_credit group by tenant_id, model) as credit on credit.tenant_id = won.tenant_id "
        "group by won.tenant_id",
    ),
    TenantCheck(
        "sources_are_fresh",
        "dim_tenant",
        "Each connected source had a successful pull within the last day.",
        "select tenant_id, count(*) filter (where newest > now() - interval '1 day')::text, count(*)::text from ("
        "select tenant_id, vendor, max(finished_at) filter (where status = 'succeeded') as newest "
        "from ops.sync_run group by tenant_id, vendor) as pulls group by tenant_id",
        "warn",
    ),
    TenantCheck(
        "chunks_commit_within_the_lookback",
        "dim_tenant",
        "No chunk of a pull was open for a tenth of the day that deltas look back.",
        "select tenant_id, count(*) filter (where committed_at - began_at < interval '2.4 hours')::text, "
        "count(*)::text from ops.sync_chunk group by tenant_id",
        "warn",
    ),
)


def judge(platform: Platform, checks: tuple[TenantCheck, ...] = CHECKS) -> list[Verdict]:
    """Run the checks over all tenants and store each verdict where the tenant can read it."""
    reason = "checks of every tenant's marts"
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason=reason) as connection:
        known = {row[0] for row in connection.execute("select tenant_id from raw_operational.tenants").fetchall()}
        verdicts = [
            Verdict(str(tenant_id), check, observed, expected)
            for check in checks
            for tenant_id, observed, expected in connection.execute(check.query.encode()).fetchall()
            if tenant_id in known
        ]
        _store(connection, verdicts)
    return verdicts


def _store(connection: psycopg.Connection, verdicts: list[Verdict]) -> None:
    connection.cursor().executemany(
        "insert into ops.check_result (tenant_id, check_name, is_passed, severity, observed, expected) "
        "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id, check_name) do update set "
        "is_passed = excluded.is_passed, severity = excluded.severity, observed = excluded.observed, "
        "expected = excluded.expected, checked_at = now()",
        [(v.tenant_id, v.check.name, v.is_passed, v.check.severity, v.observed, v.expected) for v in verdicts],
    )
