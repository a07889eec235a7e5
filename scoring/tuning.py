"""Which shape of trees and how many, by log loss on rows held out. Columns and tenants are not known here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoring.boosting import SCREENING, Rows, Shape, fit_bag, fit_early, fit_rounds
from scoring.splits import Split, stratified

SCREEN_ALL = 10_000
SAMPLED = 50_000
"""Rows that a larger frame is tuned on."""
HALVED = 10_000
"""Rows of a large frame whose halves tell what is not certain."""
LARGE = 100_000
HALVINGS = 3
HALF_LIVES = (0.5, 0.2)
THIN = (Shape(4, extra=True), Shape(4, columns=0.3), Shape(31, extra=True), Shape(15), Shape(31))
RICH = (Shape(31), Shape(15), Shape(4, columns=0.3), Shape(8, extra=True, columns=0.3))


@dataclass(frozen=True)
class Tuned:
    """The chosen shape, its number of trees, the held-out raw log-odds, and the loss of every candidate."""

    shape: Shape
    rounds: int
    held_raw: np.ndarray
    losses: list[tuple[Shape, float]]


def tune(rows: Rows, splits: Sequence[Split], *, budget: int, seed: int, threads: int) -> Tuned:
    """Try up to ``budget`` shapes; rows must come in time order for the half-life of recency to be tried.

    The held-out log-odds come from small bags at the common number of rounds, as the final model is made, so that
    calibration sees the kind of scores that it will be given.
    """
    tried: list[tuple[Shape, float, int]] = []
    # of a large frame's sample one split tells shapes apart as surely as thousands of rows can
    screen = splits if len(rows.label) < SCREEN_ALL else splits[-2:] if len(rows.label) < SAMPLED else splits[-1:]
    for shape in _candidates(len(rows.label))[: max(1, budget)]:
        tried.append(_try(rows, screen, shape, seed, threads))
    if rows.age is not None:
        best = min(tried, key=lambda one: one[1])[0]
        for half_life in HALF_LIVES:
            tried.append(_try(rows, screen, replace(best, half_life=half_life), seed, threads))
    shape, _, rounds = min(tried, key=lambda one: one[1])
    held_raw = np.full(len(rows.label), np.nan)
    bags = 2 if len(rows.label) < SCREEN_ALL else 1
    # of a large frame's sample two folds are held-out rows enough to calibrate by
    for past, future in splits if len(rows.label) < SAMPLED else splits[-2:]:
        booster = fit_bag(rows.take(past), shape, rounds, bags=bags, seed=seed, threads=threads)
        held_raw[future] = booster.predict(rows.matrix[future], raw_score=True, num_threads=threads)
    return Tuned(shape, rounds, held_raw, [(shape, loss) for shape, loss, _ in tried])


def _candidates(count: int) -> tuple[Shape, ...]:
    """Shapes to try. Small trees are for thin data: where only a sample is tuned on, all the rows want larger ones."""
    return THIN if count < SCREEN_ALL else RICH if count < SAMPLED else RICH[:2]


def bags_for(count: int) -> int:
    """How many boosters to average: thin data gains from five, millions of rows from none."""
    return 5 if count < SCREEN_ALL else 3 if count < LARGE else 1


def _try(rows: Rows, splits: Sequence[Split], shape: Shape, seed: int, threads: int) -> tuple[Shape, float, int]:
    losses, rounds = [], []
    for past, future in splits:
        booster = fit_early(rows.take(past), rows.take(future), shape, seed=seed, threads=threads)
        held = booster.predict(
            rows.matrix[future], raw_score=True, num_iteration=booster.best_iteration, num_threads=threads
        )
        losses.append(rows.take(future).losses(np.asarray(held)))
        rounds.append(booster.best_iteration)
    return shape, float(np.concatenate(losses).mean()), max(10, round(SCREENING * float(np.mean(rounds))))


def cross_fit(rows: Rows, splits: Sequence[Split], shape: Shape, rounds: int, *, seed: int, threads: int) -> np.ndarray:
    """Raw log-odds of every row from a booster that did not see it."""
    raw = np.full(len(rows.label), np.nan)
    for past, future in splits:
        booster = fit_rounds(rows.take(past), shape, rounds, seed=seed, threads=threads)
        raw[future] = booster.predict(rows.matrix[future], raw_score=True, num_threads=threads)
    return raw


def disagree(rows: Rows, tuned: Tuned, *, seed: int, threads: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Raw log-odds of every row from pairs of boosters that were taught by disjoint halves of the rows."""
    count = len(rows.label)
    pairs = []
    for draw in range(HALVINGS if count < SCREEN_ALL else 1):
        first, second = (
            fit_rounds(rows.take(half), tuned.shape, tuned.rounds, seed=seed + draw, threads=threads)
            for half, _ in stratified(rows.label, seed=seed + draw, folds=2)
        )
        one, other = (np.asarray(b.predict(rows.matrix, raw_score=True, num_threads=threads)) for b in (first, second))
        pairs.append((one, other))
    return pairs
