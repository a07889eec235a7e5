"""Paths built and counted by two Spark workers give the credit that one process gives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import attribution
from attribution import errors, spark
from tests.fixtures.spark import session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["session"]
pytest.importorskip("pyspark", reason="pyspark is missing: install the extra spark (make test does)")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("first", {}),
    ("linear", {}),
    ("time_decay", {"half_life": timedelta(days=2)}),
    ("participation", {}),
    ("shapley", {}),
    ("markov", {}),
    ("markov", {"order": 2}),
    ("markov", {"order": 3, "states": "tuple"}),
]
Frames = tuple["DataFrame", "DataFrame"]


def make_events(people: int = 600, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    touches, sales = people * 4, people // 2

    def moments(count: int, most: int) -> pl.Series:
        return pl.Series(
            [START + timedelta(hours=int(at)) for at in rng.integers(0, most, count)], dtype=pl.Datetime("us", "UTC")
        )

    person = [f"p{number}" if number % 50 else None for number in rng.integers(0, people, touches)]
    seen = pl.DataFrame(
        {
            "person_id": pl.Series(person, dtype=pl.String),
            "occurred_at": moments(touches, 700),
            "channel": rng.choice(["a", "b", "c", "direct"], touches),
            "touch_id": np.arange(touches),
            "campaign": pl.Series(["spring", "sale", None]).gather(rng.integers(0, 3, touches)),
        }
    )
    buyers = rng.integers(0, people + 40, sales)
    sold = pl.DataFrame(
        {
            "person_id": pl.Series([f"p{number}" if number % 40 else None for number in buyers], dtype=pl.String),
            "converted_at": moments(sales, 760),
            "value": np.round(rng.lognormal(3, 1, sales), 2),
            "conversion_id": np.arange(sales),
            "refund_of": pl.Series([None] * sales, dtype=pl.Int64),
        }
    )
    refunds = sold[:30].with_columns(
        person_id=pl.lit(None, pl.String),
        value=-pl.col("value") / 2,
        refund_of="conversion_id",
        conversion_id=pl.lit(None, pl.Int64),
    )
    return seen, pl.concat([sold, refunds])


def on_spark(session: "SparkSession", folder: Path, *frames: pl.DataFrame) -> Frames:
    for name, frame in zip(("touchpoints", "conversions"), frames, strict=True):
        frame.write_parquet(folder / f"{name}.parquet")
    touchpoints, conversions = (
        session.read.parquet(str(folder / f"{name}.parquet")) for name in ("touchpoints", "conversions")
    )
    return touchpoints, conversions


def test_a_cluster_of_two_workers_counts_as_one_process_does(session: "SparkSession", tmp_path: Path) -> None:
    events = make_events()
    options: dict[str, Any] = {"lookback": WEEK, "models": MODELS, "days": True}
    found = spark.count_paths(*on_spark(session, tmp_path, *events), **options)
    wanted = attribution.count_paths(*events, **options)
    assert found.channels == wanted.channels
    assert found.found == wanted.found
    keys = [name for name in wanted.sums.columns if name not in ("weight", "gains", "losses")]
    assert found.sums.select(keys).equals(wanted.sums.select(keys))
    for name in ("weight", "gains", "losses"):
        assert np.allclose(found.sums[name], wanted.sums[name], rtol=0, atol=1e-9)
    workers = session.sparkContext._jsc.sc().statusTracker().getExecutorInfos()
    assert len(workers) == 3, "the driver and two workers"


@pytest.mark.parametrize(("model", "parameters"), MODELS)
def test_credit_and_intervals_equal_those_of_one_process(
    session: "SparkSession", tmp_path: Path, model: str, parameters: dict[str, Any]
) -> None:
    events = make_events(200, seed=9)
    given: dict[str, Any] = {"intervals": 0.9, "replicates": 20, "include_unattributed": True, **parameters}
    options: dict[str, Any] = {"lookback": WEEK, "unit": ["channel", "campaign"], "as_of": START + timedelta(days=25)}
    found = spark.credit(*on_spark(session, tmp_path, *events), model, **options, **given)
    wanted = attribution.credit(attribution.build_paths(*events, **options), model, **given)
    assert found["channel"].to_list() == wanted["channel"].to_list()
    assert np.allclose(found.drop("channel").to_numpy(), wanted.drop("channel").to_numpy(), rtol=0, atol=1e-9)


class TestFaults:
    def test_what_a_worker_finds_is_raised_by_name(self, session: "SparkSession", tmp_path: Path) -> None:
        seen, sold = make_events(20)
        frames = on_spark(session, tmp_path, seen.with_columns(channel=pl.lit(None, pl.String)), sold)
        with pytest.raises(errors.BadColumn, match="no channel") as raised:
            spark.credit(*frames, "linear", lookback=WEEK)
        assert raised.value.hint

    def test_an_id_that_two_partitions_share_is_found(self, session: "SparkSession", tmp_path: Path) -> None:
        seen, sold = make_events(20)
        frames = on_spark(session, tmp_path, seen, sold.with_columns(conversion_id=pl.lit(1, pl.Int64)))
        with pytest.raises(errors.DuplicateConversion):
            spark.credit(*frames, "linear", lookback=WEEK)

    def test_currencies_of_two_partitions_do_not_mix(self, session: "SparkSession", tmp_path: Path) -> None:
        seen, sold = make_events(20)
        currency = pl.Series(["DKK", "EUR"] * len(sold))[: len(sold)]
        frames = on_spark(session, tmp_path, seen, sold.with_columns(currency=currency))
        with pytest.raises(errors.MixedCurrencies, match="DKK, EUR"):
            spark.credit(*frames, "linear", lookback=WEEK)


def test_without_spark_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.MissingEngine, match=r"tekup\[spark\]"):
        spark.start_session()
