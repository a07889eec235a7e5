"""Delimited and JSON files as tables of text. Cells that have a type already are read in `workbooks`."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

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
from pipelines.importing.shapes import (
    BATCH_ROWS,
    LINE,
    Batch,
    Options,
    Reject,
    cleaned,
    json_text,
    named_columns,
    no_rows,
    refuse_option,
)
from tekup.errors import BadInput

_ARRAY_MOST = 200 << 20


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
