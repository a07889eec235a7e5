"""`tekup rates`: euro reference rates into the warehouse, outside Dagster, by the same code."""

import contextlib

import click


@click.command()
@click.argument("source", required=False)
def rates(source: str | None) -> None:
    """Read the ECB's reference rates from SOURCE, a file or an address; without it from TEKUP_EXCHANGE_RATES."""
    from integrations.ecb.rates import read_rates
    from pipelines.resources.platform import Platform
    from pipelines.run import demonstration
    from pipelines.sync.exchange_rates import store_rates
    from tekup.settings import current_settings

    platform = Platform(current_settings())
    with contextlib.ExitStack() as stack:
        if source is None and platform.has_sandbox_rates:
            chosen = demonstration.read_demonstration(platform.settings.home_path)
            if chosen is not None:
                address = stack.enter_context(demonstration.running_sandbox(platform, chosen))
                platform = Platform(platform.settings, sandbox_url=address)
        stored = store_rates(platform.doors, read_rates(source or platform.exchange_rates()))
    click.echo(f"{stored.read:,} rates read, {stored.changed:,} new or corrected; the last day is {stored.last_day}")
