"""`tekup events`: a tenant's log, its consumers, and what they left aside."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click

from serving.consumers import desk
from serving.consumers.repository import EventRepository
from serving.kit.databases import Databases
from tekup.commands.tenant import prepared_doors
from tekup.contracts.envelope import Event
from tekup.directory.tenants import find_tenant
from tekup.tenancy import TenantContext

T = TypeVar("T")


@click.group()
def events() -> None:
    """Look at a tenant's events, and mend what consumers could not work with."""


@events.command("list")
@click.argument("tenant")
@click.option("--after", default=0, show_default=True, help="Begin after this position.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--type", "types", multiple=True, help="Only this type; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print CloudEvents, one a line.")
def list_events(tenant: str, after: int, limit: int, types: tuple[str, ...], as_json: bool) -> None:
    """List events of TENANT in the order of its log."""

    async def read(databases: Databases, context: TenantContext) -> list[Event]:
        async with databases.operational(context) as session:
            repository = EventRepository(session, context.tenant_id)
            return await repository.after(after, limit, types=list(types) or None)

    found = _run(tenant, read)
    if not found and not as_json:
        click.echo("no events there")
    for event in found:
        if as_json:
            click.echo(json.dumps(event.to_cloudevent()))
        else:
            click.echo(f"{event.pos:>8}  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.type:<22} {event.key}")


@events.command()
@click.argument("tenant")
def consumers(tenant: str) -> None:
    """Show how far each consumer has come with TENANT's events."""
    found = _run(tenant, desk.list_consumers)
    if not found:
        click.echo("no consumer has followed this tenant's events yet; `tekup serve` runs them")
    for one in found:
        click.echo(
            f"{one.consumer:<12} at {one.pos:>8}, behind by {one.behind}, waiting {one.waiting}, dead {one.dead}"
        )


@events.command("dead-letters")
@click.argument("tenant")
@click.option("--consumer", help="Only of this consumer.")
@click.option("--waiting", is_flag=True, help="Also those that will be tried again by themselves.")
def dead_letters(tenant: str, consumer: str | None, waiting: bool) -> None:
    """List events of TENANT that a consumer gave up on."""
    state = None if waiting else "dead"
    page = _run(tenant, lambda d, context: desk.list_parked(d, context, consumer=consumer, state=state))
    if not page.items:
        click.echo("none")
    for one in page.items:
        click.echo(f"{one.consumer}  {one.event_id}  {one.event_type}  {one.key}  {one.state}  tries {one.attempts}")
        if one.error:
            click.echo(f"    {one.error}")
    if page.next_after is not None:
        click.echo(f"more than {len(page.items)}; mend these first")


@events.command()
@click.argument("tenant")
@click.argument("consumer")
@click.argument("event_id", type=click.UUID)
def retry(tenant: str, consumer: str, event_id: UUID) -> None:
    """Let CONSUMER try EVENT_ID of TENANT again."""
    _run(tenant, lambda d, context: desk.retry(d, context, consumer, event_id))
    click.echo("it will be tried within a second, and those behind it after it")


@events.command()
@click.argument("tenant")
@click.argument("consumer")
@click.argument("event_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def discard(tenant: str, consumer: str, event_id: UUID, yes: bool) -> None:
    """Give up on EVENT_ID of TENANT for CONSUMER: its effect will not happen."""
    if not yes:
        click.confirm(f"give up on {event_id} for {consumer}?", abort=True)
    _run(tenant, lambda d, context: desk.discard(d, context, consumer, event_id))
    click.echo("given up; those behind it go on")


@events.command()
@click.argument("tenant")
@click.argument("consumer")
@click.option("--from", "from_pos", required=True, type=int, help="The first position to go through again.")
def replay(tenant: str, consumer: str, from_pos: int) -> None:
    """Have CONSUMER do its effects of TENANT again from a position on."""
    count = _run(tenant, lambda d, context: desk.replay(d, context, consumer, from_pos))
    click.echo(f"{consumer} will go through {count} events again")


def _run(tenant: str, body: Callable[[Databases, TenantContext], Awaitable[T]]) -> T:
    doors = prepared_doors()
    found = find_tenant(doors, tenant)

    async def whole() -> T:
        databases = Databases(doors)
        try:
            return await body(databases, TenantContext.system(found.id))
        finally:
            await databases.close()

    return asyncio.run(whole())
