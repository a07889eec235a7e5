"""What every kind of file is turned into: batches of text cells with their places. Opening a file is done elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson
import polars as pl

from tekup.errors import BadInput

LINE = "line"
BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that can't be loaded: its place in the file and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: a frame of text with the place of each in ``LINE``, and those whose cells can't be told apart."""

    frame: pl.DataFrame
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says about the file's form; what isn't said is detected."""

    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None


class Table(Protocol):
    """An open file. ``batches`` may be walked more than once, and reads the file anew each time.

    ``unit`` is what a place counts; ``has_native_numbers`` where numbers have a type, so that text need not be guessed
    at; ``detected`` says in words what was found out about the form.
    """

    columns: tuple[str, ...]
    unit: str
    has_native_numbers: bool
    detected: tuple[str, ...]

    def batches(self) -> Iterator[Batch]:
        """Yield all rows; cells are stripped, empty ones null.

        Raises:
            BadInput: the file can't be read to its end; it is told where.
        """


def cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    """Strip text, and make empty text null."""
    return frame.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))


def named_columns(header: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return a header's names; a nameless column is called by its place.

    Raises:
        BadInput: two columns bear the same name.
    """
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(header, 1)]
    for place, name in enumerate(names, 1):
        if (first := names.index(name) + 1) != place:
            raise BadInput(
                f"{path.name}: columns {first} and {place} are both called {name!r}", hint="rename one of them"
            )
    return tuple(names)


def refuse_option(path: Path, what: str, value: str | None) -> None:
    """Refuse an option that this kind of file has no use for."""
    if value is not None:
        raise BadInput(f"--{what} has no meaning for {path.name}", hint="leave it out")


def no_rows(path: Path) -> BadInput:
    """The error for a file without any row."""
    return BadInput(f"{path.name} holds no rows", hint="give a file with a header and at least one row")


def json_text(cell: object) -> str | None:
    """A JSON value as the text of a cell; a whole number never ends in .0."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return orjson.dumps(cell, default=str).decode()
