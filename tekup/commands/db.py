"""`tekup db`: addresses of the databases, a tenant's own view of them, and the embedded server."""

import json
import os
import subprocess

import click

from tekup.commands.tenant import prepared_doors
from tekup.db import Database, Doors, Role
from tekup.db.embedded import client_program, embedded_is_held, leave_running, start_embedded
from tekup.directory.tenants import find_tenant
from tekup.settings import current_settings
from tekup.tenancy import EVERYTHING, SYSTEM


@click.group()
def db() -> None:
    """Reach the databases."""


_DATABASE = click.option(
    "--database", type=click.Choice([d.value for d in Database]), default=Database.WAREHOUSE.value, show_default=True
)


@db.command()
@click.option(
    "--role", type=click.Choice([r.value for r in Role]), required=True, help="`app` and `reader` see one tenant."
)
@_DATABASE
def url(role: str, database: str) -> None:
    """Print a connection string. The embedded server is left running for it; `tekup db stop` ends it."""
    doors = prepared_doors()
    click.echo(doors.url(Database(database), Role(role)))
    _keep(doors)


@db.command("as-tenant")
@click.argument("tenant")
@_DATABASE
@click.option("--command", "-c", help="Run one statement and end, as psql does.")
def as_tenant(tenant: str, database: str, command: str | None) -> None:
    """Open psql as the reader of TENANT: only that tenant's rows exist there."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    context = {"app.tenant_id": str(found.id), "app.role": SYSTEM, "app.permissions": " ".join(EVERYTHING)}
    options = " ".join(f"-c {name}={value}" for name, value in context.items())
    environment = os.environ | {"PGOPTIONS": options, "PGAPPNAME": "tekup as-tenant"}
    arguments = [client_program("psql"), doors.url(Database(database), Role.READER)]
    if command:
        arguments += ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", command]
    raise SystemExit(subprocess.run(arguments, env=environment, check=False).returncode)


@db.command()
def stop() -> None:
    """Stop the embedded server, unless a process still uses it."""
    home = current_settings().home_path
    if embedded_is_held(home):
        click.echo("a process still uses the embedded server; it stops with that process")
        return
    start_embedded(home).stop()
    click.echo("the embedded server is stopped")


@db.command()
def migrate() -> None:
    """Create what is missing: roles, databases, schemas, migrations."""
    prepared_doors()
    click.echo("both databases are up to date")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lint(as_json: bool) -> None:
    """Ask both databases whether each table, view, function and role keeps tenants apart; exit 1 where one does not."""
    from dataclasses import asdict

    from tekup.db.lint import lint_databases
    from tekup.db.lint_rules import RULES

    findings = lint_databases(prepared_doors())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding}\n    {finding.mend}")
        click.echo(f"{len(RULES)} rules, {len(findings)} findings")
    raise SystemExit(1 if findings else 0)


def _keep(doors: Doors) -> None:
    settings = doors.settings
    if settings.database_url is None or settings.warehouse_url is None:
        leave_running(settings.home_path)
        click.echo("the embedded server is left running; `tekup db stop` ends it", err=True)
