"""`tekup attribute` on real files: paths, touchpoints, every model, every output, and what is wrong named."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import attribution
from pipelines.commands.attribute import attribute
from tekup.errors import BadInput

TOUCHES = """person_id,occurred_at,channel,campaign
ann,2026-03-01 10:00:00,search,spring
ann,2026-03-08T10:00:00+01:00,email,news
ann,2026-03-12 00:00:00,direct,
bo,2026-03-02 00:00:00,search,spring
cai,2026-03-03 00:00:00,social,
cai,2026-03-09 23:30:00,search,summer
"""
SALES = """person_id,converted_at,value,conversion_id
ann,2026-03-15 00:00:00,1000,1
cai,2026-03-10 23:30:00,500.5,2
dan,2026-03-11 00:00:00,250,3
"""
PATHS = "path,conversions,value,nulls\nsearch,20,2000,480\nsearch > email,60,9000,540\n,4,100,0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "touches.csv").write_text(TOUCHES)
    (tmp_path / "sales.csv").write_text(SALES)
    (tmp_path / "paths.csv").write_text(PATHS)
    return tmp_path


def run(folder: Path, file: str, *options: str) -> Result:
    return CliRunner().invoke(attribute, [str(folder / file), *options])


def table(folder: Path, file: str, *options: str) -> pl.DataFrame:
    """What the command writes."""
    result = run(folder, file, *options, "--out", str(folder / "out.parquet"))
    assert result.exit_code == 0, result.exception
    return pl.read_parquet(folder / "out.parquet")


def events(folder: Path) -> tuple[str, ...]:
    return ("--conversions", str(folder / "sales.csv"))


def test_paths_are_credited_and_printed(folder: Path) -> None:
    result = run(folder, "paths.csv", "--model", "last")
    assert result.exit_code == 0
    assert "│ email   ┆ 60.0" in result.output


@pytest.mark.parametrize("model", [name for name in attribution.MODELS if name not in ("w_shaped", "full_path")])
def test_every_model_credits_touchpoints_and_sums_to_the_conversions(folder: Path, model: str) -> None:
    found = table(folder, "touches.csv", *events(folder), "--model", model, "--unattributed")
    assert found["conversions"].sum() == pytest.approx(3)
    assert found["value"].sum() == pytest.approx(1750.5)
    assert found.filter(channel="(unattributed)")["value"].item() == 250


@pytest.mark.parametrize("model", ["linear", "markov"])
@pytest.mark.parametrize("level", ["campaign", "day"])
def test_levels_sum_to_the_channels(folder: Path, model: str, level: str) -> None:
    options = (*events(folder), "--model", model)
    parts = table(folder, "touches.csv", *options, "--level", level).group_by("channel").agg(
        pl.col("conversions", "value").sum()
    )  # fmt: skip
    both = table(folder, "touches.csv", *options).join(parts, on="channel")
    assert both["conversions"].to_list() == pytest.approx(both["conversions_right"].to_list(), abs=1e-7)
    assert both["value"].to_list() == pytest.approx(both["value_right"].to_list(), abs=1e-4)


def test_days_are_cut_in_the_given_timezone(folder: Path) -> None:
    options = (*events(folder), "--model", "last", "--level", "day", "--timezone", "Europe/Copenhagen")
    assert [str(day) for day in table(folder, "touches.csv", *options)["day"]] == ["2026-03-11", "2026-03-15"]


def test_as_of_a_day_gives_what_that_day_gave(folder: Path) -> None:
    options = (*events(folder), "--model", "linear", "--as-of", "2026-03-12")
    before = table(folder, "touches.csv", *options)
    with (folder / "touches.csv").open("a") as file:
        file.write("cai,2026-03-13 00:00:00,email,late\n")
    with (folder / "sales.csv").open("a") as file:
        file.write("cai,2026-03-14 00:00:00,9000,4\n")
    assert table(folder, "touches.csv", *options).equals(before)
    assert before["value"].sum() == pytest.approx(500.5)


def test_all_models_stand_side_by_side_and_those_left_out_are_named(folder: Path) -> None:
    result = run(folder, "paths.csv", "--compare", "--measure", "value", "--out", str(folder / "all.json"))
    rows = {row["channel"]: row for row in json.loads((folder / "all.json").read_text())}
    assert (rows["search"]["first"], rows["email"]["last"], rows["email"]["linear"]) == (11000, 9000, 4500)
    assert "left out: w_shaped: " in result.stderr
    assert {name for name in attribution.MODELS if f"left out: {name}: " in result.stderr} | set(rows["email"]) - {
        "channel"
    } == set(attribution.MODELS)


def test_intervals_hold_the_credit(folder: Path) -> None:
    found = table(folder, "paths.csv", "--intervals", "0.9", "--param", "order=2")
    assert (found["conversions_low"] <= found["conversions"]).all()
    assert (found["conversions"] <= found["conversions_high"]).all()


def test_parameters_take_the_kind_of_their_defaults(folder: Path) -> None:
    options = (*events(folder), "--model", "custom", "--param", "weights=1,1,1", "--param", "channels=search:0")
    found = table(folder, "touches.csv", *options)
    assert found.filter(channel="search")["conversions"].item() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "oracle"), "no attribution model is called 'oracle'"),
        (("--param", "order"), "parameter 'order' has no value"),
        (("--param", "depth=2"), "markov has no parameter depth"),
        (("--param", "order=two"), "parameter order is 'two'"),
        (("--model", "time_decay", "--param", "half_life=0d"), "half_life is '0d'"),
        (("--intervals", "1.5"), "intervals is 1.5"),
        (("--level", "day"), "a file of paths has no campaigns and no days"),
        (("--compare", "--model", "last"), "--compare shows all models by channel"),
        (("--out", "credit.xlsx"), "credit.xlsx: unknown kind of file"),
    ],
)
def test_a_wrong_option_is_named(folder: Path, options: tuple[str, ...], words: str) -> None:
    error = run(folder, "paths.csv", *options).exception
    assert isinstance(error, BadInput)
    assert words in error.what
    assert error.hint


@pytest.mark.parametrize(
    ("old", "new", "options", "words"),
    [
        ("2026-03-12 00:00:00", "noon", (), "touchpoints: occurred_at 'noon' in line 4 is no moment"),
        ("occurred_at", "when", (), "touchpoints lack the column occurred_at"),
        ("", "", ("--lookback", "soon"), "lookback is 'soon'"),
        ("", "", ("--as-of", "March"), "as_of is 'March'"),
        ("", "", ("--timezone", "Mars"), "timezone is 'Mars'"),
        ("", "", ("--policy", "last"), "policy is 'last'"),
        ("", "", ("--unit", "keyword"), "keyword"),
    ],
)
def test_bad_events_are_named(folder: Path, old: str, new: str, options: tuple[str, ...], words: str) -> None:
    file = folder / "touches.csv"
    file.write_text(file.read_text().replace(old, new) if old else file.read_text())
    error = run(folder, "touches.csv", *events(folder), *options).exception
    assert isinstance(error, BadInput), error
    assert words in error.what


def test_touchpoints_alone_ask_for_conversions(folder: Path) -> None:
    error = run(folder, "touches.csv").exception
    assert isinstance(error, BadInput)
    assert error.hint == "name the file of conversions: --conversions FILE"
