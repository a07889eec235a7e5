"""`tekup token`: make API tokens."""

from datetime import timedelta

import click

from tekup.clock import utc_now
from tekup.commands.tenant import prepared_doors
from tekup.directory import tokens as token_directory
from tekup.directory.tenants import find_tenant


@click.group()
def token() -> None:
    """Make API tokens."""


@token.command()
@click.argument("tenant")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; repeat for several. Default: everything.")
@click.option("--days", type=click.IntRange(1), help="After how many days it stops working. Default: never.")
def create(tenant: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token of TENANT and print it; it is shown only now."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    expires_at = utc_now() + timedelta(days=days) if days else None
    click.echo(
        token_directory.create_token(
            doors, found.id, name, scopes=scopes or token_directory.SCOPES, expires_at=expires_at
        )
    )
