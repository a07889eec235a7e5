"""`tekup pull`: one source of one tenant, outside Dagster, by the same code."""

import contextlib

import click

from tekup.errors import BadInput


@click.command()
@click.argument("tenant")
@click.argument("vendor", type=click.Choice(["hubspot", "stripe", "kit", "operational"]))
@click.option("--full", is_flag=True, help="Read everything again instead of what changed.")
def pull(tenant: str, vendor: str, full: bool) -> None:
    """Bring the raw tables of one source of TENANT up to date."""
    from pipelines.components.vendor_pull import pull_connection
    from pipelines.resources.platform import Platform
    from pipelines.run import demonstration
    from pipelines.sync.operational import pull_operational
    from tekup.settings import current_settings

    platform = Platform(current_settings())
    found = platform.tenant(tenant)
    with contextlib.ExitStack() as stack:
        if vendor == "operational":
            results = pull_operational(platform.doors, found.id, full=full)
        else:
            connection = platform.connection(found, vendor)
            if connection is None:
                raise BadInput(
                    f"{found.name} has no {vendor} connection", hint=f"tekup connect {found.domain} {vendor}"
                )
            chosen = demonstration.read_demonstration(platform.settings.home_path)
            if connection.is_sandbox and chosen is not None:
                address = stack.enter_context(demonstration.running_sandbox(platform, chosen))
                platform = Platform(platform.settings, sandbox_url=address)
            results = pull_connection(platform, connection, full=full)
    for result in results:
        click.echo(f"{result.stream:<20} {result.rows_read:>9,} read {result.rows_changed:>9,} changed")
