"""Numbers and days are read as they are meant, and where nothing tells how, nothing is guessed."""

from datetime import date, datetime

import polars as pl
import pytest

from pipelines.importing.entities import Field
from pipelines.importing.notation import Notation, Witness, parse_dates, parse_numbers, parse_times
from tekup.errors import BadInput


def _judge(
    columns: dict[str, list[str]],
    kind: str = "integer",
    decimal: str | None = None,
    order: str | None = None,
    is_typed: bool = False,
) -> Notation:
    witness = Witness()
    for name, cells in columns.items():
        for line, cell in enumerate(cells, 2):  # a cell a batch: what was heard before must not be lost
            witness.hear(Field(name, kind), pl.Series([line]), pl.Series([cell], dtype=pl.String))  # type: ignore[arg-type]
    return witness.judge("line", decimal=decimal, order=order, formatted=(), is_typed=is_typed)


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1,5"], ","), (["1.234,50"], ","), (["1.234.567"], ","), (["12345,678"], ","), (["0,125"], ","),
        (["1 234,5"], ","), (["-1,25"], ","), (["1.234", "7,5"], ","),
        (["1.5"], "."), (["1,234.50"], "."), (["1,234,567"], "."), (["0.125"], "."), (["1,234", "7.5"], "."),
    ],
)  # fmt: skip
def test_one_number_that_can_be_read_one_way_only_decides_for_its_column(cells: list[str], sign: str) -> None:
    assert _judge({"a": cells}).decimals == {"a": sign}


def test_a_column_that_does_not_tell_goes_by_the_others(tmp_path: object) -> None:
    assert _judge({"a": ["1.234"], "b": ["2,5"]}).decimals == {"a": ",", "b": ","}


def test_whole_numbers_need_no_sign() -> None:
    assert _judge({"a": ["1", "20", "300000"]}).decimals == {}


def test_a_number_that_may_be_a_thousand_or_little_more_than_one_is_asked_about() -> None:
    with pytest.raises(BadInput, match=r"a: '1.234' \(line 3\) can be read in two ways") as caught:
        _judge({"a": ["7", "1.234"]})
    assert '"," or "."' in str(caught.value)
    assert _judge({"a": ["1.234"]}, decimal=",").decimals == {"a": ","}
    assert _judge({"a": ["1.234"]}, is_typed=True).decimals == {"a": "."}, "a spreadsheet's own number"


def test_a_column_that_contradicts_itself_is_told_with_both_cells() -> None:
    with pytest.raises(BadInput, match=r"a: '1,5' \(line 2\) and '2.75' \(line 3\) are written in two ways"):
        _judge({"a": ["1,5", "2.75"]})


@pytest.mark.parametrize(
    ("cell", "sign", "value"),
    [
        ("1.234,50", ",", 1234.5), ("1 234,5", ",", 1234.5), ("1'234.5", ".", 1234.5), ("-7", ",", -7.0),
        ("1,234.5", ".", 1234.5), ("1.5", ",", None), ("12,34,56", ".", None), ("1,5 kr", ",", None),
        ("", ".", None), ("nan", ".", None), ("inf", ".", None), ("1e3", ".", 1000.0), ("٣", ".", None),
    ],
)  # fmt: skip
def test_a_number_is_read_whole_or_not_at_all(cell: str, sign: str, value: float | None) -> None:
    assert parse_numbers(pl.Series([cell]), sign).to_list() == [value]


@pytest.mark.parametrize(
    ("cells", "order"),
    [(["31/12/2026"], "dmy"), (["12/31/2026"], "mdy"), (["03/04/2026", "13/04/2026"], "dmy"), (["12-31-2026"], "mdy")],
)
def test_one_day_above_twelve_decides_for_its_column(cells: list[str], order: str) -> None:
    assert _judge({"a": cells}, "date").orders == {"a": order}


def test_slashes_that_may_be_two_days_are_asked_about_and_danish_dashes_and_dots_are_not() -> None:
    with pytest.raises(BadInput, match=r"a: '03/04/2026' \(line 2\) can be read in two ways"):
        _judge({"a": ["03/04/2026"]}, "date")
    assert _judge({"a": ["03/04/2026"]}, "date", order="dmy").orders == {"a": "dmy"}
    assert _judge({"a": ["03-04-2026", "03.04.2026", "04/04/2026"]}, "date").orders == {}


@pytest.mark.parametrize(
    "cell", ["2026-04-03", "03-04-2026", "3.4.2026", "03/04/2026", "2026-04-03 00:00:00", "2026/04/03"]
)
def test_danish_and_iso_days_are_the_same_day(cell: str) -> None:
    assert parse_dates(pl.Series([cell]), "dmy", None).to_list() == [date(2026, 4, 3)]


@pytest.mark.parametrize(
    "cell", ["03-04-26", "31-02-2026", "2026-13-01", "3. april", "2026-04-03 10:00", "03-04-2026x"]
)
def test_what_is_no_day_is_none(cell: str) -> None:
    assert parse_dates(pl.Series([cell]), "dmy", None).to_list() == [None]


@pytest.mark.parametrize(
    ("cell", "hour"),
    [
        ("2026-07-03T10:30:00Z", 10), ("2026-07-03T12:30:00.000+02:00", 10), ("2026-07-03 10:30:00.5+00:00", 10),
        ("2026-07-03 10:30:00", 8), ("2026-07-03 10:30", 8), ("2026-07-03T10:30:00", 8),
        ("03-07-2026 10:30", 8), ("03.07.2026 10.30", 8), ("3/7/2026 10:30:00", 8), ("03-07-2026 kl. 10:30", 8),
    ],
)  # fmt: skip
def test_a_time_without_a_zone_is_meant_in_the_maps(cell: str, hour: int) -> None:
    (found,) = parse_times(pl.Series([cell]), "dmy", None, "Europe/Copenhagen").to_list()
    assert found.replace(microsecond=0, tzinfo=None) == datetime(2026, 7, 3, hour, 30)


def test_a_bare_day_begins_in_the_maps_zone_and_a_skipped_hour_is_none() -> None:
    cells = pl.Series(["03-07-2026", "2026-03-29 02:30", "2026-10-25 02:30"])
    found = parse_times(cells, "dmy", None, "Europe/Copenhagen").dt.replace_time_zone(None).to_list()
    assert found == [datetime(2026, 7, 2, 22), None, datetime(2026, 10, 25, 0, 30)]


def test_forms_may_be_mixed_in_a_column() -> None:
    cells = pl.Series(["2026-07-03", "03-07-2026", "2026-07-03T00:00:00Z", None, "soon"])
    found = parse_times(cells, "dmy", None, "UTC").dt.date().to_list()
    assert found == [date(2026, 7, 3)] * 3 + [None, None]


def test_a_form_of_the_users_own_is_the_only_one() -> None:
    cells = pl.Series(["03/07/26 10.30", "2026-07-03"])
    (one, two) = parse_times(cells, "dmy", "%d/%m/%y %H.%M", "UTC").dt.replace_time_zone(None).to_list()
    assert (one, two) == (datetime(2026, 7, 3, 10, 30), None)
    assert parse_dates(pl.Series(["3jul2026"]), "dmy", "%d%b%Y").to_list() == [date(2026, 7, 3)]
