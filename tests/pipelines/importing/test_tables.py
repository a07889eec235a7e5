"""Every kind of file becomes the same rows of text, and each row knows its place."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from pipelines.importing.shapes import Options, Reject, Table
from pipelines.importing.tables import open_table
from tekup.errors import BadInput


def _write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, newline="")
    return path


def _rows(table: Table) -> list[tuple[object, ...]]:
    return [row for batch in table.batches() for row in batch.frame.iter_rows()]


def _rejects(table: Table) -> list[Reject]:
    return [reject for batch in table.batches() for reject in batch.rejects]


def test_a_rows_place_is_its_line_also_after_line_breaks_in_cells_and_empty_lines(tmp_path: Path) -> None:
    text = 'key,message\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n ,\r\n2,one\r\n'
    assert _rows(open_table(_write(tmp_path, text))) == [(2, "1", 'two\r\nlines, "quoted"'), (6, "2", "one")]


def test_rows_of_another_width_are_rejects_and_empty_cells_beyond_the_header_are_not(tmp_path: Path) -> None:
    table = open_table(_write(tmp_path, "key;name\n1;a\n2\n3;c;d\n4;e;;\n"))
    assert [row[1] for row in _rows(table)] == ["1", "4"]
    assert _rejects(table) == [
        Reject(3, "the row has 1 cells, the header 2"),
        Reject(4, "the row has 3 cells, the header 2"),
    ]


def test_a_file_of_nothing_but_bad_rows_can_be_read(tmp_path: Path) -> None:
    assert len(_rejects(open_table(_write(tmp_path, "key,name\n1\n2\n")))) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('key,name\n1,"open\n2,b\n', "a.csv, line 2: unexpected end of data"),
        ('key,name\n1,a\n2,"b"c\n', "a.csv, line 3: ',' expected after '\"'"),
        ("key,key\n1,2\n", "columns 1 and 2 are both called 'key'"),
        ("", "holds no rows"),
    ],
)
def test_a_file_that_can_not_be_told_apart_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        _rows(open_table(_write(tmp_path, text)))
    assert told in str(caught.value)


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    assert open_table(_write(tmp_path, "key,,name\n1,2,3\n")).columns == ("key", "column 2", "name")


def test_json_lines_are_flattened_and_a_missing_name_is_empty(tmp_path: Path) -> None:
    lines = [{"key": 1, "who": {"name": "Søren", "tags": ["a", 2]}, "ok": True}, {"key": 2.0, "amount": 1.5}]
    text = "\n".join(json.dumps(line) for line in lines).replace("\n", "\n\n")
    table = open_table(_write(tmp_path, text, "a.jsonl"))
    assert table.columns == ("key", "who.name", "who.tags", "ok", "amount")
    assert _rows(table) == [(1, "1", "Søren", '["a",2]', "true", None), (3, "2", None, None, None, "1.5")]


def test_an_array_of_objects_is_read_whatever_the_ending(tmp_path: Path) -> None:
    for name in ("a.json", "b.jsonl"):
        table = open_table(_write(tmp_path, '[{"key": "a"},\n {"key": "b"}]', name))
        assert (table.unit, _rows(table)) == ("element", [(1, "a"), (2, "b")])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"key": 1}\n{"key": }\n', "a.jsonl, line 2, column 9: no valid JSON"),
        ('[{"key": 1},\n {"key" 2}]', "a.jsonl, line 2, column 9: no valid JSON"),
        ('{"key": 1}\n7\n', "a.jsonl, line 2: no JSON object"),
        ('[{"key": 1}, 7]', "a.jsonl, element 2: no JSON object"),
        ("[]", "holds no rows"),
    ],
)
def test_json_that_is_none_is_told_with_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        open_table(_write(tmp_path, text, "a.jsonl"))
    assert told in str(caught.value)


def test_parquet_keeps_what_its_types_mean(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "key": [1.0, None],
            "share": [0.5, 2.0],
            "day": [date(2026, 1, 2), None],
            "at": [datetime(2026, 1, 2, 10, 30, tzinfo=UTC), None],
            "ok": [True, False],
            "tags": [["a"], []],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    first, second = _rows(open_table(tmp_path / "a.parquet"))
    assert first == (1, "1", "0.5", "2026-01-02", "2026-01-02 10:30:00.000000+00:00", "true", '["a"]')
    assert second == (2, None, "2", None, None, "false", "[]")


def _workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Tom")
        sheet = book.add_worksheet("Kunder")
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        sheet.write_row(2, 1, ["Nøgle", "Oprettet", "Beløb", "Note"])
        sheet.write_row(3, 1, [17, None, 1234.5, "Ærø, 1,5"])
        sheet.write_datetime(3, 2, datetime(2026, 1, 2), day)
        sheet.write_row(5, 1, ["K2", "02-01-2026", 10])
        sheet.write_row(6, 1, ["K3", "02-01-2026", 10])
        sheet.write_formula(6, 4, "=1/0", None, "#DIV/0!")
        other = book.add_worksheet("Andre")
        other.write_row(0, 0, ["key"])
        other.write_row(1, 0, ["x"])
    return path


def test_a_workbooks_first_filled_sheet_is_read_with_the_rows_that_excel_shows(tmp_path: Path) -> None:
    table = open_table(_workbook(tmp_path / "a.xlsx"))
    assert table.columns == ("Nøgle", "Oprettet", "Beløb", "Note")
    assert table.detected == ("sheet: 'Kunder' (others: 'Tom', 'Andre')",)
    assert _rows(table) == [
        (4, "17", "2026-01-02 00:00:00", "1234.5", "Ærø, 1,5"),
        (6, "K2", "02-01-2026", "10", None),
    ]
    assert _rejects(table) == [Reject(7, "Note: the cell holds an error of Excel's")]


def test_a_sheet_may_be_named_and_an_unknown_one_is_told_with_those_there_are(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "a.xlsx")
    assert _rows(open_table(path, Options(sheet="Andre"))) == [(2, "x")]
    with pytest.raises(BadInput, match=r"no sheet 'Nix'.*'Tom', 'Kunder', 'Andre'"):
        open_table(path, Options(sheet="Nix"))
    with pytest.raises(BadInput, match="holds no rows"):
        open_table(path, Options(sheet="Tom"))


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} can't be read as"):
        open_table(_write(tmp_path, "key,name\n1,2\n", name))


@pytest.mark.parametrize(
    ("name", "option"),
    [("a.csv", Options(sheet="x")), ("a.jsonl", Options(separator=",")), ("a.xlsx", Options(encoding="utf-8"))],
)
def test_an_option_that_means_nothing_here_is_refused(tmp_path: Path, name: str, option: Options) -> None:
    with pytest.raises(BadInput, match="has no meaning"):
        open_table(_write(tmp_path, '{"key": 1}\n', name), option)
