"""Random histories of a tenant: counting only the people with news gives what counting everybody gives."""

import random
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from pipelines.models.attribution_inputs import Inputs
from pipelines.models.attribution_news import sum_tenant
from pipelines.models.attribution_report import make_tables
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.models.attribution_state import NEWS, STATE, recall
from pipelines.resources.lake import Lake
from tests.pipelines.models.conftest import make_conversions, make_touches

TENANT = UUID(int=7)
SETTINGS = [
    AttributionSettings(models=("first", "time_decay", "w_shaped", "markov", "shapley")),
    AttributionSettings(
        lookback_days=12, conversion_window_days=5, open_journeys="set_aside", models=("linear", "incremental")
    ),
    AttributionSettings(
        lookback_days=9, direct="drop_unless_only", touch_weights={"visit": 0.5}, timezone="Asia/Tokyo"
    ),
]


def make_inputs(touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings) -> Inputs:
    day = pl.col("converted_at").dt.convert_time_zone(settings.timezone).dt.date()
    return Inputs(
        touches.rename({"touchpoint_id": "touch_id", "kind": "touch_type"}),
        conversions.rename({"lead_id": "conversion_id", "value_cents": "value"}).with_columns(
            converted_date=day,
            lead_at=pl.col("converted_at") - timedelta(days=6),
            opportunity_at=pl.col("converted_at") - timedelta(days=2),
        ),
    )


def pass_a_day(dice: random.Random, touches: pl.DataFrame, conversions: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """Some rows come (late ones among them), some change, some go, some people are merged."""
    newer = pl.col("occurred_at") + timedelta(days=dice.choice([-20, 0, 15]))
    came = touches.sample(dice.randrange(6), seed=dice.randrange(10**6)).with_columns(
        newer, touchpoint_id=pl.col("touchpoint_id") + f"-{dice.random()}"
    )
    sold = conversions.sample(dice.randrange(3), seed=dice.randrange(10**6)).with_columns(
        pl.col("converted_at") + timedelta(days=dice.randrange(1, 20)),
        lead_id=pl.col("lead_id") + f"-{dice.random()}",
        value_cents=pl.lit(dice.randrange(90_000), pl.Int64),
    )
    gone, merged = f"person:{dice.randrange(60)}", f"person:{dice.randrange(60)}"
    one = pl.col("touchpoint_id") == touches["touchpoint_id"][dice.randrange(touches.height)]
    touches = pl.concat([touches, came]).with_columns(channel=pl.when(one).then(pl.lit("email")).otherwise("channel"))
    kept = (pl.col("person_id") != gone) | pl.col("person_id").is_null()
    person = pl.when(pl.col("person_id") == merged).then(pl.lit("person:1")).otherwise("person_id")
    return (
        touches.filter(kept)
        .with_columns(person_id=person)
        .sample(fraction=1, shuffle=True, seed=dice.randrange(10**6)),
        pl.concat([conversions, sold]).with_columns(person_id=person),
    )


def assert_alike(found: dict[str, pl.DataFrame], wanted: dict[str, pl.DataFrame]) -> None:
    assert found.keys() == wanted.keys()
    for name, frame in wanted.items():
        exact = [column for column, kind in frame.schema.items() if not kind.is_float()]
        keys = [column for column in exact if column not in ("path", "path_rank", "value_cents")]
        left, right = (one.sort(keys, nulls_last=True) for one in (found[name], frame))
        assert left.select(exact).rows() == right.select(exact).rows(), name
        for column in set(frame.columns) - set(exact):
            assert left[column].to_list() == pytest.approx(right[column].to_list(), abs=1e-9), name


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("seed", [1, 2])
def test_days_of_news_give_what_a_full_count_gives(tmp_path: Path, settings: AttributionSettings, seed: int) -> None:
    dice, lake = random.Random(seed), Lake(str(tmp_path))
    touches = make_touches(seed).cast({"campaign_id": pl.String})
    conversions = make_conversions(seed).with_columns(
        person_id=pl.when(pl.int_range(pl.len()) < 2).then(None).otherwise("person_id")
    )
    counted: list[int | None] = []
    for _ in range(4):
        inputs = make_inputs(touches, conversions, settings)
        summed = sum_tenant(lake, TENANT, inputs, settings, basis="code and settings")
        wanted = inputs.sum_all(settings, inputs.newest)
        assert_alike(summed.sums, wanted)
        counted.append(summed.people)
        touches, conversions = pass_a_day(dice, touches, conversions)
    (tables, told), (tables_wanted, told_wanted) = (make_tables(sums, settings) for sums in (summed.sums, wanted))
    assert_alike(tables, tables_wanted)
    assert told == told_wanted
    assert counted[0] is None
    assert all(people is not None and 0 < people < 40 for people in counted[1:])


def test_only_people_with_a_row_that_came_went_or_changed_are_counted(tmp_path: Path) -> None:
    settings, lake = SETTINGS[0], Lake(str(tmp_path))
    before = make_inputs(make_touches(1), make_conversions(1), settings)
    touches, conversions = make_touches(1), make_conversions(1)
    late = touches.filter(pl.col("person_id") == "person:3").head(1).with_columns(touchpoint_id=pl.lit("new"))
    raised = pl.when(pl.col("person_id") == conversions["person_id"][0]).then(1).otherwise("value_cents")
    after = make_inputs(
        pl.concat([touches.filter(pl.col("person_id") != "person:9"), late]),
        conversions.with_columns(value_cents=raised.cast(pl.Int64)),
        settings,
    )
    sum_tenant(lake, TENANT, before, settings, basis="same")
    assert sum_tenant(lake, TENANT, before, settings, basis="same").people == 0
    assert sum_tenant(lake, TENANT, after, settings, basis="same").people == 3
    kept = recall(lake, TENANT, after, "same")
    assert kept is not None
    assert set(kept.news.touches["person_id"]) - {conversions["person_id"][0]} == {"person:3"}
    assert len(kept.moved) == 3


class TestTheBase:
    """The rows of everybody, which a day of news leaves where they are."""

    def days(self, tmp_path: Path, count: int) -> tuple[Lake, list[Inputs], list[int]]:
        lake, dice, written = Lake(str(tmp_path)), random.Random(3), []
        touches, conversions = make_touches(3).cast({"campaign_id": pl.String}), make_conversions(3)
        days = []
        for _ in range(count):
            days.append(make_inputs(touches, conversions, SETTINGS[0]))
            sum_tenant(lake, TENANT, days[-1], SETTINGS[0], basis="same")
            written.append(Path(lake.address(TENANT, STATE)).stat().st_mtime_ns)
            touches, conversions = pass_a_day(dice, touches, conversions)
        return lake, days, written

    def test_stays_until_a_fifth_of_the_people_moved(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pipelines.models.attribution_news.MOST_MOVED", 1.0)
        assert len(set(self.days(tmp_path, 3)[2])) == 1
        monkeypatch.setattr("pipelines.models.attribution_news.MOST_MOVED", 0.0)
        assert len(set(self.days(tmp_path, 3)[2])) == 3

    def test_is_enough_where_what_came_since_is_lost(self, tmp_path: Path) -> None:
        lake, days, _ = self.days(tmp_path, 2)
        Path(lake.address(TENANT, NEWS)).unlink(missing_ok=True)
        summed = sum_tenant(lake, TENANT, days[1], SETTINGS[0], basis="same")
        assert summed.people
        assert_alike(summed.sums, days[1].sum_all(SETTINGS[0], days[1].newest))


class TestEverybodyIsCounted:
    def count(self, lake: Lake, inputs: Inputs, basis: str = "same", *, full: bool = False) -> int | None:
        return sum_tenant(lake, TENANT, inputs, SETTINGS[0], basis=basis, full=full).people

    @pytest.fixture
    def inputs(self) -> Inputs:
        return make_inputs(make_touches(1), make_conversions(1), SETTINGS[0])

    def test_where_settings_or_code_changed(self, tmp_path: Path, inputs: Inputs) -> None:
        lake = Lake(str(tmp_path))
        assert self.count(lake, inputs) is None
        assert self.count(lake, inputs) == 0
        assert self.count(lake, inputs, "other") is None

    def test_when_it_is_asked_for(self, tmp_path: Path, inputs: Inputs) -> None:
        lake = Lake(str(tmp_path))
        self.count(lake, inputs)
        assert self.count(lake, inputs, full=True) is None

    def test_where_the_kept_sums_can_not_be_read(self, tmp_path: Path, inputs: Inputs) -> None:
        lake = Lake(str(tmp_path))
        self.count(lake, inputs)
        Path(lake.address(TENANT, STATE)).write_bytes(b"cut off")
        assert self.count(lake, inputs) is None
        assert self.count(lake, inputs) == 0

    def test_where_a_currency_is_new(self, tmp_path: Path, inputs: Inputs) -> None:
        lake = Lake(str(tmp_path))
        self.count(lake, inputs)
        euro = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("EUR")).otherwise("currency")
        changed = Inputs(inputs.touches, inputs.conversions.with_columns(currency=euro))
        assert self.count(lake, changed) is None

    def test_where_most_people_have_news(self, tmp_path: Path, inputs: Inputs) -> None:
        lake = Lake(str(tmp_path))
        self.count(lake, inputs)
        assert self.count(lake, make_inputs(make_touches(4), make_conversions(4), SETTINGS[0])) is None
