"""Frames from and to the command line: read by a file's ending, shown as a table. Their meaning is each command's."""

from collections.abc import Callable
from pathlib import Path

import click
import polars as pl

from tekup.errors import BadInput


def read_frame(path: Path) -> pl.DataFrame:
    """A CSV, Parquet or JSONL file with types inferred.

    Raises:
        BadInput: there is no such file, or it is of another kind.
    """
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
        ".jsonl": pl.read_ndjson,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{path.name}: unknown kind of file", hint="give .csv, .parquet or .jsonl")
    try:
        return reader(path)
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}", hint="check the path") from None
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"{path.name} can't be read: {str(error).splitlines()[0]}", hint="check its contents") from None


def show_frame(frame: pl.DataFrame, out: Path | None) -> None:
    """Print a frame whole, or write it to a file by its ending."""
    if out is None:
        with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, fmt_str_lengths=60):
            click.echo(str(frame))
    elif out.suffix == ".parquet":
        frame.write_parquet(out)
    else:
        frame.write_csv(out)
