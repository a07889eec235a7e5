"""Excel and Parquet files as tables of text: cells that have a type already. Text files are read in `texts`."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

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


class SheetTable:
    """One sheet of a workbook, held in memory: Excel itself ends at a million rows. A place is the sheet's own row."""

    unit = "row"
    has_native_numbers = True

    def __init__(self, columns: tuple[str, ...], frame: pl.DataFrame, faults: dict[int, str], detected: str) -> None:
        self.columns = columns
        self.detected: tuple[str, ...] = (detected,)
        self._frame = frame
        self._faults = faults

    def batches(self) -> Iterator[Batch]:
        for part in self._frame.iter_slices(BATCH_ROWS):
            lines = set(part[LINE].to_list()) & self._faults.keys()
            yield Batch(
                part.filter(~pl.col(LINE).is_in(list(lines))),
                tuple(Reject(line, self._faults[line]) for line in sorted(lines)),
            )


def open_workbook(path: Path, options: Options) -> SheetTable:
    """Open a sheet: the one named, else the first that holds anything. Its header is the first row that isn't empty.

    Raises:
        BadInput: it is no workbook, there is no such sheet, or it is empty.
    """
    import fastexcel

    refuse_option(path, "encoding", options.encoding)
    refuse_option(path, "separator", options.separator)
    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        if options.sheet is not None and options.sheet not in names:
            raise BadInput(
                f"{path.name} has no sheet {options.sheet!r}", hint=f"its sheets: {', '.join(map(repr, names))}"
            )
        for name in [options.sheet] if options.sheet else names:
            # no header and nothing skipped, so that a row's number is the one that Excel shows
            sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string", whitespace_as_null=True)
            if sheet.width:
                return _sheet(path, name, names, sheet)
    except fastexcel.FastExcelError as error:
        raise BadInput(
            f"{path.name} can't be read as a workbook: {str(error).splitlines()[0]}", hint="save it again as .xlsx"
        ) from None
    raise no_rows(path)


def _sheet(path: Path, name: str, names: list[str], sheet: object) -> SheetTable:
    batch, errors = sheet.to_arrow_with_errors()  # type: ignore[attr-defined]
    frame = pl.DataFrame(pl.from_arrow(batch)).with_row_index(LINE, offset=1).cast({LINE: pl.Int64})
    cells = pl.exclude(LINE)
    filled = frame.filter(pl.any_horizontal(cells.is_not_null()))
    if filled.is_empty():
        raise no_rows(path)
    header = [cell or "" for cell in filled.drop(LINE).row(0)]
    columns = named_columns(header, path)
    frame = filled[1:].rename(dict(zip(filled.columns[1:], columns, strict=True)))
    faults = {
        error.position[0] + 1: f"{columns[error.position[1]]}: the cell holds an error of Excel's"
        for error in (errors.errors if errors else [])
    }
    others = [other for other in names if other != name]
    besides = f" (others: {', '.join(map(repr, others))})" if others else ""
    return SheetTable(columns, cleaned(frame), faults, f"sheet: {name!r}{besides}")


class ParquetTable:
    """A Parquet file, read group by group. A place is the row's number."""

    unit = "row"
    has_native_numbers = True

    def __init__(self, path: Path) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetFile

        self._path = path
        try:
            with ParquetFile(path) as file:
                self.columns: tuple[str, ...] = tuple(file.schema_arrow.names)
                rows = file.metadata.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        if not rows:
            raise no_rows(path)
        self.detected: tuple[str, ...] = (f"Parquet: {rows:,} rows",)

    def batches(self) -> Iterator[Batch]:
        import pyarrow
        from pyarrow.parquet import ParquetFile

        first = 1
        try:
            with ParquetFile(self._path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    frame = pl.DataFrame(pl.from_arrow(batch))
                    texts = frame.select(_text(column) for column in frame.get_columns())
                    yield Batch(cleaned(texts).insert_column(0, pl.Series(LINE, range(first, first + frame.height))))
                    first += frame.height
        except (pyarrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> BadInput:
        return BadInput(
            f"{self._path.name} can't be read as Parquet: {str(error).splitlines()[0]}", hint="write it again"
        )


def open_parquet(path: Path, options: Options) -> ParquetTable:
    """Open a Parquet file.

    Raises:
        BadInput: it is none, or it is empty.
    """
    for what in ("encoding", "separator", "sheet"):
        refuse_option(path, what, getattr(options, what))
    return ParquetTable(path)


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        # 12.0 is how a table with gaps holds the whole number 12, which may be a key
        is_whole = (column == column.round()) & (column.abs() < 1e15)
        whole = column.cast(pl.Int64, strict=False).cast(pl.String)
        return whole.zip_with(is_whole.fill_null(False), column.cast(pl.String))
    if column.dtype.is_nested() or column.dtype in (pl.Duration, pl.Object, pl.Binary):
        return pl.Series(column.name, [json_text(value) for value in column.to_list()], dtype=pl.String)
    return column.cast(pl.String)
