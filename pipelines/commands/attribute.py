"""`tekup attribute`: a credit table from a file of paths or of touchpoints."""

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", default="markov", show_default=True, help="One of attribution.MODELS.")
@click.option("--separator", default=">", show_default=True, help="Between channels where a path is one text.")
@click.option("--out", type=click.Path(path_type=Path), help="Write CSV or Parquet instead of printing.")
def attribute(file: Path, model: str, separator: str, out: Path | None) -> None:
    """Credit channels from FILE: CSV or Parquet with the columns path, conversions and optionally value and nulls."""
    import polars as pl

    import attribution
    from pipelines.commands.frames import read_frame, show_frame

    frame = read_frame(file)
    if frame.schema.get("path") == pl.String:
        channels = pl.col("path").str.split(separator).list.eval(pl.element().str.strip_chars())
        frame = frame.with_columns(channels)
    show_frame(attribution.credit(frame, model), out)
