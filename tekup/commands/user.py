"""`tekup user`: make, list and shut out a tenant's users."""

import json

import click

from tekup.commands.tenant import prepared_doors
from tekup.directory import users as user_directory
from tekup.directory.tenants import find_tenant


@click.group()
def user() -> None:
    """Make, list and shut out a tenant's users."""


@user.command()
@click.argument("tenant")
@click.argument("email")
@click.option("--role", default="admin", show_default=True, help="A built-in role, or one of the tenant's own.")
@click.option("--name", default="", help="The person's name.")
@click.password_option(help="Asked for where it is not given.")
def create(tenant: str, email: str, role: str, name: str, password: str) -> None:
    """Make a user of TENANT who signs in with EMAIL, or give an existing one a new password."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    user_directory.create_user(doors, found.id, email, password, role=role, name=name)
    click.echo(f"{email.lower()} may sign in to {found.name} as {role}")


@user.command("list")
@click.argument("tenant")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(tenant: str, as_json: bool) -> None:
    """List the users of TENANT with role, state and second factors."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    users = user_directory.list_users(doors, found.id)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "id": str(u.id),
                        "email": u.email,
                        "name": u.full_name,
                        "role": u.role,
                        "status": u.status,
                        "last_sign_in_at": u.last_sign_in_at and u.last_sign_in_at.isoformat(),
                        "has_totp": u.has_totp,
                        "passkeys": u.passkey_count,
                    }
                    for u in users
                ]
            )
        )
        return
    if not users:
        click.echo(f"{found.name} has no user yet; make one with `tekup user create {found.domain} EMAIL`")
    for u in users:
        factors = ", ".join(["app"] * u.has_totp + [f"{u.passkey_count} passkeys"] * bool(u.passkey_count)) or "none"
        seen = f"{u.last_sign_in_at:%Y-%m-%d %H:%M}" if u.last_sign_in_at else "never"
        click.echo(f"{u.email:<36} {u.role:<12} {u.status:<9} last sign-in {seen:<17} second factors: {factors}")


@user.command()
@click.argument("tenant")
@click.argument("email")
def disable(tenant: str, email: str) -> None:
    """Shut a user of TENANT out; his sessions and the tokens he made end with him."""
    doors = prepared_doors()
    user_directory.set_user_status(doors, find_tenant(doors, tenant).id, email, "disabled")
    click.echo(f"{email.lower()} is disabled")


@user.command()
@click.argument("tenant")
@click.argument("email")
def enable(tenant: str, email: str) -> None:
    """Let a disabled user of TENANT in again."""
    doors = prepared_doors()
    user_directory.set_user_status(doors, find_tenant(doors, tenant).id, email, "active")
    click.echo(f"{email.lower()} may sign in again")


@user.command("reset-mfa")
@click.argument("tenant")
@click.argument("email")
def reset_mfa(tenant: str, email: str) -> None:
    """Take away the second factors of a user of TENANT who lost them and has shown who he is."""
    doors = prepared_doors()
    user_directory.reset_factors(doors, find_tenant(doors, tenant).id, email)
    click.echo(f"{email.lower()} signs in by password alone until he adds a second factor; his sessions ended")
