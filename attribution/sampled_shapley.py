"""Shapley values by sampling orders of joining, for games with too many players to solve. Exact games: shapley.py."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from attribution.errors import BadParameter
from attribution.segments import BoolArray, FloatArray

Worth = Callable[[BoolArray], FloatArray]
_BATCH = 64


def sampled_shapley_values(
    players: Sequence[str],
    worth: Callable[[frozenset[str]], float],
    *,
    error: float = 0.01,
    most: int = 20_000,
    seed: int = 0,
) -> pl.DataFrame:
    """Shapley values of a game of any number of players, each with its standard error.

    ``worth`` is asked for the worth of a set of players; the empty one must be worth 0. Orders of joining are
    drawn in pairs, an order and its reverse (antithetic; Castro et al. 2009, doi:10.1016/j.cor.2008.04.004;
    Mitchell et al. 2022), until no standard error exceeds ``error`` times the worth of all (by size; above 0)
    or ``most`` orders were drawn. Every order shares out exactly the worth of all, so the values sum to it.

    Returns channel (sorted), shapley, standard_error.

    >>> found = sampled_shapley_values(["a", "b", "c"], lambda joined: float(len(joined) ** 2))
    >>> found["shapley"].to_list(), found["standard_error"].to_list()
    ([3.0, 3.0, 3.0], [0.0, 0.0, 0.0])
    """
    names = sorted(set(players))
    if worth(frozenset()) != 0:
        raise BadParameter("the empty coalition is not worth 0", hint="subtract its worth from every coalition's")

    def ask(joined: BoolArray) -> FloatArray:
        found = [worth(frozenset(names[i] for i in np.flatnonzero(row))) for row in joined]
        table = np.array(found, np.float64)
        if not np.isfinite(table).all():
            raise BadParameter("a coalition is worth NaN or infinity", hint="give finite numbers")
        return table

    values, errors = sample_values(ask, len(names), error=error, most=most, seed=seed)
    schema = {"channel": pl.String, "shapley": pl.Float64, "standard_error": pl.Float64}
    return pl.DataFrame({"channel": names, "shapley": values, "standard_error": errors}, schema=schema)


def sample_values(worth: Worth, players: int, *, error: float, most: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Values and standard errors (players,) of a game given as worth (N,) of rows (N, players) of who has joined."""
    for name, given in (("error", error), ("most", most)):
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < np.inf:
            raise BadParameter(f"{name} is {given!r}", hint="a number above 0")
    if not players:
        return np.zeros(0), np.zeros(0)
    rng = np.random.default_rng(seed)
    whole = abs(float(worth(np.ones((1, players), np.bool_))[0]))
    count, sums, squares, centre = 0, np.zeros(players), np.zeros(players), np.zeros(players)
    while True:
        orders = rng.permuted(np.tile(np.arange(players), (_BATCH, 1)), axis=1)
        pairs = (_join(worth, orders) + _join(worth, orders[:, ::-1])) / 2
        # Sums are taken around the first mean, so that equal pairs have a spread of exactly 0.
        centre = centre if count else pairs[0]
        count += _BATCH
        sums += (pairs - centre).sum(axis=0)
        squares += ((pairs - centre) ** 2).sum(axis=0)
        spread = np.maximum(squares - sums**2 / count, 0.0) / (count - 1)
        errors = np.sqrt(spread / count)
        if errors.max() <= error * max(whole, 1e-300) or 2 * count >= most:
            return centre + sums / count, errors


def _join(worth: Worth, orders: np.ndarray) -> FloatArray:
    """What each player (N, players) adds when players join in the given orders."""
    count, players = orders.shape
    place = np.argsort(orders, axis=1)
    joined = place[:, np.newaxis, :] < np.arange(1, players + 1)[:, np.newaxis]
    reached = worth(joined.reshape(-1, players)).reshape(count, players)
    steps = np.diff(reached, axis=1, prepend=0.0)
    found: FloatArray = np.take_along_axis(steps, place, axis=1)
    return found
