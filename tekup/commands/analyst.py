"""`tekup db analyst`: log-ins with which analysts and their tools read one tenant's marts."""

from urllib.parse import quote, urlsplit, urlunsplit

import click

from tekup.commands.tenant import prepared_doors
from tekup.db import Database, Role
from tekup.directory.analysts import create_analyst, delete_analysts, list_analysts
from tekup.directory.tenants import find_tenant
from tekup.errors import BadInput


@click.group()
def analyst() -> None:
    """Log-ins that read one tenant's marts by SQL; each statement of theirs goes into the audit trail."""


@analyst.command()
@click.argument("tenant")
@click.argument("name")
@click.option("--people", is_flag=True, help="Show who people are; without it, masked views and marts without people.")
def add(tenant: str, name: str, people: bool) -> None:
    """Make log-in NAME of TENANT and print its connection string, with a password that is shown this once."""
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    made, password = create_analyst(doors, found.id, name, sees_people=people)
    parts = urlsplit(doors.url(Database.WAREHOUSE, Role.READER))
    place = f"{made.login}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    click.echo(urlunsplit(parts._replace(netloc=place)))


@analyst.command("list")
@click.argument("tenant")
def list_all(tenant: str) -> None:
    """List the log-ins of TENANT."""
    doors = prepared_doors()
    for one in list_analysts(doors, find_tenant(doors, tenant).id):
        click.echo(f"{one.name:<17} {'sees people' if one.sees_people else 'masked':<12} {one.login}")


@analyst.command()
@click.argument("tenant")
@click.argument("name")
def remove(tenant: str, name: str) -> None:
    """End the sessions of log-in NAME of TENANT and delete it. What it asked stays in the trail."""
    doors = prepared_doors()
    if not delete_analysts(doors, find_tenant(doors, tenant).id, name):
        raise BadInput(f"no analyst {name!r}", hint="`tekup db analyst list` names them")
    click.echo(f"{name} is gone")
