"""`tekup user`: make a tenant's users."""

import click

from tekup.commands.tenant import prepared_doors
from tekup.directory import users as user_directory
from tekup.directory.tenants import find_tenant


@click.group()
def user() -> None:
    """Make a tenant's users."""


@user.command()
@click.argument("tenant")
@click.argument("email")
@click.option("--role", type=click.Choice(user_directory.ROLES), default="admin", show_default=True)
@click.option("--name", default="", help="The person's name.")
@click.password_option(help="Asked for where it is not given.")
def create(tenant: str, email: str, role: str, name: str, password: str) -> None:
    """Make a user of TENANT who signs in with EMAIL, or give an existing one a new password."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    user_directory.create_user(doors, found.id, email, password, role=role, name=name)
    click.echo(f"{email.lower()} may sign in to {found.name} as {role}")
