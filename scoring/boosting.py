"""Gradient-boosted trees on a float matrix: bags of LightGBM boosters joined into one. Columns have no names here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

import lightgbm as lgb
import numpy as np

from scoring.logit import row_losses

LEARNING_RATE = 0.03
SCREENING = 3
MAX_ROUNDS = 700
PATIENCE = 35
RANGES = re.compile(r"^feature_infos=.*$", re.MULTILINE)
RANGE = re.compile(r"\[[^\]]*\]")
_BINNING = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "min_data_in_bin": 5}
VERSION_HEADER = re.compile(r"^tree_sizes=.*$", re.MULTILINE)


@dataclass(frozen=True)
class Shape:
    """What tuning may vary: the form of the trees. The rest is fixed by measurement (docs/scoring.md)."""

    leaves: int
    extra: bool = False
    columns: float = 0.5
    leaf_rows: int = 40
    half_life: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data for the metrics file."""
        return asdict(self)


class Trainer(Protocol):
    """What grows trees in place of this process."""

    least: int
    """From how many rows on."""

    def grow(
        self,
        matrix: np.ndarray,
        label: np.ndarray,
        *,
        weight: np.ndarray | None,
        offset: np.ndarray | None,
        categorical: list[int],
        parameters: Mapping[str, Any],
        rounds: int,
    ) -> lgb.Booster:
        """A booster of exactly ``rounds`` trees."""


@dataclass(frozen=True)
class Rows:
    """Matrix (rows, features), labels, positions of the categories, monotone signs, ages from 0 (latest) to 1.

    Labels are 0 and 1, or amounts where the ``objective`` is gamma.

    ``offset``: log-odds on top of which the trees are taught; they are no part of what the trees say.
    ``weight``: how much each row teaches the trees; no loss that judges them knows it.
    ``trainer``: who grows the trees of very many rows; None is this process.
    """

    matrix: np.ndarray
    label: np.ndarray
    categorical: Sequence[int]
    monotone: Sequence[int] = ()
    age: np.ndarray | None = None
    offset: np.ndarray | None = None
    weight: np.ndarray | None = None
    objective: Literal["binary", "gamma"] = "binary"
    trainer: Trainer | None = None

    def losses(self, raw: np.ndarray) -> np.ndarray:
        """The loss of each row under raw scores: log loss, or the gamma family's with a logarithmic link."""
        if self.objective == "gamma":
            return np.asarray(raw + self.label * np.exp(-raw))
        return row_losses(self.label, raw)

    def take(self, index: np.ndarray) -> "Rows":
        """The rows at ``index``."""
        age, offset, weight = (None if of is None else of[index] for of in (self.age, self.offset, self.weight))
        return replace(self, matrix=self.matrix[index], label=self.label[index], age=age, offset=offset, weight=weight)


def _parameters(shape: Shape, rows: Rows, seed: int, threads: int) -> dict[str, Any]:
    count = len(rows.label)
    parameters: dict[str, Any] = {
        "objective": rows.objective,
        "learning_rate": LEARNING_RATE,
        "num_leaves": shape.leaves,
        "min_data_in_leaf": min(shape.leaf_rows, max(3, count // 20)),
        "feature_fraction": shape.columns,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "extra_trees": shape.extra,
        "cat_smooth": 30.0,
        "cat_l2": 10.0,
        "min_data_per_group": min(100, max(5, count // 20)),
        "max_cat_to_onehot": 4,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }
    if any(rows.monotone):
        parameters |= {"monotone_constraints": list(rows.monotone)}
    return parameters


def _weights(rows: Rows, shape: Shape) -> np.ndarray | None:
    if shape.half_life is None or rows.age is None:
        return rows.weight
    recency = 0.5 ** (rows.age / shape.half_life)
    recency = recency / recency.mean()
    return np.asarray(recency if rows.weight is None else rows.weight * recency)


def _dataset(rows: Rows, shape: Shape, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        rows.matrix,
        rows.label,
        weight=_weights(rows, shape),
        init_score=rows.offset,
        reference=reference,
        categorical_feature=list(rows.categorical),
        params=_BINNING,
        free_raw_data=True,
    )


def fit_early(rows: Rows, held: Rows, shape: Shape, *, seed: int, threads: int) -> lgb.Booster:
    """One booster, learning `SCREENING` times as fast, that stops where the log loss on ``held`` no longer falls."""
    train = _dataset(rows, shape)
    return lgb.train(
        _parameters(shape, rows, seed, threads) | {"learning_rate": SCREENING * LEARNING_RATE},
        train,
        MAX_ROUNDS,
        valid_sets=[_dataset(replace(held, weight=None), replace(shape, half_life=None), train)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )


def fit_rounds(rows: Rows, shape: Shape, rounds: int, *, seed: int, threads: int) -> lgb.Booster:
    """One booster of exactly ``rounds`` trees."""
    parameters = _parameters(shape, rows, seed, threads)
    if rows.trainer is not None and len(rows.label) >= rows.trainer.least:
        return rows.trainer.grow(
            rows.matrix,
            rows.label,
            weight=_weights(rows, shape),
            offset=rows.offset,
            categorical=list(rows.categorical),
            parameters=_BINNING | parameters,
            rounds=rounds,
        )
    return lgb.train(parameters, _dataset(rows, shape), rounds)


def fit_bag(rows: Rows, shape: Shape, rounds: int, *, bags: int, seed: int, threads: int) -> lgb.Booster:
    """``bags`` boosters of different seeds, joined into one whose raw score is their mean."""
    boosters = [fit_rounds(rows, shape, rounds, seed=seed * 1_000 + bag, threads=threads) for bag in range(bags)]
    return join(boosters)


def join(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """One booster whose raw score is the mean of ``boosters``: their trees, each leaf divided by their number.

    The text holds nothing of the run (threads, paths), so equal trainings give equal text.
    """
    texts = [booster.model_to_string(num_iteration=-1) for booster in boosters]
    head = VERSION_HEADER.sub("", texts[0][: texts[0].index("\nTree=0")]).rstrip()
    trees: list[str] = []
    for text in texts:
        body = text[text.index("\nTree=0") + 1 : text.index("end of trees")]
        for block in re.split(r"^Tree=\d+\n", body, flags=re.MULTILINE)[1:]:
            trees.append(f"Tree={len(trees)}\n{_scale(block.rstrip(), 1 / len(texts))}\n\n\n")
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    return lgb.Booster(model_str=f"{head}\ntree_sizes={sizes}\n\n{''.join(trees)}end of trees\n\n")


def _scale(block: str, factor: float) -> str:
    lines = []
    for line in block.split("\n"):
        key, _, numbers = line.partition("=")
        if key in ("leaf_value", "internal_value", "shrinkage") and factor != 1:
            numbers = " ".join(repr(float(number) * factor) for number in numbers.split())
            line = f"{key}={numbers}"
        lines.append(line)
    return "\n".join(lines)


def text_of(booster: lgb.Booster) -> str:
    """The booster as LightGBM's text, without the parameters of the run and the range of each number.

    The range would tell the largest value of a single lead, and prediction reads no range.
    """
    text = RANGES.sub(lambda line: RANGE.sub("none", line[0]), booster.model_to_string(num_iteration=-1))
    return text[: text.index("end of trees")] + "end of trees\n\n"
