"""Shapley values of games between channels. Which journeys exist and how intervals are drawn is decided elsewhere."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from attribution.columns import read_choice
from attribution.errors import BadParameter, TooManyChannels
from attribution.paths import Paths, as_paths
from attribution.rules import linear, present
from attribution.sample import Estimate, Sample
from attribution.sampled_shapley import sample_values
from attribution.segments import BoolArray, FloatArray, IntArray, positions, ratio

_LATTICE_CHANNELS = 16
_SET_CHANNELS = 22
_MASK_CHANNELS = 62
_BATCH_CELLS = 4_000_000
_MOST_ORDERS = 20_000


def estimate(
    sample: Sample, game: str = "counts", shrinkage: float = 0.0, negative: str = "keep", error: float = 0.01
) -> Estimate:
    """The ``counts`` game in closed form, or one ``rate`` game per observed converting set of channels."""
    read_choice(negative, "negative", ("keep", "clip"))
    if isinstance(error, bool) or not isinstance(error, int | float) or not 0 < error < 1:
        raise BadParameter(f"error is {error!r}", hint="a part of a set's rate between 0 and 1, e.g. 0.01")
    if read_choice(game, "game", ("counts", "rate")) == "counts":
        shares = linear(sample.paths, per="channel")
        return Estimate(*(sample.sum_touches(shares, x) for x in (sample.paths.conversions, sample.paths.value)))
    if not isinstance(shrinkage, int | float) or not 0 <= shrinkage < np.inf:
        raise BadParameter(f"shrinkage is {shrinkage!r}", hint="a number of journeys from 0, e.g. 50")
    return _estimate_rates(sample, float(shrinkage), negative == "clip", float(error))


def ordered_shapley(paths: object) -> pl.DataFrame:
    """Shapley credit on counts by the place at which a journey met the channel (Zhao et al. 2018, arXiv:1804.05327).

    A conversion is shared equally among the distinct channels of its path, the channel met as the i-th new one
    gets its part at place i. Returns channel, place (from 1), conversions, value, sorted; summed over places
    it is credit(paths, "shapley").

    >>> frame = pl.DataFrame({"path": [["a", "b", "a"], ["b"]], "conversions": [2, 1], "value": [8.0, 5.0]})
    >>> ordered_shapley(frame).rows()
    [('a', 1, 1.0, 4.0), ('b', 1, 1.0, 5.0), ('b', 2, 1.0, 4.0)]
    """
    journeys = as_paths(paths)
    lengths = np.diff(journeys.converting_offsets)
    new = present(journeys) > 0
    owner = np.repeat(np.arange(len(lengths)), lengths)[new]
    distinct = np.bincount(owner, minlength=len(lengths))
    share = 1.0 / distinct[owner]
    frame = pl.DataFrame(
        {
            "channel": pl.Series(journeys.channels, dtype=pl.String).gather(
                journeys.converting_codes[new].astype(np.uint32)
            ),
            "place": positions(np.concatenate([[0], np.cumsum(distinct)])) + 1,
            "conversions": share * journeys.conversions[owner],
            "value": share * journeys.value[owner],
        }
    )
    return frame.group_by("channel", "place").sum().sort("channel", "place")


def shapley_values(values: Mapping[frozenset[str], float]) -> pl.DataFrame:
    """Shapley value of each player of a game given by the worth of its coalitions; a missing coalition is worth 0.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S)) (Shapley 1953), at most 22
    players.
    Returns channel (sorted) and shapley; they sum to the worth of all together.

    >>> game = {frozenset({"a"}): 4.0, frozenset({"b"}): 0.0, frozenset({"a", "b"}): 10.0}
    >>> shapley_values(game).rows()
    [('a', 7.0), ('b', 3.0)]
    """
    players = sorted({player for coalition in values for player in coalition})
    if len(players) > _SET_CHANNELS:
        raise TooManyChannels(f"{len(players)} players", hint=f"at most {_SET_CHANNELS} can be solved exactly")
    worth = np.zeros((1, 1 << len(players)))
    for coalition, value in values.items():
        if not np.isfinite(value) or (not coalition and value != 0):
            raise BadParameter("a coalition is worth NaN, or the empty one is not worth 0", hint="give finite numbers")
        worth[0, sum(1 << players.index(player) for player in coalition)] = value
    whole = np.array([worth.shape[1] - 1])
    found = _solve_sets(worth, whole)[0, :, 0] if players else np.zeros(0)
    return pl.DataFrame({"channel": players, "shapley": found}, schema={"channel": pl.String, "shapley": pl.Float64})


def _solve_sets(worth: FloatArray, sets: IntArray) -> FloatArray:
    """Shapley values (N, K, sets) of the sub-games of N games (N, 2^K) on each given set.

    The dividend d(S) of a coalition does not depend on the sub-game, so phi_i(T) is the sum of d(S) / |S|
    over the S within T that hold i: one Moebius and one zeta transform per channel (Harsanyi 1963).
    """
    count, size = worth.shape
    channels = size.bit_length() - 1
    dividends = worth.copy()
    for bit in range(channels):
        halves = dividends.reshape(count, -1, 2, 1 << bit)
        halves[:, :, 1] -= halves[:, :, 0]
    dividends /= np.maximum(np.bitwise_count(np.arange(size)), 1)
    found = np.empty((count, channels, len(sets)))
    for channel in range(channels):
        held = dividends.copy()
        held.reshape(count, -1, 2, 1 << channel)[:, :, 0] = 0.0
        for bit in range(channels):
            halves = held.reshape(count, -1, 2, 1 << bit)
            halves[:, :, 1] += halves[:, :, 0]
        found[:, channel] = held[:, sets]
    return found


def _find_sets(paths: Paths) -> IntArray:
    """The set of channels of each journey as a bit mask (J,)."""
    if not len(paths):
        return np.zeros(0, np.int64)
    return np.bitwise_or.reduceat(np.int64(1) << paths.codes.astype(np.int64), paths.offsets[:-1])


def _estimate_rates(sample: Sample, shrinkage: float, clip: bool, error: float) -> Estimate:
    paths, channels = sample.paths, len(sample.paths.channels)
    if channels > _MASK_CHANNELS:
        raise TooManyChannels(
            f"{channels} channels are too many for the rate game (at most {_MASK_CHANNELS})",
            hint="roll rare channels up into one, or use game='counts'",
        )
    sets, place = np.unique(_find_sets(paths), return_inverse=True)
    bucket = np.zeros(len(paths), np.int64)
    if sample.buckets > 1 and paths.buckets is not None:
        bucket += paths.buckets
    cell = bucket * len(sets) + place
    size = sample.buckets * len(sets)
    converting = len(paths.conversions)
    won, value = (
        sample.weightings @ np.bincount(cell[:converting], x, minlength=size).reshape(sample.buckets, -1)
        for x in (paths.conversions, paths.value)
    )
    lost = sample.weightings @ np.bincount(cell, paths.nulls, minlength=size).reshape(sample.buckets, -1)
    total = (won + lost).sum(axis=1, keepdims=True)
    prior = ratio(won.sum(axis=1, keepdims=True), total)
    people = won + lost + shrinkage
    rates = ratio(won + shrinkage * prior, people)
    unseen = prior if shrinkage > 0 else np.zeros_like(prior)
    shares = _share_sets(sets, rates, unseen, channels, won[0] > 0, error)
    if clip:
        shares = np.maximum(shares, 0.0)
        shares = ratio(shares, shares.sum(axis=1, keepdims=True))
    return Estimate(np.einsum("nks,ns->nk", shares, won), np.einsum("nks,ns->nk", shares, value))


def _share_sets(
    sets: IntArray, rates: FloatArray, prior: FloatArray, channels: int, wanted: BoolArray, error: float
) -> FloatArray:
    """Each channel's part (N, K, sets) of what its set converts; sets that never convert get 0."""
    shares = np.zeros((len(rates), channels, len(sets)))
    index = np.flatnonzero(wanted)
    if channels <= _LATTICE_CHANNELS:
        step = max(1, _BATCH_CELLS >> channels)
        for i in range(0, len(rates), step):
            worth = np.repeat(prior[i : i + step], 1 << channels, axis=1)
            worth[:, 0] = 0.0
            worth[:, sets] = rates[i : i + step]
            shares[i : i + step, :, index] = _solve_sets(worth, sets[index])
    else:
        if len(rates) > 1:
            raise TooManyChannels(
                f"{channels} channels are too many for intervals of the rate game (at most {_LATTICE_CHANNELS})",
                hint="leave intervals out, or roll rare channels up into one",
            )
        for at in index:
            members = np.flatnonzero(int(sets[at]) >> np.arange(channels) & 1)
            shares[:, members, at] = _solve_one_set(sets, rates, prior, members, error)
    whole = shares.sum(axis=1, keepdims=True)
    return ratio(shares, whole)


def _solve_one_set(sets: IntArray, rates: FloatArray, prior: FloatArray, members: IntArray, error: float) -> FloatArray:
    """Shapley values (N, members) of the game of one set: exact to 22 members, else sampled (N = 1)."""
    bits = np.int64(1) << members

    def ask(masks: IntArray) -> FloatArray:
        found = np.minimum(np.searchsorted(sets, masks), len(sets) - 1)
        return np.where(sets[found] == masks, rates[:, found], prior)

    if len(members) > _SET_CHANNELS:
        values, _ = sample_values(
            lambda joined: ask(joined @ bits)[0], len(members), error=error, most=_MOST_ORDERS, seed=0
        )
        return values[np.newaxis]
    local = np.zeros(1, np.int64)
    for bit in bits:
        local = np.concatenate([local, local | bit])
    worth = ask(local)
    worth[:, 0] = 0.0
    return _solve_sets(worth, np.array([len(local) - 1]))[:, :, 0]
