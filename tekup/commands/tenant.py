"""`tekup tenant`: make, list, show, suspend, export and delete tenants."""

import json
from pathlib import Path

import click

from tekup.db import Doors
from tekup.directory import tenants as tenant_directory
from tekup.directory.connections import list_connections
from tekup.directory.tenant_life import delete_with_proof, export_tenant, resume_tenant, suspend_tenant
from tekup.settings import current_settings


def prepared_doors() -> Doors:
    """The databases of the process's settings, ready for use."""
    doors = Doors(current_settings())
    doors.prepare()
    return doors


@click.group()
def tenant() -> None:
    """Make, list, show, suspend, export and delete tenants."""


@tenant.command()
@click.argument("name")
@click.option("--domain", required=True, help="The tenant's own domain; it names the tenant everywhere.")
@click.option("--timezone", default="Europe/Copenhagen", show_default=True, help="Whose days the figures follow.")
@click.option("--currency", default="DKK", show_default=True, help="In which currency figures are reported.")
def create(name: str, domain: str, timezone: str, currency: str) -> None:
    """Make a tenant called NAME."""
    made = tenant_directory.create_tenant(
        prepared_doors(), name, domain, settings={"timezone": timezone, "currency": currency.upper()}
    )
    click.echo(f"{made.name} ({made.domain}) is tenant {made.id}")


@tenant.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(as_json: bool) -> None:
    """List the tenants."""
    found = tenant_directory.list_tenants(prepared_doors())
    if as_json:
        click.echo(json.dumps([{"id": str(t.id), "name": t.name, "domain": t.domain} for t in found]))
        return
    if not found:
        click.echo("no tenant yet; make one with `tekup tenant create`, or see the demonstration with `tekup run`")
    for one in found:
        click.echo(f"{one.id}  {one.domain:<28} {one.name}")


@tenant.command()
@click.argument("key")
def show(key: str) -> None:
    """Show the tenant with id, domain or name KEY, and its connections."""
    doors = prepared_doors()
    found = tenant_directory.find_tenant(doors, key)
    click.echo(f"{found.name}\n  id       {found.id}\n  domain   {found.domain}\n  status   {found.status}")
    for connection in list_connections(doors, found.id):
        kind = "sandbox" if connection.is_sandbox else "real"
        detail = f": {connection.status_detail}" if connection.status_detail else ""
        click.echo(f"  {connection.vendor:<8} {kind}, {connection.status}{detail}")


@tenant.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Default: deletion-<id>.json.")
def delete(key: str, yes: bool, report: Path | None) -> None:
    """Delete the tenant KEY with all its data, and write a report that counts every place before and after."""
    doors = prepared_doors()
    found = tenant_directory.find_tenant(doors, key)
    if not yes:
        click.confirm(f"delete {found.name} ({found.domain}) with all its data?", abort=True)
    done = delete_with_proof(doors, found)
    path = report or Path(f"deletion-{found.id}.json")
    path.write_text(done.as_json())
    gone = sum(done.before.values())
    click.echo(f"{found.name} is deleted: {gone:,} traces in {len(done.after)} places, 0 are left; report: {path}")


@tenant.command()
@click.argument("key")
def suspend(key: str) -> None:
    """Suspend the tenant KEY: nobody signs in, no token, webhook, pull or schedule works, and nothing is deleted."""
    doors = prepared_doors()
    found = tenant_directory.find_tenant(doors, key)
    suspend_tenant(doors, found)
    click.echo(f"{found.name} is suspended; `tekup tenant resume {found.domain}` lets it go on")


@tenant.command()
@click.argument("key")
def resume(key: str) -> None:
    """Let the suspended tenant KEY go on."""
    doors = prepared_doors()
    found = tenant_directory.find_tenant(doors, key)
    resume_tenant(doors, found)
    click.echo(f"{found.name} is active")


@tenant.command()
@click.argument("key")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def export(key: str, out: Path) -> None:
    """Write all tables and extracts of the tenant KEY into a folder, with a manifest."""
    doors = prepared_doors()
    files = export_tenant(doors, tenant_directory.find_tenant(doors, key), out)
    click.echo(f"{sum(files.values()):,} rows in {len(files)} files are written to {out}")
