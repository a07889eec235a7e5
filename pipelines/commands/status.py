"""`tekup status`: per tenant and source, how fresh and how large; what fails; which model is live."""

import json
from collections.abc import Sequence

import click

_SOURCES = """
select tenant.domain, run.vendor, run.status, run.error, run.hint, run.rows_read, run.rows_changed,
    run.finished_at, newest.succeeded_at
from (
    select distinct on (tenant_id, vendor) * from ops.sync_run order by tenant_id, vendor, started_at desc
) as run
inner join raw_operational.tenants as tenant on tenant.tenant_id = run.tenant_id
inner join (
    select tenant_id, vendor, max(finished_at) filter (where status = 'succeeded') as succeeded_at
    from ops.sync_run group by tenant_id, vendor
) as newest on newest.tenant_id = run.tenant_id and newest.vendor = run.vendor
order by tenant.domain, run.vendor
"""
_CHECKS = """
select tenant.domain, result.check_name, result.observed, result.expected, result.severity, result.failed_row_count,
    result.is_blocking, result.failing_since
from ops.check_result as result
inner join raw_operational.tenants as tenant on tenant.tenant_id = result.tenant_id
where not result.is_passed
order by tenant.domain, result.check_name
"""
_CHECK_KEYS = (
    "tenant", "check", "observed", "expected", "severity", "failed_row_count", "is_blocking", "failing_since",
)  # fmt: skip
_QUALITY = """
select tenant.domain, sum(day.weight_passed)::double precision / sum(day.weight_total)
from ops.quality_daily as day
inner join raw_operational.tenants as tenant on tenant.tenant_id = day.tenant_id
where day.quality_date = (
    select max(newest.quality_date) from ops.quality_daily as newest where newest.tenant_id = day.tenant_id
)
group by tenant.domain
"""
_FAILED_ROWS = """
select tenant.domain, failure.check_name, failure.failed_row::text
from ops.check_failure as failure
inner join raw_operational.tenants as tenant on tenant.tenant_id = failure.tenant_id
where failure.row_number <= %s
order by tenant.domain, failure.check_name, failure.row_number
"""
_FEW = 3
"""Failing rows that are shown of each check; the page of data health has more of them."""
_MISSING = """
select tenant.domain, proof.vendor, proof.stream, proof.detail, proof.checked_at
from ops.completeness as proof
inner join raw_operational.tenants as tenant on tenant.tenant_id = proof.tenant_id
where not proof.is_complete
order by tenant.domain, proof.vendor, proof.stream
"""
_PROVEN = """
select tenant.domain, proof.vendor, count(*), max(proof.checked_at)
from ops.completeness as proof
inner join raw_operational.tenants as tenant on tenant.tenant_id = proof.tenant_id
where proof.is_complete
group by tenant.domain, proof.vendor
"""
_NEW_FIELDS = """
select tenant.domain, field.vendor, field.stream, string_agg(field.field, ', ' order by field.field)
from ops.sync_field as field
inner join raw_operational.tenants as tenant on tenant.tenant_id = field.tenant_id
inner join (
    select tenant_id, vendor, stream, min(first_seen_at) as began_at from ops.sync_field group by 1, 2, 3
) as stream on stream.tenant_id = field.tenant_id and stream.vendor = field.vendor and stream.stream = field.stream
where field.first_seen_at > stream.began_at + interval '1 hour' and field.first_seen_at > now() - interval '7 days'
group by tenant.domain, field.vendor, field.stream
order by 1, 2, 3
"""

_REJECTS = """
select tenant.domain, reject.source_system, reject.stream, reject.column_name, reject.reason, count(*)
from marts.fct_reject as reject
inner join raw_operational.tenants as tenant on tenant.tenant_id = reject.tenant_id
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
"""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--tenant", "only", help="One tenant, by its domain.")
def status(as_json: bool, only: str | None) -> None:
    """Show freshness, sizes, last runs and failing checks per tenant and source, and the live model."""
    from rich.console import Console
    from rich.table import Table

    from tekup.commands.tenant import prepared_doors
    from tekup.db import Database
    from tekup.db.lint import lint_databases

    doors = prepared_doors()
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="tekup status") as connection:
        sources = [row for row in connection.execute(_SOURCES).fetchall() if only in (None, row[0])]
        failing = [row for row in connection.execute(_CHECKS).fetchall() if only in (None, row[0])]
        quality = {row[0]: row[1] for row in connection.execute(_QUALITY).fetchall() if only in (None, row[0])}
        failed_rows = connection.execute(_FAILED_ROWS, (_FEW,)).fetchall()
        missing = [row for row in connection.execute(_MISSING).fetchall() if only in (None, row[0])]
        proven = {row[:2]: row[2:] for row in connection.execute(_PROVEN).fetchall()}
        new_fields = [row for row in connection.execute(_NEW_FIELDS).fetchall() if only in (None, row[0])]
        is_built = connection.execute("select to_regclass('marts.fct_reject') is not null").fetchone() == (True,)
        found = connection.execute(_REJECTS).fetchall() if is_built else []
        rejects = [row for row in found if only in (None, row[0])]
        model = connection.execute(
            "select model_version, trained_at, metrics from ml.model_version where is_live and kind = 'lead_score'"
        ).fetchone()
    isolation = [str(finding) for finding in lint_databases(doors)]
    if as_json:
        keys = (
            "tenant",
            "source",
            "status",
            "error",
            "hint",
            "rows_read",
            "rows_changed",
            "finished_at",
            "succeeded_at",
        )
        click.echo(
            json.dumps(
                {
                    "sources": [dict(zip(keys, row, strict=True)) for row in sources],
                    "failing_checks": [
                        dict(zip(_CHECK_KEYS, row, strict=True)) | {"rows": _rows_of(failed_rows, row)}
                        for row in failing
                    ],
                    "quality": quality,
                    "known_missing": [
                        dict(zip(("tenant", "source", "stream", "detail", "checked_at"), row, strict=True))
                        for row in missing
                    ],
                    "new_fields": [
                        dict(zip(("tenant", "source", "stream", "fields"), row, strict=True)) for row in new_fields
                    ],
                    "rejected_values": [
                        dict(zip(("tenant", "source", "stream", "column", "reason", "count"), row, strict=True))
                        for row in rejects
                    ],
                    "isolation": isolation,
                    "live_model": {"version": model[0], "trained_at": model[1], "metrics": model[2]} if model else None,
                },
                default=str,
            )
        )
        return
    console = Console()
    if not sources:
        console.print("Nothing has been pulled yet: `make run`, or `tekup pull TENANT SOURCE`.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("tenant", "source", "last run", "last success", "rows", "changed", "proven", "state"):
        table.add_column(heading)
    for domain, vendor, state, error, hint, read, changed, finished, succeeded in sources:
        said = state if not error else f"{state}: {error}" + (f" ({hint})" if hint else "")
        table.add_row(
            domain, vendor, _moment(finished), _moment(succeeded), f"{read:,}", f"{changed:,}",
            _proof(proven.get((domain, vendor))), said if state == "succeeded" else f"[red]{said}[/red]",
        )  # fmt: skip
    console.print(table)
    for domain, vendor, stream, detail, checked in missing:
        console.print(f"[red]not complete[/red] {vendor}/{stream} of {domain}: {detail} ({_moment(checked)})")
    for domain, vendor, stream, names in new_fields:
        console.print(f"new fields in {vendor}/{stream} of {domain}: {names}")
    for domain, source, stream, column, reason, count in rejects:
        console.print(f"{count:,} values of {source}/{stream}.{column} of {domain} could not be typed: {reason}")
    for failed in failing:
        domain, check, observed, expected, severity, row_count, is_blocking, since = failed
        word = "[red]failing check[/red]" if severity == "error" else "[yellow]warning[/yellow]"
        held = "; models keep to its last good rows" if is_blocking else ""
        console.print(f"{word} {check} of {domain} since {_moment(since)}: {observed}, expected {expected}{held}")
        for row in _rows_of(failed_rows, failed):
            console.print(f"    {json.dumps(row, ensure_ascii=False)}", markup=False, overflow="ellipsis", no_wrap=True)
        if row_count > _FEW:
            console.print(f"    {row_count:,} rows in all")
    if quality:
        told = ", ".join(f"{domain} {rate:.1%}" for domain, rate in sorted(quality.items()))
        console.print(f"data quality: {told}")
    for finding in isolation:
        console.print(f"[red]isolation[/red] {finding}")
    if not isolation:
        console.print("isolation: every rule of the database holds")
    console.print(f"live model: {model[0]}, trained {_moment(model[1])}" if model else "live model: none yet")


def _rows_of(failed_rows: Sequence[tuple[str, str, str]], failing: Sequence[object]) -> list[dict[str, object]]:
    """The kept rows that break one check of one tenant."""
    return [json.loads(row) for domain, check, row in failed_rows if [domain, check] == list(failing[:2])]


def _proof(found: tuple[int, object] | None) -> str:
    return "not yet" if found is None else f"{found[0]} streams, {_moment(found[1])}"


def _moment(value: object) -> str:
    return "never" if value is None else f"{value:%Y-%m-%d %H:%M}"
