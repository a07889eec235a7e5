"""Raw scores and exact TreeSHAP contributions of LightGBM trees, by look-up. Calibration and names are not known here.

A leaf adds to a row's contributions by which of the features on its path the row agrees with, and by nothing else
(Lundberg et al. 2018, path-dependent: where a feature is left out, rows follow the training's shares). For each leaf
and each set of agreeing features that number is worked out once; a row then costs one comparison a node and one
look-up a feature of a leaf, where LightGBM's own recursion unwinds a path of polynomials.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import factorial
from typing import TypeAlias

import lightgbm as lgb
import numpy as np

from scoring.tree_shap_kernel import Leaves, Nodes, explain_row, explain_rows, fill_table

MOST_NODES = 64
"""Nodes of one tree, whose decisions are the bits of one integer."""
MOST_FEATURES = 16
"""Different features on the path to one leaf; its table has two to that power entries."""
_CATEGORICAL = 1
_HEAD = re.compile(r"^Tree=\d+$", re.MULTILINE)
_ROWS_A_TASK = 256
Fields: TypeAlias = dict[str, str]


class UnsupportedTrees(ValueError):
    """A tree has more nodes, or a path more features, than fit into the tables."""


class TreeShap:
    """The trees of one booster, made ready once. Safe for threads."""

    def __init__(self, booster_text: str) -> None:
        """Read LightGBM's text form of a booster.

        Raises:
            UnsupportedTrees: a tree has over 65 leaves, or the path to a leaf over 16 features.
        """
        columns = re.search(r"^max_feature_idx=(\d+)$", booster_text, re.MULTILINE)
        assert columns is not None
        self._columns = int(columns[1]) + 1
        trees = [_Tree(fields) for fields in _trees(booster_text)]
        self._nodes = _gather_nodes(trees)
        self._leaves = _gather_leaves(trees)
        self.expected = sum(tree.expected() for tree in trees)
        """The mean raw score over the training's rows."""

    def contributions(self, matrix: np.ndarray, *, threads: int = 1) -> np.ndarray:
        """Contributions (rows, features) to the raw score; each row sums to its raw score minus ``expected``."""
        rows, out = _rows(matrix), np.zeros((len(matrix), self._columns))
        nodes, leaves = self._nodes, self._leaves
        if len(rows) == 1:
            explain_row(rows[0], nodes, leaves, out[0])
            return out
        parts = [slice(first, first + _ROWS_A_TASK) for first in range(0, len(rows), _ROWS_A_TASK)]
        if threads == 1 or len(parts) < 2:
            explain_rows(rows, nodes, leaves, out)
            return out
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda part: explain_rows(rows[part], nodes, leaves, out[part]), parts))
        return out


class RecursiveShap:
    """The same by LightGBM's own recursion, for trees that are too large for tables."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster
        missing = np.full((1, booster.num_feature()), np.nan)
        self.expected = float(np.asarray(booster.predict(missing, pred_contrib=True))[0, -1])

    def contributions(self, matrix: np.ndarray, *, threads: int = 1) -> np.ndarray:
        """As `TreeShap.contributions`."""
        return np.asarray(self._booster.predict(matrix, pred_contrib=True, num_threads=threads))[:, :-1]


def tree_shap(booster_text: str, booster: lgb.Booster) -> TreeShap | RecursiveShap:
    """By tables where they fit, else by recursion."""
    try:
        return TreeShap(booster_text)
    except UnsupportedTrees:
        return RecursiveShap(booster)


@dataclass(slots=True)
class _Step:
    """What one feature asks of a row on the path to a leaf, and the share of training rows that agree with it."""

    expected: int = 0
    asked: int = 0
    share: float = 1.0


class _Tree:
    """One tree of the text form, as arrays."""

    def __init__(self, fields: Fields) -> None:
        self.values = _floats(fields["leaf_value"])
        self.is_stump = int(fields["num_leaves"]) == 1
        self.constant = float(self.values[0]) if self.is_stump else 0.0
        self.feature, self.kind = _integers(fields.get("split_feature")), _integers(fields.get("decision_type"))
        self.threshold = _floats(fields.get("threshold"))
        self.left, self.right = _integers(fields.get("left_child")), _integers(fields.get("right_child"))
        self.leaf_count, self.node_count = _floats(fields.get("leaf_count")), _floats(fields.get("internal_count"))
        self.words_start = _integers(fields.get("cat_boundaries"))
        self.words = np.array(fields.get("cat_threshold", "").split(), dtype=np.uint32)
        if len(self.feature) > MOST_NODES:
            raise UnsupportedTrees(f"a tree has {len(self.feature)} nodes, over {MOST_NODES}")

    def expected(self) -> float:
        """The mean of its leaves over the training's rows."""
        if self.is_stump:
            return self.constant
        return float((self.leaf_count * self.values).sum() / self.node_count[0])

    def paths(self) -> Iterator[tuple[int, dict[int, _Step]]]:
        """Each leaf with what the features on its path ask, in the order of their first use."""
        waiting: list[tuple[int, dict[int, _Step]]] = [] if self.is_stump else [(0, {})]
        while waiting:
            node, path = waiting.pop()
            if node < 0:
                yield ~node, path
                continue
            feature, bit = int(self.feature[node]), 1 << node
            for child, expected in ((int(self.right[node]), 0), (int(self.left[node]), bit)):
                rows = self.leaf_count[~child] if child < 0 else self.node_count[child]
                before = path.get(feature, _Step())
                step = _Step(
                    before.expected | expected, before.asked | bit, before.share * rows / self.node_count[node]
                )
                waiting.append((child, {**path, feature: step}))


def _trees(text: str) -> Iterator[Fields]:
    for block in _HEAD.split(text.partition("\nend of trees")[0])[1:]:
        yield dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _gather_nodes(trees: list[_Tree]) -> Nodes:
    # a categorical node's threshold is the number of its set of categories; a set is a run of words of 32 bits
    sets = _offsets([max(0, len(tree.words_start) - 1) for tree in trees])
    words = _offsets([len(tree.words) for tree in trees])
    is_category = [(tree.kind & _CATEGORICAL) == 1 for tree in trees]
    return Nodes(
        start=_offsets([len(tree.feature) for tree in trees]),
        feature=_joined([tree.feature for tree in trees], np.int32),
        threshold=_joined(
            [np.where(of, t.threshold + n, t.threshold) for of, t, n in zip(is_category, trees, sets, strict=False)],
            np.float64,
        ),
        kind=_joined([tree.kind for tree in trees], np.int32),
        words_start=_joined(
            [*(t.words_start[:-1] + n for t, n in zip(trees, words, strict=False)), words[-1:]], np.int64
        ),
        words=_joined([tree.words for tree in trees], np.uint32),
    )


def _gather_leaves(trees: list[_Tree]) -> Leaves:
    counts: list[int] = []
    sizes: list[int] = []
    values: list[float] = []
    steps: list[tuple[int, _Step]] = []
    for tree in trees:
        paths = list(tree.paths())
        counts.append(len(paths))
        for leaf, path in paths:
            sizes.append(len(path))
            values.append(tree.values[leaf])
            steps += path.items()
    if max(sizes, default=0) > MOST_FEATURES:
        raise UnsupportedTrees(f"the path to a leaf has {max(sizes)} features, over {MOST_FEATURES}")
    shares = np.array([step.share for _, step in steps])
    if not (shares > 0).all():
        raise UnsupportedTrees("a node has no rows of the training")
    entry_start, table_start = _offsets(sizes), _offsets([1 << size for size in sizes])
    table = np.empty(table_start[-1])
    fill_table(entry_start, shares, np.array(values), _weights(), table_start, table)
    return Leaves(
        start=_offsets(counts),
        entry_start=entry_start,
        feature=np.array([feature for feature, _ in steps], dtype=np.int32),
        expected=np.array([step.expected for _, step in steps], dtype=np.uint64),
        asked=np.array([step.asked for _, step in steps], dtype=np.uint64),
        ratio=(1 - shares) / shares,
        table_start=table_start,
        table=table,
    )


def _weights() -> np.ndarray:
    """Shapley's weight of a coalition of ``s`` among ``d`` features, s! (d - s - 1)! / d!, at [d, s]."""
    weights = np.zeros((MOST_FEATURES + 1, MOST_FEATURES + 1))
    for among in range(1, MOST_FEATURES + 1):
        for size in range(among):
            weights[among, size] = factorial(size) * factorial(among - size - 1) / factorial(among)
    return weights


def _rows(matrix: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(matrix, dtype=np.float64)


def _floats(text: str | None) -> np.ndarray:
    return np.array((text or "").split(), dtype=np.float64)


def _integers(text: str | None) -> np.ndarray:
    return np.array((text or "").split(), dtype=np.int64)


def _offsets(sizes: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=kind), *parts]).astype(kind)
