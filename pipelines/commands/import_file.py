"""`tekup import`: rows of a file into a tenant's operational tables."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipelines.importing.loading import Imported

SHOWN_REJECTS = 20


@click.command("import")
@click.argument("tenant")
@click.argument("entity", type=click.Choice(["leads", "touchpoints", "spend", "contacts", "deals"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="JSON file that says what the columns mean.")
@click.option("--dry-run", is_flag=True, help="Show how the file is read and what would land; write nothing.")
@click.option("--encoding", help="Encoding of a text file, such as windows-1252; detected without it.")
@click.option("--separator", help="What parts a CSV's cells: a sign, comma, semicolon or tab; detected without it.")
@click.option("--sheet", help="Sheet of a workbook; the first that holds anything without it.")
@click.option("--skip-bad", is_flag=True, help="Load the good rows and list the bad ones.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Write every rejected line and its reason to this CSV."
)
def import_file(
    tenant: str,
    entity: str,
    file: Path,
    map_file: Path | None,
    dry_run: bool,
    encoding: str | None,
    separator: str | None,
    sheet: str | None,
    skip_bad: bool,
    rejects: Path | None,
) -> None:
    """Load FILE (CSV, TSV, Excel, Parquet or JSON) as ENTITY of TENANT; one bad row stops it all without --skip-bad."""
    from pipelines.importing.loading import import_file as load
    from pipelines.importing.mapping import Map, read_map
    from pipelines.importing.shapes import Options
    from tekup.commands.tenant import prepared_doors
    from tekup.directory.tenants import find_tenant

    chosen = read_map(map_file) if map_file else Map()
    doors = prepared_doors()
    found = find_tenant(doors, tenant)
    options = Options(encoding, separator, sheet)
    done = load(doors, found.id, entity, file, chosen, options=options, skip_bad=skip_bad, dry_run=dry_run)
    if dry_run:
        _show_form(done)
    _show_rejects(done, rejects)
    if dry_run:
        click.echo(f"dry run: {done.good:,} {entity} would land, {len(done.rejects):,} rejected; nothing is written")
    elif done.rejects and not skip_bad:
        click.echo(f"nothing is loaded: {len(done.rejects):,} bad rows; mend them or give --skip-bad", err=True)
        sys.exit(6)
    else:
        click.echo(f"{done.rows:,} {entity} of {found.name} are loaded, {len(done.rejects):,} rejected")
    if done.erased:
        click.echo(f"{done.erased:,} rows are of persons who were erased, and are left out (`tekup gdpr allow`)")


def _show_form(done: "Imported") -> None:
    """Print what was found out about the file, and its first good rows one under the other."""
    for line in done.detected:
        click.echo(line)
    click.echo("columns -> fields: " + ", ".join(f"{column} -> {name}" for name, column in done.columns.items()))
    click.echo("ignored columns: " + (", ".join(done.ignored) or "none"))
    for row in done.preview.iter_rows(named=True):
        cells = (f"{name}={value}" for name, value in row.items() if name != "line" and value is not None)
        click.echo(f"  {done.unit} {row['line']}: " + "  ".join(cells))


def _show_rejects(done: "Imported", out: Path | None) -> None:
    for reject in done.rejects[:SHOWN_REJECTS]:
        click.echo(f"{done.unit} {reject.line}: {reject.reason}", err=True)
    if len(done.rejects) > SHOWN_REJECTS:
        click.echo(f"... and {len(done.rejects) - SHOWN_REJECTS:,} more; --rejects FILE lists all", err=True)
    if out is None:
        return
    import polars as pl

    from tekup.errors import BadInput

    table = {"line": [reject.line for reject in done.rejects], "reason": [reject.reason for reject in done.rejects]}
    try:
        pl.DataFrame(table, schema={"line": pl.Int64, "reason": pl.String}).write_csv(out)
    except OSError as error:
        raise BadInput(f"can't write the rejects to {out}: {error.strerror or error}", hint="check the path") from None
