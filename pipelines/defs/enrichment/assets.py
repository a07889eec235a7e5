"""What leads' texts say as an asset, one partition a tenant, with its job and schedule. Asking is done elsewhere.

Nothing waits for it: marts and scores are whole where no tenant has agreed to it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.automation import OWNERS
from pipelines.partitions import TENANTS, run_each, tenant_partitions
from pipelines.resources.platform import Platform
from tekup.errors import CredentialRefused, TekupError

if TYPE_CHECKING:
    from pipelines.enrichment.enrich import Report

_BATCH_PATIENCE_SECONDS = 300.0
"""A batch may take a day: a run waits for a quick one and leaves the rest to the next hour's run."""


@dg.asset(
    key=["ml", "lead_enrichment"],
    deps=[["raw", "operational", "leads"], ["raw", "operational", "contacts"]],
    partitions_def=tenant_partitions,
    output_required=False,
    group_name="enrichment",
    owners=OWNERS,
    kinds={"openai", "postgres"},
    required_resource_keys={"platform"},
)
def lead_enrichment(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """One row per tenant and different text of a lead: industry, seniority, intent, language and summary, asked once.

    Only with the tenant's consent and within its monthly budget; without it nothing is asked and nothing materialized.
    """
    from pipelines.enrichment.backfill import Patience
    from pipelines.enrichment.enrich import enrich_tenant  # loads OpenAI's SDK

    platform: Platform = context.resources.platform
    tenant = platform.tenant(context.partition_key)
    try:
        report = enrich_tenant(platform, tenant, patience=Patience(_BATCH_PATIENCE_SECONDS))
    except TekupError as error:
        raise _failure(tenant.name, error, {}) from error
    if report.trouble is not None:
        raise _failure(tenant.name, report.trouble, describe(report)) from report.trouble
    if report.skipped is not None and not report.asked and not report.erased:
        context.log.info(f"enrichment of {tenant.name}: {report.skipped}")
        return
    if report.is_budget_used_up:
        context.log.warning(f"enrichment of {tenant.name}: the budget is used up, {report.waiting} texts wait")
    yield dg.MaterializeResult(data_version=dg.DataVersion(report.state), metadata=describe(report))


def describe(report: "Report") -> dict[str, str | int | bool]:
    """A run's figures as metadata."""
    outcomes = report.outcomes
    return {
        "rows_asked": report.asked,
        "rows_cached": report.cached,
        "rows_refused": outcomes.get("refused", 0),
        "rows_failed": report.asked - report.answered - outcomes.get("refused", 0),
        "rows_waiting": report.waiting,
        "rows_given_up": report.given_up,
        "rows_erased": report.erased,
        "tokens": report.tokens_used,
        "budget_left_tokens": report.tokens_left,
        "is_budget_used_up": report.is_budget_used_up,
        "batch": report.batch or "none",
        "skipped": report.skipped or "no",
    }


def _failure(tenant: str, error: TekupError, metadata: dict[str, str | int | bool]) -> dg.Failure:
    return dg.Failure(
        description=f"enrichment of {tenant}: {error.what}",
        metadata={**metadata, "hint": error.hint or ""},
        allow_retries=not isinstance(error, CredentialRefused),
    )


enrich_leads = dg.define_asset_job(
    "enrich_leads",
    selection=dg.AssetSelection.assets(["ml", "lead_enrichment"]),
    description="Ask what one tenant's leads' texts say, with its consent and within its budget.",
)


@dg.schedule(
    job=enrich_leads,
    cron_schedule="37 * * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour, the tenants that agreed to enrichment or have answers kept; by default nobody.",
)
def hourly_enrichment(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.RunRequest]:
    """One run a tenant. Those that withdrew are among them as long as something of theirs could have to be erased."""
    from pipelines.enrichment.consent import enriched_tenants

    hour = context.scheduled_execution_time.strftime("%Y-%m-%dT%H")
    tenants = platform.tenants()
    wanted = enriched_tenants(platform.doors, [tenant.id for tenant in tenants])
    known = set(context.instance.get_dynamic_partitions(TENANTS))
    domains = [tenant.domain for tenant in tenants if tenant.id in wanted and tenant.domain in known]
    return run_each(domains, f"enrich:{hour}")
