"""`tekup import`: rows of a file into a tenant's operational tables."""

import sys
from pathlib import Path

import click

SHOWN_REJECTS = 20


@click.command("import")
@click.argument("tenant")
@click.argument("entity", type=click.Choice(["leads", "touchpoints", "spend", "contacts", "deals"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="JSON file that names the file's columns.")
@click.option("--skip-bad", is_flag=True, help="Load the good rows and list the bad ones.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Write every rejected line and its reason to this CSV."
)
def import_file(
    tenant: str, entity: str, file: Path, map_file: Path | None, skip_bad: bool, rejects: Path | None
) -> None:
    """Load FILE (CSV, Parquet or JSONL) as ENTITY of TENANT; a bad row stops it all unless --skip-bad is given."""
    import polars as pl

    from pipelines.importing.loading import import_file as load
    from pipelines.importing.reading import Map, read_map
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant

    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    chosen = read_map(map_file) if map_file else Map()
    done = load(doors, found.id, entity, file, chosen, skip_bad=skip_bad)
    for reject in done.rejects[:SHOWN_REJECTS]:
        click.echo(f"line {reject.line}: {reject.reason}", err=True)
    if len(done.rejects) > SHOWN_REJECTS:
        click.echo(f"... and {len(done.rejects) - SHOWN_REJECTS} more; --rejects FILE lists all", err=True)
    if rejects:
        pl.DataFrame(
            {"line": [r.line for r in done.rejects], "reason": [r.reason for r in done.rejects]},
            schema={"line": pl.Int64, "reason": pl.String},
        ).write_csv(rejects)
    if done.rejects and not skip_bad:
        click.echo(f"nothing is loaded: {len(done.rejects)} bad rows; mend them or give --skip-bad", err=True)
        sys.exit(6)
    click.echo(f"{done.rows:,} {entity} of {found.name} are loaded, {len(done.rejects):,} rejected")
