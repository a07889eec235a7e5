"""Trees grown by two Dask workers, as good as those of one process; and which rows are sent to them."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

import scoring
from scoring import distributed
from scoring.boosting import Rows, Shape, fit_rounds
from scoring.errors import EngineMissing

ROWS, ROUNDS = 6_000, 20
SHAPE = Shape(7)


def make(seed: int) -> Rows:
    """Numbers and a category that matter, weights, and log-odds to start from."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(ROWS, 6))
    matrix[:, 5] = random.integers(0, 5, ROWS)
    logit = matrix[:, 0] - 0.7 * matrix[:, 1] * (matrix[:, 2] > 0) + (matrix[:, 5] == 3)
    label = (random.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(float)
    return Rows(matrix, label, [5], weight=random.choice([1.0, 2.0], ROWS), offset=np.full(ROWS, 0.1))


@pytest.fixture(scope="module")
def trainer() -> Iterator[distributed.DaskTrainer]:
    with distributed.DaskTrainer(workers=2, least=ROWS) as made:
        yield made


@pytest.mark.slow
def test_two_workers_grow_trees_as_good_as_those_of_one_process(trainer: distributed.DaskTrainer) -> None:
    known, asked = make(0), make(1)
    boosters = [fit_rounds(replace(known, trainer=who), SHAPE, ROUNDS, seed=0, threads=1) for who in (None, trainer)]
    aucs = [roc_auc_score(asked.label, np.asarray(b.predict(asked.matrix))) for b in boosters]
    assert [b.num_trees() for b in boosters] == [ROUNDS, ROUNDS]
    assert aucs[0] > 0.72
    assert aucs[1] == pytest.approx(aucs[0], abs=0.01)


class Counting:
    """Grows trees here and notes how many rows each came from."""

    least = 400

    def __init__(self) -> None:
        self.rows: list[int] = []

    def grow(self, matrix: np.ndarray, label: np.ndarray, **told: Any) -> lgb.Booster:
        self.rows.append(len(label))
        data = lgb.Dataset(matrix, label, weight=told["weight"], init_score=told["offset"])
        return lgb.train(told["parameters"], data, told["rounds"])


def test_only_many_rows_are_sent_to_a_trainer(frame: pl.DataFrame) -> None:
    counting = Counting()
    scoring.train(frame.head(600), label="won", drop=["truth", "day"], budget=1, trainer=counting)
    assert counting.rows
    assert min(counting.rows) >= Counting.least


def test_dask_that_is_not_installed_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineMissing, match=r"tekup\[dask\]"):
        distributed.DaskTrainer()
