"""`tekup hubspot`: how a tenant's records are kept alike with HubSpot."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from serving.hubspot_sync import service as sync_service
from serving.hubspot_sync.repository import KINDS
from serving.hubspot_sync.schemas import HubspotSync, HubspotSyncUpdate
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from tekup.commands.tenant import prepared_doors
from tekup.db import Doors
from tekup.directory.tenants import find_tenant
from tekup.errors import BadInput
from tekup.tenancy import TenantContext

T = TypeVar("T")
_KIND = click.argument("kind", type=click.Choice(KINDS))


@click.group()
def hubspot() -> None:
    """Keep a tenant's contacts, companies and deals alike with HubSpot."""


@hubspot.command()
@click.argument("tenant")
def show(tenant: str) -> None:
    """Show which way each kind of TENANT goes, and what waits and failed."""
    found = _run(tenant, lambda _, databases, context: sync_service.list_syncs(databases, context))
    for one in found.items:
        click.echo(describe(one))
        if one.error:
            click.echo(f"    stands still: {one.error}")


@hubspot.command("set")
@click.argument("tenant")
@_KIND
@click.option("--direction", type=click.Choice(["off", "in", "out", "both"]))
@click.option("--rule", type=click.Choice(["newest", "hubspot", "tekup"]), help="Who wins where both changed a field.")
@click.option("--field", "fields", multiple=True, help="field=property; field= leaves it out. May be repeated.")
@click.option("--stage", "stages", multiple=True, help="our stage's id=HubSpot's. May be repeated.")
@click.option("--matches/--no-matches", default=None, help="Match by e-mail, domain, or name and company.")
@click.option("--requires-consent/--no-consent", default=None, help="Contacts: only with marketing consent.")
@click.option("--follows-deletions/--keeps-deleted", default=None)
def set_(tenant: str, kind: str, **options: Any) -> None:
    """Change how KIND of TENANT is synchronised."""
    shown = _run(tenant, lambda _, databases, context: sync_service.set_sync(databases, context, kind, _wish(options)))
    click.echo(describe(shown))


@hubspot.command()
@click.argument("tenant")
@_KIND
@click.option("--rule", type=click.Choice(["newest", "hubspot", "tekup"]))
@click.option("--direction", type=click.Choice(["in", "out", "both"]))
def preview(tenant: str, kind: str, **options: Any) -> None:
    """Show what a first run for KIND of TENANT would do; nothing is changed."""
    found = _run(
        tenant,
        lambda doors, databases, context: sync_service.preview(doors, databases, context, kind, _wish(options)),
    )
    click.echo(f"{found.record_count} {kind} here, {found.object_count} at HubSpot; {found.checked_count} compared")
    created_here = "unknown" if found.created_here_count is None else found.created_here_count
    click.echo(
        f"linked {found.linked_count}, would match {found.matched_count}, "
        f"make {found.created_at_hubspot_count} there and {created_here} here"
    )
    for one in found.fields:
        if one.to_hubspot or one.to_tekup:
            click.echo(f"    {one.field} / {one.property}: {one.to_hubspot} to HubSpot, {one.to_tekup} to TekUp")


@hubspot.command()
@click.argument("tenant")
@_KIND
def failures(tenant: str, kind: str) -> None:
    """List records of KIND that were refused, and why."""
    found = _run(tenant, lambda _, databases, context: sync_service.list_failures(databases, context, kind))
    for one in found.items:
        click.echo(f"{one.id}  record {one.record_id}  object {one.object_id}  {one.reason}")
    if not found.items:
        click.echo("none")


@hubspot.command()
@click.argument("tenant")
@_KIND
def retry(tenant: str, kind: str) -> None:
    """Try all refused records of KIND again."""
    count = _run(tenant, lambda _, databases, context: sync_service.retry(databases, context, kind, None))
    click.echo(f"{count} wait again")


def describe(one: HubspotSync) -> str:
    """One kind in a line."""
    last = max(filter(None, (one.last_sent_at, one.last_received_at)), default=None)
    moment = "never" if last is None else f"{last:%Y-%m-%d %H:%M}"
    return (
        f"{one.kind:<10} {one.direction:<5} {one.rule:<8} linked {one.linked_count}, waiting {one.waiting_count}, "
        f"sent {one.sent_count}, received {one.received_count}, failed {one.failed_count}, last {moment}"
    )


def _wish(options: dict[str, Any]) -> HubspotSyncUpdate:
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("fields", "stages"):
        if name in given:
            pairs = (text.partition("=") for text in given[name])
            given[name] = {key: value or None for key, _, value in pairs}
    try:
        return HubspotSyncUpdate.model_validate(given)
    except ValueError as fault:
        raise BadInput(f"these options can't be used: {fault}", hint="give field=property and stage=id") from None


def _run(tenant: str, body: Callable[[Doors, Databases, TenantContext], Awaitable[T]]) -> T:
    doors = prepared_doors()
    found = find_tenant(doors, tenant)

    async def whole() -> T:
        databases = Databases(doors)
        try:
            return await body(doors, databases, TenantContext.system(found.id))
        except Problem as problem:
            faults = [f"{one['pointer']}: {one['detail']}" for one in problem.more.get("errors") or []]
            raise BadInput("; ".join([str(problem.detail), *faults]), hint=problem.hint) from None
        finally:
            await databases.close()

    return asyncio.run(whole())
