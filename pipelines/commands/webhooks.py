"""`tekup webhooks`: give connections an address for the vendor's webhooks, and look after what arrives there."""

from datetime import UTC, datetime, timedelta

import click

_VENDOR = click.Choice(["hubspot", "stripe", "kit"])
_SECRET = click.option(
    "--secret", "secrets", multiple=True, help="What the vendor signs with; repeat for several. Kit has none."
)


@click.group()
def webhooks() -> None:
    """Receive webhooks of HubSpot, Stripe and Kit."""


@webhooks.command()
@click.argument("tenant")
@click.argument("vendor", type=_VENDOR)
@_SECRET
def enable(tenant: str, vendor: str, secrets: tuple[str, ...]) -> None:
    """Give TENANT's connection to VENDOR an address, and print it; it is shown only now."""
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant
    from tekup.directory.webhooks import enable_webhook

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    click.echo(_address(vendor, enable_webhook(doors, found.id, vendor, secrets)))


@webhooks.command()
@click.argument("tenant")
@click.argument("vendor", type=_VENDOR)
@_SECRET
@click.option(
    "--keep-hours", type=click.FloatRange(0, 720), default=24.0, show_default=True, help="How long the old counts."
)
def rotate(tenant: str, vendor: str, secrets: tuple[str, ...], keep_hours: float) -> None:
    """Print a new address of TENANT's connection to VENDOR, and take new secrets where they are given."""
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant
    from tekup.directory.webhooks import rotate_webhook

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    key = rotate_webhook(doors, found.id, vendor, secrets, kept=timedelta(hours=keep_hours))
    click.echo(_address(vendor, key))


@webhooks.command()
@click.argument("tenant")
@click.argument("vendor", type=_VENDOR)
def disable(tenant: str, vendor: str) -> None:
    """Take the address of TENANT's connection to VENDOR away, at once."""
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant
    from tekup.directory.webhooks import disable_webhook

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    had = disable_webhook(doors, found.id, vendor)
    click.echo(f"{vendor} of {found.name}: {'no webhook is taken in any more' if had else 'had no address'}")


@webhooks.command()
@click.argument("tenant")
def status(tenant: str) -> None:
    """Show TENANT's addresses and what lies in the inbox."""
    from pipelines.sync.webhooks import describe_inbox
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant
    from tekup.directory.webhooks import list_webhooks

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    endpoints, inbox = list_webhooks(doors, found.id), describe_inbox(doors, found.id)
    if not endpoints:
        click.echo(f"{found.name} takes no webhooks in; `tekup webhooks enable {found.domain} VENDOR` gives an address")
    for endpoint in endpoints:
        since = endpoint.rotated_at or endpoint.created_at
        also = f", the old address until {_moment(endpoint.previous_until)}" if endpoint.previous_until else ""
        click.echo(f"{endpoint.vendor:<8} address since {_moment(since)}, secrets: {endpoint.secret_count}{also}")
    for state in inbox:
        oldest = f", the oldest since {_moment(state.oldest_waiting)}" if state.waiting else ""
        tried = f", tried {state.attempts} times" if state.attempts else ""
        click.echo(
            f"{state.vendor:<8} {state.waiting:,} waiting{oldest}{tried}; {state.folded:,} folded; "
            f"the last came {_moment(state.newest)}"
        )


@webhooks.command()
@click.argument("tenant")
@click.argument("vendor", type=_VENDOR)
@click.option(
    "--since", type=click.DateTime(), help="UTC; only what was received from then on. Default: all that is kept."
)
def replay(tenant: str, vendor: str, since: datetime | None) -> None:
    """Let stored deliveries of VENDOR wait again; the next pull or the sensor folds them."""
    from pipelines.sync.webhooks import replay as replay_inbox
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    count = replay_inbox(doors, found.id, vendor, since.replace(tzinfo=UTC) if since else None)
    click.echo(f"{vendor} of {found.name}: {count:,} deliveries wait again")


def _address(vendor: str, key: str) -> str:
    from tekup.settings import current_settings

    settings = current_settings()
    base = settings.public_url or settings.api_address
    return f"{base.rstrip('/')}/v1/webhooks/{vendor}/{key}"


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
