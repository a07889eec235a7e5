"""`tekup gdpr`: what is known of a person, exported or erased."""

from collections.abc import Mapping
from pathlib import Path

import click

from tekup.commands.tenant import prepared_doors
from tekup.directory.tenants import find_tenant
from tekup.errors import BadInput
from tekup.privacy.erasing import erase_person, settle_requests
from tekup.privacy.exporting import export_person, write_archive
from tekup.privacy.holders import Scope, resolve
from tekup.privacy.ledger import forget_erasure
from tekup.privacy.persons import NoSuchPerson, parse_subject
from tekup.privacy.requests import Requests

_BY = "command line"
_SUBJECT = "SUBJECT is an e-mail, a phone number, the id of a lead or contact, or KIND:VALUE such as hubspot:101."


@click.group()
def gdpr() -> None:
    """Export or erase a person's data, wherever they lie."""


@gdpr.command(epilog=_SUBJECT)
@click.argument("tenant")
@click.argument("subject")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The archive; default: person-<id>.zip.")
def export(tenant: str, subject: str, out: Path | None) -> None:
    """Write all that TENANT holds of SUBJECT: JSON lines by place, and a manifest."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    request = Requests(doors, found.id).ask("export", subject, _BY)
    archive = export_person(doors, found.id, request.id)
    path = out or Path(f"person-{request.id}.zip")
    path.touch(mode=0o600)
    path.write_bytes(archive)
    told = Requests(doors, found.id).find(request.id).steps["export"]
    _show("rows", told)
    click.echo(f"written to {path}: keep it as you would keep what it holds")


@gdpr.command(epilog=_SUBJECT)
@click.argument("tenant")
@click.argument("subject")
@click.option("--plan", is_flag=True, help="Only show what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(tenant: str, subject: str, plan: bool, yes: bool) -> None:
    """Erase SUBJECT from all that TENANT holds, and keep vendors and files from bringing the person back."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    requests = Requests(doors, found.id)
    scope = Scope(doors, found.id)
    if plan or not yes:
        person = resolve(scope, parse_subject(subject))
        _, places = write_archive(scope, person)
        for kind, value in person:
            click.echo(f"  {kind:<8} {value}")
        _show("rows are about the person", places)
        if plan:
            return
        if not places:
            raise NoSuchPerson("nothing is known of this subject", hint="with --yes it is kept out from now on")
        click.confirm("all of these are one person, and to be erased?", abort=True)
    request = requests.ask("erase", subject, _BY)
    done = erase_person(doors, found.id, request.id)
    _show("rows erased", done.rows)
    _show("rows mentioned the person, and do no more", done.mentions)
    click.echo(f"erased; request {request.id}. Loads from now on leave the person out.")


@gdpr.command()
@click.argument("tenant")
def requests(tenant: str) -> None:
    """List the requests of TENANT, the newest first."""
    doors = prepared_doors()
    found = Requests(doors, find_tenant(doors, tenant).id).list()
    if not found:
        click.echo("nobody asked yet")
    for one in found:
        error = f"  {one.error}" if one.error else ""
        click.echo(
            f"{one.id}  {one.kind:<7} {one.status:<10} {one.requested_at:%Y-%m-%d %H:%M}  {one.requested_by}{error}"
        )


@gdpr.command()
@click.argument("tenant")
def resume(tenant: str) -> None:
    """Work off what was asked for and is not done, and settle what was done a day ago."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    for one in Requests(doors, found.id).list(is_open=True):
        (erase_person if one.kind == "erase" else export_person)(doors, found.id, one.id)
        click.echo(f"{one.kind} {one.id}: done")
    click.echo(f"{settle_requests(doors, found.id)} requests settled")


@gdpr.command(epilog=_SUBJECT)
@click.argument("tenant")
@click.argument("subject")
def allow(tenant: str, subject: str) -> None:
    """Let an erased SUBJECT be loaded again: the person came back by a will of his own."""
    doors = prepared_doors()
    gone = forget_erasure(doors, find_tenant(doors, tenant).id, parse_subject(subject))
    if not gone:
        raise BadInput(
            "this subject is not among the erased", hint="give each address, number or id that may come back"
        )
    click.echo("may be loaded again; what was erased stays erased until a source tells it")


def _show(what: str, places: Mapping[str, int]) -> None:
    for place, rows in sorted(places.items()):
        click.echo(f"  {rows:>7,}  {place}")
    click.echo(f"{sum(places.values()):,} {what}")
