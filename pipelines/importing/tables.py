"""Opens a file of any kind as a table, by its name's ending. What the cells mean is told elsewhere."""

from collections.abc import Callable
from pathlib import Path

from pipelines.importing.shapes import Options, Table
from pipelines.importing.texts import DelimitedTable, JsonTable
from pipelines.importing.workbooks import open_parquet, open_workbook
from tekup.errors import BadInput


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
    text = {f"{ending}{packed}": DelimitedTable for ending in (".csv", ".tsv", ".txt") for packed in ("", ".gz")}
    objects = {f"{ending}{packed}": JsonTable for ending in (".jsonl", ".ndjson", ".json") for packed in ("", ".gz")}
    return {**text, **objects, ".parquet": open_parquet, ".xlsx": open_workbook, ".xls": open_workbook}
