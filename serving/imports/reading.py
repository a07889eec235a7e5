"""Reading a table file: CSV in its usual spellings, or a sheet of Excel, as rows of text under the names of columns."""

import csv
import io
import zipfile
from dataclasses import dataclass

import fastexcel
import polars as pl

from tekup.errors import BadInput

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 10_000_000, 5_000, 200
_MOST_UNPACKED = 200_000_000
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """The names of columns, and each row that holds something with its number in the file."""

    columns: list[str]
    rows: list[tuple[int, dict[str, str]]]


def read_table(content: bytes, sheet: str | None) -> Table:
    """The file's rows; what it is shows by its first bytes.

    Raises:
        BadInput: it is neither, is empty, or is too large.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(f"the file is larger than {MOST_BYTES // 1_000_000} MB", hint="use `tekup import`")
    lines = _of_workbook(content, sheet) if content.startswith(b"PK") else _of_text(content)
    numbered = [(number, cells) for number, cells in enumerate(lines, 1) if any(cells)]
    if len(numbered) < 2:
        raise BadInput("the file has no rows", hint="the first row names the columns, the others are records")
    columns = numbered[0][1]
    while columns and not columns[-1]:
        columns.pop()
    named = [name for name in columns if name]
    if len(set(named)) < len(named):
        raise BadInput("two columns have one name")
    if len(columns) > MOST_COLUMNS:
        raise BadInput(f"the file has more than {MOST_COLUMNS} columns")
    if len(numbered) - 1 > MOST_ROWS:
        raise BadInput(f"the file has more than {MOST_ROWS} rows", hint="split it, or use `tekup import`")
    rows = [
        (number, {name: cell for name, cell in zip(columns, cells, strict=False) if name})
        for number, cells in numbered[1:]
    ]
    return Table(named, rows)


def _of_text(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\x00" in text:
        raise BadInput("the file is neither CSV nor Excel (.xlsx)")
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        return [[cell.strip() for cell in cells] for cells in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"the file can't be read as CSV: {error}") from None


def _of_workbook(content: bytes, sheet: str | None) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
                raise BadInput("the workbook is too large", hint="use `tekup import`")
        book = fastexcel.read_excel(content)
        if sheet is not None and sheet not in book.sheet_names:
            raise BadInput(f"there is no sheet {sheet!r}", hint=f"its sheets: {', '.join(book.sheet_names)}")
        frame = book.load_sheet(sheet or 0, header_row=None, dtypes="string").to_polars()
    except (zipfile.BadZipFile, fastexcel.FastExcelError) as error:
        raise BadInput(f"the workbook can't be read: {type(error).__name__}") from None
    cells = frame.select(pl.all().fill_null("").str.strip_chars())
    return [list(row) for row in cells.iter_rows()]
