"""The inner loops of `tree_shap`, compiled by numba and kept beside the source. What they mean stands there."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

# LightGBM's decision_type: bit 0 a set of categories, bit 1 missing goes left, bits 2 and 3 what counts as missing
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_ZERO, _MISSING_NAN = 1, 2
_ZERO = 1e-35
_LARGEST = 2.0**31
_BLOCK = 64
"""Rows that go through one tree before the next tree's tables are fetched."""


class Nodes(NamedTuple):
    """All trees' inner nodes, one after the other; tree ``t`` has those from ``start[t]`` to ``start[t + 1]``."""

    start: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    kind: np.ndarray
    words_start: np.ndarray
    words: np.ndarray


class Leaves(NamedTuple):
    """All leaves, the features on their paths, and their tables.

    Feature ``e`` of a leaf agrees where the tree's decisions are as ``expected[e]`` in the bits of ``asked[e]``.
    """

    start: np.ndarray
    entry_start: np.ndarray
    feature: np.ndarray
    expected: np.ndarray
    asked: np.ndarray
    ratio: np.ndarray
    table_start: np.ndarray
    table: np.ndarray


def _compiled(function: Any) -> Any:
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep it in may be written to: compiled anew in each process, in seconds
        return njit(nogil=True, error_model="numpy")(function)


@_compiled
def _is_among(value: float, number: int, words_start: np.ndarray, words: np.ndarray) -> bool:
    """Whether a category is in the set with this number."""
    if not 0 <= value < _LARGEST:
        return False
    category, first = int(value), words_start[number]
    word = category >> 5
    if word >= words_start[number + 1] - first:
        return False
    return bool((words[first + word] >> np.uint32(category & 31)) & np.uint32(1))


@_compiled
def _is_below(value: float, threshold: float, kind: int) -> bool:
    """Whether a number, or one that is missing, goes left."""
    missing = (kind >> 2) & 3
    is_nan = np.isnan(value)
    value = 0.0 if is_nan else value
    is_missing = (missing == _MISSING_NAN and is_nan) or (missing == _MISSING_ZERO and -_ZERO <= value <= _ZERO)
    return kind & _DEFAULT_LEFT != 0 if is_missing else value <= threshold


@_compiled
def _decisions(row: np.ndarray, tree: int, nodes: Nodes) -> np.uint64:
    """One bit a node of the tree: whether the row goes left there."""
    start, kind = nodes.start, nodes.kind
    bits = np.uint64(0)
    for node in range(start[tree], start[tree + 1]):
        value = row[nodes.feature[node]]
        if kind[node] & _CATEGORICAL:
            left = _is_among(value, int(nodes.threshold[node]), nodes.words_start, nodes.words)
        else:
            left = _is_below(value, nodes.threshold[node], kind[node])
        bits |= np.uint64(left) << np.uint64(node - start[tree])
    return bits


@_compiled
def explain_rows(rows: np.ndarray, nodes: Nodes, leaves: Leaves, out: np.ndarray) -> None:
    """Add each row's contributions to ``out``.

    A block of rows goes through one tree before the next tree's tables are fetched; the innermost loops run over the
    block, without a branch, so that the compiler turns them into vector instructions.
    """
    start, entry_start, feature, expected, asked, ratio, table_start, table = leaves
    node_start, node_feature, threshold, kind, words_start, words = nodes
    columns = np.ascontiguousarray(rows.T)
    bits, agreeing = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.int64)
    shares = np.empty((out.shape[1], _BLOCK))
    for block in range(0, len(rows), _BLOCK):
        count = min(_BLOCK, len(rows) - block)
        shares[:] = 0.0
        for tree in range(len(start) - 1):
            bits[:] = 0
            for node in range(node_start[tree], node_start[tree + 1]):
                column, bit = columns[node_feature[node], block : block + count], np.uint64(node - node_start[tree])
                if kind[node] & _CATEGORICAL:
                    for row in range(count):
                        left = _is_among(column[row], int(threshold[node]), words_start, words)
                        bits[row] |= np.uint64(left) << bit
                else:
                    for row in range(count):
                        bits[row] |= np.uint64(_is_below(column[row], threshold[node], kind[node])) << bit
            for leaf in range(start[tree], start[tree + 1]):
                first, last, base = entry_start[leaf], entry_start[leaf + 1], table_start[leaf]
                agreeing[:count] = 0
                for entry in range(first, last):
                    wanted, among, place = expected[entry], asked[entry], entry - first
                    for row in range(count):
                        agreeing[row] |= np.int64((bits[row] ^ wanted) & among == 0) << place
                for entry in range(first, last):
                    own, bit_of, gain = shares[feature[entry]], 1 << (entry - first), ratio[entry]
                    for row in range(count):
                        agrees = agreeing[row] & bit_of
                        own[row] += table[base + agreeing[row] - agrees] * (gain if agrees else -1.0)
        for row in range(count):
            for column_number in range(out.shape[1]):
                out[block + row, column_number] += shares[column_number, row]


@_compiled
def explain_row(row: np.ndarray, nodes: Nodes, leaves: Leaves, out: np.ndarray) -> None:
    """Add one row's contributions to ``out``, leaf after leaf, since one row fills no block."""
    start, entry_start, feature, expected, asked, ratio, table_start, table = leaves
    for tree in range(len(start) - 1):
        bits = _decisions(row, tree, nodes)
        for leaf in range(start[tree], start[tree + 1]):
            first, last, agreeing = entry_start[leaf], entry_start[leaf + 1], table_start[leaf]
            for entry in range(first, last):
                agreeing += np.int64((bits ^ expected[entry]) & asked[entry] == 0) << (entry - first)
            within = agreeing - table_start[leaf]
            for entry in range(first, last):
                agrees = within & (1 << (entry - first))
                out[feature[entry]] += table[agreeing - agrees] * (ratio[entry] if agrees else -1.0)


@_compiled
def fill_table(
    entry_start: np.ndarray,
    share: np.ndarray,
    value: np.ndarray,
    weights: np.ndarray,
    table_start: np.ndarray,
    table: np.ndarray,
) -> None:
    """Work out each leaf's table.

    For a set M of agreeing features among the d of a path, G(M) = value * prod(share of those not in M) *
    sum_s w(s, d) e(M, s), where e(M, s) sums over the subsets of M of size s the shares of the rest of M. Who does not
    agree gets -G(M); who agrees gets (1 - share) / share * G(M without it). At the full set the leaf's value stands.
    """
    for leaf in range(len(entry_start) - 1):
        first = entry_start[leaf]
        count = entry_start[leaf + 1] - first
        base = table_start[leaf]
        full = (1 << count) - 1
        # e(M, s) from M without its lowest feature: that feature is in the subset, or its share is a factor
        sums = np.zeros((full + 1, count + 1))
        sums[0, 0] = 1.0
        for agreeing in range(full + 1):
            if agreeing:
                lowest = 0
                while not agreeing >> lowest & 1:
                    lowest += 1
                rest = agreeing & (agreeing - 1)
                for size in range(count + 1):
                    sums[agreeing, size] = sums[rest, size] * share[first + lowest]
                    if size:
                        sums[agreeing, size] += sums[rest, size - 1]
            outside, weighted = value[leaf], 0.0
            for feature in range(count):
                if not agreeing >> feature & 1:
                    outside *= share[first + feature]
            for size in range(count):
                weighted += weights[count, size] * sums[agreeing, size]
            table[base + agreeing] = value[leaf] if agreeing == full else outside * weighted
