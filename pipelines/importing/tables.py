"""A file of any kind as batches of text cells, each row with its place. What the cells mean is told elsewhere."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson
import polars as pl

from pipelines.importing.encodings import (
    SEPARATORS,
    Encoding,
    detect_encoding,
    detect_separator,
    known_codec,
    opened_text,
)
from tekup.errors import BadInput

LINE = "line"
BATCH_ROWS = 20_000
_ARRAY_MOST = 200 << 20


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


def open_table(path: Path, options: Options | None = None) -> Table:
    """Open a file by its name's ending.

    Raises:
        BadInput: the file is missing, empty, not of its ending's kind, or an option doesn't suit it.
    """
    chosen = options or Options()
    name = path.name.lower()
    opener = next((opener for ending, opener in _openers().items() if name.endswith(ending)), None)
    if opener is None:
        raise BadInput(f"{path.name}: unknown kind of file", hint="give .csv, .tsv, .xlsx, .parquet, .jsonl or .json")
    if not path.exists():
        raise BadInput(f"there is no file {path}", hint="check the path")
    return opener(path, chosen)


def _openers() -> dict[str, Callable[[Path, Options], Table]]:
    from pipelines.importing.workbooks import open_parquet, open_workbook

    text = {f"{ending}{packed}": DelimitedTable for ending in (".csv", ".tsv", ".txt") for packed in ("", ".gz")}
    objects = {f"{ending}{packed}": JsonTable for ending in (".jsonl", ".ndjson", ".json") for packed in ("", ".gz")}
    return {**text, **objects, ".parquet": open_parquet, ".xlsx": open_workbook, ".xls": open_workbook}


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


class DelimitedTable:
    """CSV and its kin. A row's place is the line on which it begins."""

    unit = "line"
    has_native_numbers = False

    def __init__(self, path: Path, options: Options) -> None:
        refuse_option(path, "sheet", options.sheet)
        self._path = path
        self._encoding = known_codec(options.encoding) if options.encoding else detect_encoding(path)
        detected, self._has_hint = detect_separator(path, self._encoding.name)
        self._separator = separator_of(options.separator) if options.separator else detected
        self.columns = named_columns(next(self._records(), (0, []))[1], path)
        if not self.columns:
            raise no_rows(path)
        self.detected: tuple[str, ...] = (
            encoding_in_words(self._encoding, is_given=options.encoding is not None),
            f"separator: {SEPARATORS.get(self._separator, repr(self._separator))}",
        )

    def batches(self) -> Iterator[Batch]:
        width = len(self.columns)
        records = self._records()
        next(records, None)
        rows: list[list[str]] = []
        lines: list[int] = []
        rejects: list[Reject] = []
        for line, record in records:
            if len(record) > width and not any(record[width:]):
                record = record[:width]  # spreadsheets write separators beyond the last column
            if len(record) == width:
                rows.append(record)
                lines.append(line)
            else:
                rejects.append(Reject(line, f"the row has {len(record)} cells, the header {width}"))
            if len(rows) + len(rejects) >= BATCH_ROWS:
                yield self._batch(rows, lines, rejects)
                rows, lines, rejects = [], [], []
        if rows or rejects:
            yield self._batch(rows, lines, rejects)

    def _batch(self, rows: list[list[str]], lines: list[int], rejects: list[Reject]) -> Batch:
        cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * len(self.columns)
        frame = pl.DataFrame(dict(zip(self.columns, cells, strict=True)), schema=dict.fromkeys(self.columns, pl.String))
        return Batch(cleaned(frame).insert_column(0, pl.Series(LINE, lines, dtype=pl.Int64)), tuple(rejects))

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record that isn't empty with the line on which it begins."""
        with opened_text(self._path, self._encoding.name) as text:
            reader = csv.reader(text, delimiter=self._separator, strict=True)
            begun = 1
            if self._has_hint:
                next(reader, None)
                begun = reader.line_num + 1
            try:
                for record in reader:
                    if any(cell.strip() for cell in record):
                        yield begun, record
                    begun = reader.line_num + 1
            except csv.Error as error:
                raise BadInput(
                    f"{self._path.name}, line {begun}: {error}",
                    hint="look for a quotation mark that is not closed or stands inside a cell, or give --separator",
                ) from None


class JsonTable:
    """One JSON object a line, or one array of objects. Inner objects become columns such as ``address.city``."""

    has_native_numbers = True

    def __init__(self, path: Path, options: Options) -> None:
        refuse_option(path, "sheet", options.sheet)
        refuse_option(path, "separator", options.separator)
        self._path = path
        self._encoding = known_codec(options.encoding) if options.encoding else detect_encoding(path)
        with opened_text(path, self._encoding.name) as text:
            head = text.read(4096).lstrip()
        self._is_array = head.startswith("[")
        self.unit = "element" if self._is_array else "line"
        names: dict[str, None] = {}
        for _, found in self._objects():
            names.update(dict.fromkeys(found))
        if not names:
            raise no_rows(path)
        self.columns = tuple(names)
        kind = "one array of objects" if self._is_array else "one object a line"
        self.detected: tuple[str, ...] = (
            encoding_in_words(self._encoding, is_given=options.encoding is not None),
            f"JSON: {kind}",
        )

    def batches(self) -> Iterator[Batch]:
        rows: list[dict[str, str | None]] = []
        lines: list[int] = []
        for line, found in self._objects():
            rows.append(found)
            lines.append(line)
            if len(rows) == BATCH_ROWS:
                yield self._batch(rows, lines)
                rows, lines = [], []
        if rows:
            yield self._batch(rows, lines)

    def _batch(self, rows: list[dict[str, str | None]], lines: list[int]) -> Batch:
        frame = pl.DataFrame(
            {name: [row.get(name) for row in rows] for name in self.columns},
            schema=dict.fromkeys(self.columns, pl.String),
        )
        return Batch(cleaned(frame).insert_column(0, pl.Series(LINE, lines, dtype=pl.Int64)))

    def _objects(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        for place, text in self._texts():
            try:
                value = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                line = place + error.lineno - 1 if self._is_array else place
                raise BadInput(
                    f"{self._path.name}, line {line}, column {error.colno}: no valid JSON: {error.msg}",
                    hint="write one JSON object a line, or one array of objects",
                ) from None
            for number, one in enumerate(value if self._is_array else [value], place):
                if not isinstance(one, dict):
                    raise BadInput(
                        f"{self._path.name}, {self.unit} {number}: no JSON object",
                        hint="write one JSON object a line, or one array of objects",
                    )
                flat: dict[str, str | None] = {}
                _flatten(one, "", flat)
                yield number, flat

    def _texts(self) -> Iterator[tuple[int, str]]:
        with opened_text(self._path, self._encoding.name) as text:
            if not self._is_array:
                yield from ((number, line) for number, line in enumerate(text, 1) if line.strip())
                return
            whole = text.read(_ARRAY_MOST + 1)
        if len(whole) > _ARRAY_MOST:
            raise BadInput(
                f"{self._path.name}: an array of more than {_ARRAY_MOST >> 20} MB is read whole, which takes too much",
                hint="write one JSON object a line (.jsonl)",
            )
        yield 1, whole


def _flatten(value: dict[str, object], prefix: str, into: dict[str, str | None]) -> None:
    for name, cell in value.items():
        if isinstance(cell, dict):
            _flatten(cell, f"{prefix}{name}.", into)
        else:
            into[f"{prefix}{name}"] = json_text(cell)


def json_text(cell: object) -> str | None:
    """A JSON value as the text of a cell; a whole number never ends in .0."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return orjson.dumps(cell, default=str).decode()


def separator_of(text: str) -> str:
    """Return the separator that a user named by its sign or its name.

    Raises:
        BadInput: it is longer than one character.
    """
    named = {name: sign for sign, name in SEPARATORS.items()} | {"\\t": "\t"}
    found = named.get(text.lower(), text)
    if len(found) != 1 or found in '"\r\n':
        raise BadInput(f"{text!r} is no separator", hint=f"give one character, or one of {', '.join(named)}")
    return found


def encoding_in_words(encoding: Encoding, *, is_given: bool) -> str:
    """Say the encoding, and how sure that is."""
    if is_given:
        return f"encoding: {encoding.name} (as given)"
    doubt = "; if letters look wrong, give --encoding" if encoding.is_guess else ""
    return f"encoding: {encoding.name} (detected{doubt})"
