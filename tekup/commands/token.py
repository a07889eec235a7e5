"""`tekup token`: make, list and revoke API tokens."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import click

from tekup.clock import utc_now
from tekup.commands.tenant import prepared_doors
from tekup.directory import tokens as token_directory
from tekup.directory.scopes import MACHINE_SCOPES
from tekup.directory.tenants import find_tenant


@click.group()
def token() -> None:
    """Make, list and revoke API tokens."""


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
        token_directory.create_token(doors, found.id, name, scopes=scopes or MACHINE_SCOPES, expires_at=expires_at)
    )


@token.command("list")
@click.argument("tenant")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(tenant: str, as_json: bool) -> None:
    """List the tokens and clients of TENANT, newest first; their secrets are stored nowhere."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    tokens = token_directory.list_tokens(doors, found.id)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {"id": str(t.id), "name": t.name, "kind": t.kind, "scopes": t.scopes, "state": _state(t)}
                    | {name: _iso(getattr(t, name)) for name in ("created_at", "expires_at", "last_used_at")}
                    for t in tokens
                ]
            )
        )
        return
    if not tokens:
        click.echo(f"{found.name} has no token yet; make one with `tekup token create {found.domain}`")
    for t in tokens:
        used = f"{t.last_used_at:%Y-%m-%d %H:%M}" if t.last_used_at else "never"
        click.echo(f"{t.id}  {t.kind:<6} {_state(t):<8} last used {used:<17} {t.name}: {' '.join(t.scopes)}")


@token.command()
@click.argument("tenant")
@click.argument("token_id", type=click.UUID)
def revoke(tenant: str, token_id: UUID) -> None:
    """End the token or client TOKEN_ID of TENANT for good."""
    doors = prepared_doors()
    token_directory.revoke_token(doors, find_tenant(doors, tenant).id, token_id)
    click.echo(f"{token_id} is revoked")


def _state(stored: token_directory.StoredToken) -> str:
    if stored.revoked_at is not None:
        return "revoked"
    return "expired" if stored.expires_at is not None and stored.expires_at <= utc_now() else "live"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
