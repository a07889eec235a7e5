"""`tekup pull`: one source of one tenant, outside Dagster, by the same code."""

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from tekup.errors import BadInput

if TYPE_CHECKING:
    from pipelines.sync.vendors import PullResult


@click.command()
@click.argument("tenant")
@click.argument("vendor", type=click.Choice(["hubspot", "stripe", "kit", "operational"]))
@click.option("--full", is_flag=True, help="Read everything as well, mend what was missed, mark what is gone.")
@click.option("--stream", "streams", multiple=True, help="Only this stream; may be repeated.")
@click.option("--prove", is_flag=True, help="Compare every stream with the vendor now, due or not.")
@click.option("--adopt", is_flag=True, help="Let the rows of another account take the place of the stored ones.")
@click.option("--accept-losses", is_flag=True, help="With --full: mark rows as gone even where most are.")
def pull(
    tenant: str, vendor: str, full: bool, streams: tuple[str, ...], prove: bool, adopt: bool, accept_losses: bool
) -> None:
    """Bring the raw tables of one source of TENANT up to date; ends with 1 where something is known to be missing."""
    from pipelines.components.vendor_pull import pull_connection
    from pipelines.resources.platform import Platform
    from pipelines.run import demonstration
    from pipelines.sync.operational import ENTITIES, pull_operational
    from pipelines.sync.progress import Progress
    from pipelines.sync.vendors import Proof
    from tekup.settings import current_settings

    platform = Platform(current_settings())
    found = platform.tenant(tenant)
    proof: Proof = "always" if prove else "due"
    progress = Progress(lambda line: click.echo(line, err=True))
    with contextlib.ExitStack() as stack:
        if vendor == "operational":
            _check_streams(streams, ENTITIES)
            done = pull_operational(
                platform.doors,
                found.id,
                entities=[e for e in ENTITIES if not streams or e in streams],
                full=full,
                proof=proof,
                on_chunk=progress,
            )
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
            done = pull_connection(
                platform,
                connection,
                streams=set(streams) or None,
                full=full,
                accept_losses=accept_losses,
                adopt=adopt,
                proof=proof,
                progress=progress,
            )
            _check_streams(streams, tuple(done.streams))
    if not _show(done):
        sys.exit(1)


def _check_streams(asked: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise BadInput(f"there is no stream {', '.join(unknown)}", hint=f"choose among {', '.join(known)}")


def _show(done: "PullResult") -> bool:
    """Print what was done; returns whether nothing is known to be missing."""
    whole = True
    for result in done.streams.values():
        said = f"{result.stream:<24} {result.rows_read:>9,} read {result.rows_changed:>9,} changed"
        if result.new_fields:
            said += f"  new fields: {', '.join(result.new_fields)}"
        click.echo(said)
    for stream, found in done.reconciled.items():
        if found.missing + found.stale + found.vanished:
            click.echo(
                f"{stream}: mended {found.missing:,} missing and {found.stale:,} out-of-date rows, "
                f"marked {found.vanished:,} as gone"
            )
    for verdict in done.verdicts.values():
        if not verdict.is_complete:
            whole = False
            click.echo(f"not complete: {verdict.stream}: {verdict.detail}", err=True)
    return whole
