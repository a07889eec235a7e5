"""The summary of the main job: what each tenant has, how good the model is, and where to look next."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.resources.platform import Platform
from pipelines.run.demonstration import PASSWORD
from pipelines.run.main import Report
from tekup.db import Database
from tekup.settings import Settings

_FIGURES = """
select
    tenant.tenant_id::text,
    tenant.name,
    tenant.domain,
    coalesce(pulled.row_count, 0) as pulled_count,
    coalesce(pulled.changed, 0) as changed_count,
    coalesce(pulled.failed, '') as failed_sources,
    coalesce(checks.passed, 0) as passed_count,
    coalesce(checks.failed, 0) as failed_count,
    quality.value as roc_auc,
    quality.baseline as baseline_auc,
    coalesce(credit.top_channels, '') as top_channels
from raw_operational.tenants as tenant
left join (
    select tenant_id, sum(rows_read) as row_count, sum(rows_changed) as changed,
        string_agg(vendor, ', ' order by vendor) filter (where status <> 'succeeded') as failed
    from (
        select distinct on (tenant_id, vendor) tenant_id, vendor, rows_read, rows_changed, status
        from ops.sync_run order by tenant_id, vendor, started_at desc
    ) as newest
    group by tenant_id
) as pulled on pulled.tenant_id = tenant.tenant_id
left join (
    select tenant_id, count(*) filter (where is_passed) as passed, count(*) filter (where not is_passed) as failed
    from ops.check_result group by tenant_id
) as checks on checks.tenant_id = tenant.tenant_id
left join (
    select q.tenant_id, q.value, q.baseline
    from ml.model_quality as q
    inner join ml.model_version as v on v.model_version = q.model_version and v.is_live and v.kind = 'lead_score'
    where q.metric = 'roc_auc'
) as quality on quality.tenant_id = tenant.tenant_id
left join (
    select tenant_id, string_agg(channel || ' ' || round(conversions::numeric, 1), ', ' order by place) as top_channels
    from (
        select tenant_id, channel, conversions,
            row_number() over (partition by tenant_id order by conversions desc, channel) as place
        from ml.attribution_credit where model = 'markov' and channel <> '(unattributed)'
    ) as ranked
    where place <= 3
    group by tenant_id
) as credit on credit.tenant_id = tenant.tenant_id
where tenant.deleted_at is null
order by pulled_count desc, tenant.name
"""
_MARTS = """
select c.relname, c.reltuples::bigint
from pg_class as c
where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r' and c.relname !~ '__dbt_'
order by c.relname
"""


@dataclass(frozen=True, slots=True)
class TenantFigures:
    """One tenant's line of the summary."""

    tenant_id: str
    name: str
    domain: str
    pulled: int
    changed: int
    failed_sources: str
    checks_passed: int
    checks_failed: int
    roc_auc: float | None
    baseline_auc: float | None
    top_channels: str


def read_figures(platform: Platform) -> tuple[list[TenantFigures], list[tuple[str, int]], dict[str, Any]]:
    """Each tenant's figures, the marts with their sizes, and the live model's metrics over all tenants."""
    reason = "summary of the main job"
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason=reason) as connection:
        tenants = [TenantFigures(*row) for row in connection.execute(_FIGURES).fetchall()]
        marts = connection.execute(_MARTS).fetchall()
        model = connection.execute(
            "select model_version, metrics from ml.model_version where is_live and kind = 'lead_score'"
        ).fetchone()
    return tenants, marts, {"version": model[0], **model[1]} if model else {}


def show(console: Console, settings: Settings, report: Report) -> None:
    """Print the summary."""
    tenants, marts, model = read_figures(Platform(settings))
    table = Table(title="Tenants", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading, justify in (
        ("tenant", "left"), ("rows pulled", "right"), ("changed", "right"), ("checks", "right"),
        ("AUC", "right"), ("baseline", "right"), ("top channels by Markov credit (won leads)", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # rich's literal type
    for one in tenants:
        failed = f" [red]{one.checks_failed} failed[/red]" if one.checks_failed else ""
        name = f"{one.name} [red](failed: {one.failed_sources})[/red]" if one.failed_sources else one.name
        table.add_row(
            name,
            f"{one.pulled:,}",
            f"{one.changed:,}",
            f"{one.checks_passed} ok{failed}",
            _figure(one.roc_auc),
            _figure(one.baseline_auc),
            one.top_channels or "no won lead yet",
        )
    console.print()
    console.print(table)
    rows = sum(count for _, count in marts)
    console.print(f"\nMarts: {len(marts)} tables, about {rows:,} rows: {', '.join(name for name, _ in marts)}")
    if model:
        console.print(
            f"Model {model['version']}: AUC {_figure(model.get('roc_auc'))}, log loss {_figure(model.get('log_loss'))},"
            f" calibration error {_figure(model.get('ece'))} on each tenant's latest fifth of leads"
        )
    for failure in report.failures:
        console.print(f"failed: {failure}", style="red", markup=False)
    for check in report.failed_checks:
        console.print(f"check failed: {check}", style="red", markup=False)
    for check in report.warned_checks:
        console.print(f"check warns: {check}", style="yellow", markup=False)
    total = sum(report.seconds.values())
    skipped = f"; up to date: {', '.join(report.skipped)}" if report.skipped else ""
    console.print(f"\nDone in {total:.0f} s{skipped}.")
    _point_on(console, report, tenants)


def _point_on(console: Console, report: Report, tenants: list[TenantFigures]) -> None:
    console.print("\nWhere to look next:")
    console.print("  make serve          Dagster UI, API with its documentation, dashboards")
    if report.demonstration is not None and tenants:
        slug = next((t.domain.split(".")[0] for t in tenants if t.domain != "olist.example"), "")
        console.print(f"                      sign in as admin@{slug}.example with the password: {PASSWORD}")
    if tenants:
        console.print("  .venv/bin/tekup status                        freshness, failures, the live model")
        console.print(f"  .venv/bin/tekup db as-tenant {tenants[0].domain}   SQL as that tenant's reader")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
