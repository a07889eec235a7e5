"""`tekup status`: per tenant and source, how fresh and how large; what fails; which model is live."""

import json

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
select tenant.domain, result.check_name, result.observed, result.expected
from ops.check_result as result
inner join raw_operational.tenants as tenant on tenant.tenant_id = result.tenant_id
where not result.is_passed
order by tenant.domain, result.check_name
"""
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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--tenant", "only", help="One tenant, by its domain.")
def status(as_json: bool, only: str | None) -> None:
    """Show freshness, sizes, last runs and failing checks per tenant and source, and the live model."""
    from rich.console import Console
    from rich.table import Table

    from tekup.commands.tenant import prepared_doors
    from tekup.db import Database

    doors = prepared_doors()
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="tekup status") as connection:
        sources = [row for row in connection.execute(_SOURCES).fetchall() if only in (None, row[0])]
        failing = [row for row in connection.execute(_CHECKS).fetchall() if only in (None, row[0])]
        missing = [row for row in connection.execute(_MISSING).fetchall() if only in (None, row[0])]
        proven = {row[:2]: row[2:] for row in connection.execute(_PROVEN).fetchall()}
        new_fields = [row for row in connection.execute(_NEW_FIELDS).fetchall() if only in (None, row[0])]
        model = connection.execute(
            "select model_version, trained_at, metrics from ml.model_version where is_live and kind = 'lead_score'"
        ).fetchone()
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
                        dict(zip(("tenant", "check", "observed", "expected"), row, strict=True)) for row in failing
                    ],
                    "known_missing": [
                        dict(zip(("tenant", "source", "stream", "detail", "checked_at"), row, strict=True))
                        for row in missing
                    ],
                    "new_fields": [
                        dict(zip(("tenant", "source", "stream", "fields"), row, strict=True)) for row in new_fields
                    ],
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
    for domain, check, observed, expected in failing:
        console.print(f"[red]failing check[/red] {check} of {domain}: {observed} instead of {expected}")
    console.print(f"live model: {model[0]}, trained {_moment(model[1])}" if model else "live model: none yet")


def _proof(found: tuple[int, object] | None) -> str:
    return "not yet" if found is None else f"{found[0]} streams, {_moment(found[1])}"


def _moment(value: object) -> str:
    return "never" if value is None else f"{value:%Y-%m-%d %H:%M}"
