"""The daily hazard in a world of retargeting, where a channel earns by the touches it leads to. Truth is simulated."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import attribution
from attribution.panel import build_panel

CHANNELS = ("direct", "retargeting", "search")
DAYS = 24
START = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=DAYS)


def live(people: int, seed: int, off: str | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Intent, first day's channel, touches (day, person, channel) and the day of conversion (-1: none).

    Retargeting follows search; direct follows intent and does nothing. The draws are the same with a channel off.
    """
    rng = np.random.default_rng(seed)
    intent = rng.standard_normal(people)
    open_ = np.array([name != off for name in CHANNELS])
    first = (rng.random(people)[:, None] > np.cumsum([0.3, 0.0, 0.7])).sum(axis=1).clip(0, 2)
    touches = np.zeros((DAYS, people, 3))
    touches[0, np.arange(people), first] = open_[first]
    stock = touches[0].copy()
    converted = np.full(people, -1)
    for day in range(DAYS):
        if day:
            wanted = np.stack(
                [-3.2 + 0.9 * intent, -4.5 + 2.6 * np.log1p(stock[:, 2]), np.full(people, -3.4) + 0.2 * intent], axis=1
            )
            touches[day] = (rng.random((people, 3)) < 1 / (1 + np.exp(-wanted))) * open_
            stock = 0.5 ** (1 / 5) * stock + touches[day]
        odds = -6.0 + 0.9 * intent + np.log1p(stock) @ np.array([0.0, 1.6, 0.9])
        sold = (rng.random(people) < 1 / (1 + np.exp(-odds))) & (converted < 0)
        converted[sold] = day
    return intent, first, touches, converted


def as_events(touches: np.ndarray, converted: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    day, person, channel = np.nonzero(touches)
    kept = (converted[person] < 0) | (day <= converted[person])
    begin = pl.lit(START).cast(pl.Datetime("us", "UTC"))
    moments = pl.DataFrame({"person_id": person[kept], "day": day[kept], "code": channel[kept]})
    touchpoints = moments.select(
        "person_id",
        occurred_at=begin + pl.duration(days="day", hours=8),
        channel=pl.Series(CHANNELS).gather(moments["code"]),
    )
    buyers = np.flatnonzero(converted >= 0)
    sales = pl.DataFrame({"person_id": buyers, "day": converted[buyers]})
    return touchpoints, sales.select("person_id", converted_at=begin + pl.duration(days="day", hours=20))


@pytest.fixture(scope="module")
def world() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]]:
    intent, _, touches, converted = live(20_000, seed=3)
    lost = {
        name: float(np.mean([(live(20_000, s)[3] >= 0).sum() - (live(20_000, s, name)[3] >= 0).sum() for s in (3, 4)]))
        for name in CHANNELS
    }
    covariates = pl.DataFrame({"person_id": np.arange(len(intent)), "intent": intent})
    return (*as_events(touches, converted), covariates, lost)


@pytest.fixture(scope="module")
def fitted(world: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]]) -> attribution.Hazard:
    touchpoints, sales, covariates, _ = world
    return attribution.fit_hazard(
        touchpoints, sales, horizon=HORIZON, covariates=covariates, as_of=START + timedelta(days=DAYS, hours=-1)
    )


def column(frame: pl.DataFrame, name: str) -> dict[str, float]:
    return dict(frame.filter(~pl.col("channel").str.starts_with("(")).select("channel", name).iter_rows())


def distance(found: dict[str, float], truth: dict[str, float]) -> float:
    sums = sum(max(x, 0) for x in found.values()), sum(truth.values())
    return sum(abs(max(found[name], 0) / sums[0] - truth[name] / sums[1]) for name in truth) / 2


def test_simulation_credits_a_channel_for_the_touches_it_leads_to(
    world: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]], fitted: attribution.Hazard
) -> None:
    truth = world[3]
    found = fitted.credit(people=8000)
    simulated, product = (distance(column(found, name), truth) for name in ("removal", "product"))
    assert simulated < 0.08
    assert simulated < product / 2
    assert column(found, "removal")["search"] == pytest.approx(truth["search"], rel=0.15)
    assert abs(column(found, "removal")["direct"]) < 0.03 * len(world[1])


def test_effects_are_found_and_the_half_life_is_chosen(fitted: attribution.Hazard) -> None:
    assert fitted.half_life in (3.0, 7.0)
    table = dict(fitted.coefficients.select("feature", "coefficient").iter_rows())
    errors = dict(fitted.coefficients.select("feature", "standard_error").iter_rows())
    assert abs(table["direct"]) < 3 * errors["direct"]
    assert table["retargeting"] > table["search"] > 5 * errors["search"]
    assert table["intent"] == pytest.approx(0.9, abs=0.1)


def test_credit_and_baseline_sum_to_the_conversions_and_repeat(
    world: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]], fitted: attribution.Hazard
) -> None:
    once, again = fitted.credit(people=500, seed=1), fitted.credit(people=500, seed=1)
    assert once.equals(again)
    assert once["channel"].to_list() == [*CHANNELS, attribution.BASELINE]
    reached = world[1].join(world[0].select("person_id").unique(), on="person_id").height
    assert once["conversions"].sum() == pytest.approx(reached, abs=1e-6)
    assert (once["conversions"] >= 0).all()


def test_days_at_risk_end_with_the_conversion_the_horizon_or_the_view() -> None:
    touchpoints = pl.DataFrame(
        {
            "person_id": [1, 1, 1, 2, 3, 4],
            "occurred_at": [START + timedelta(days=d) for d in (0, 2, 4, 0, 8, 3)],
            "channel": ["a", "b", "b", "a", "a", "a"],
        }
    )
    sales = pl.DataFrame(
        {"person_id": [1, 4, 9], "converted_at": [START + timedelta(days=d, hours=1) for d in (2, 1, 1)]}
    )
    panel = build_panel(touchpoints, sales, None, timedelta(days=5), START + timedelta(days=10), seed=0)
    assert np.diff(panel.offsets).tolist() == [3, 5, 3]
    assert panel.converts.tolist() == [False, False, True] + [False] * 8
    assert panel.touches[:3].tolist() == [[1, 0], [0, 0], [0, 1]]
    assert panel.carry(1.0)[:3].tolist() == [[1, 0], [0.5, 0], [0.25, 1]]
    assert panel.weight.tolist() == [1.0] * 11


def test_thinned_people_keep_the_chance_to_convert(
    world: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    touchpoints, sales, covariates, _ = world
    end = START + timedelta(days=DAYS, hours=-1)
    whole = build_panel(touchpoints, sales, covariates, HORIZON, end, seed=0)
    monkeypatch.setattr("attribution.panel._MOST_CELLS", 500_000)
    thin = build_panel(touchpoints, sales, covariates, HORIZON, end, seed=0)
    assert len(thin.day) < len(whole.day) / 2
    assert thin.converts.sum() == whole.converts.sum()
    assert thin.weight.sum() == pytest.approx(len(whole.day), rel=0.02)


class TestBadInput:
    def test_everybody_converting_is_refused(self) -> None:
        touchpoints = pl.DataFrame({"person_id": [1], "occurred_at": [START], "channel": ["a"]})
        sales = pl.DataFrame({"person_id": [1], "converted_at": [START + timedelta(days=1)]})
        with pytest.raises(attribution.errors.NoNulls, match="everybody converts"):
            attribution.fit_hazard(touchpoints, sales, horizon=HORIZON)

    def test_no_touch_and_missing_covariates_are_refused(
        self, world: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, float]]
    ) -> None:
        touchpoints, sales, covariates, _ = world
        with pytest.raises(attribution.errors.NoPaths, match="no touch"):
            attribution.fit_hazard(touchpoints.clear(), sales, horizon=HORIZON)
        with pytest.raises(attribution.errors.BadColumn, match="nulls"):
            attribution.fit_hazard(touchpoints, sales, horizon=HORIZON, covariates=covariates.head(10))
        with pytest.raises(attribution.errors.BadParameter, match="half_lives"):
            attribution.fit_hazard(touchpoints, sales, horizon=HORIZON, half_lives=(0,))
