"""Counts journeys into an absorbing Markov chain of any order. Solving the chain is in absorption.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attribution.columns import read_choice
from attribution.errors import BadParameter, TooManyChannels
from attribution.paths import Paths
from attribution.segments import FloatArray, IntArray, keep_entries, run_starts, starts_mask

CONVENTIONS = ("padded", "tuple")
LONGEST_MEMORY = 64
# A block of touches stays in the second-level cache while its grams are formed.
_BLOCK = 1 << 17
_DENSE = 1 << 20
_CODE_LIMIT = 1 << 62


@dataclass(frozen=True, eq=False)
class Chain:
    """Counted transitions over S states, for B buckets of people.

    ``history`` (S, order) channel codes of each state, newest first, -1 before the start; ``source``,
    ``target`` (A,) and ``weight`` (B, A) the transitions; ``start``, ``conversions``, ``nulls``, ``gains``,
    ``losses`` (B, S) how often (and with which value, above and below 0 apart) journeys start or end in a
    state. ``channels`` names the codes.
    """

    channels: tuple[str, ...]
    history: IntArray
    source: IntArray
    target: IntArray
    weight: FloatArray
    start: FloatArray
    conversions: FloatArray
    nulls: FloatArray
    gains: FloatArray
    losses: FloatArray

    @classmethod
    def from_counts(
        cls,
        channels: Sequence[str],
        transitions: npt.ArrayLike,
        *,
        start: npt.ArrayLike,
        conversions: npt.ArrayLike,
        nulls: npt.ArrayLike,
        value: npt.ArrayLike | None = None,
    ) -> "Chain":
        """An order-1 chain from counts alone, e.g. kept per day and added up.

        With K channels: ``transitions`` (K, K) from row to column, ``start`` (K,) first touches,
        ``conversions`` and
        ``nulls`` (K,) endings by last channel, ``value`` (K,) the value of those conversions (not negative).

        >>> chain = Chain.from_counts(["a", "b"], [[0, 2], [0, 0]], start=[3, 1], conversions=[0, 2], nulls=[1, 1])
        >>> round(float(chain.conversions.sum()), 3)
        2.0
        """
        size = len(channels)
        counts = np.asarray(transitions, np.float64)
        ends = [
            np.asarray(x, np.float64) for x in (start, conversions, nulls, value if value is not None else [0] * size)
        ]
        if counts.shape != (size, size) or any(x.shape != (size,) for x in ends):
            raise BadParameter(
                "counts differ in shape",
                hint=f"{size} channels: transitions {size} x {size}, the rest {size}",
            )
        if any(not np.isfinite(x).all() or (x < 0).any() for x in (counts, *ends)):
            raise BadParameter("a count is negative, NaN or infinite", hint="counts start at 0")
        source, target = np.nonzero(counts)
        first, won, lost, gains = (x[np.newaxis, :] for x in ends)
        weight = counts[source, target][np.newaxis, :]
        history = np.arange(size, dtype=np.int64)[:, np.newaxis]
        return cls(tuple(channels), history, source, target, weight, first, won, lost, gains, np.zeros_like(gains))


def read_order(order: object) -> int:
    """A Markov order from 1."""
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise BadParameter(f"order is {order!r}", hint="a whole number from 1: how many touches the chain remembers")
    return int(order)


def count_chain(
    paths: Paths, order: int = 1, states: str = "padded", *, loops: bool = False, buckets: int = 1
) -> Chain:
    """Count the transitions of journeys, in blocks, one pass.

    ``order`` k: a state is the last k touches. ``states="padded"``: runs of one channel count once, and early
    states hold the touches so far; ``"tuple"``: windows of k touches without padding, equal neighbours
    merged, a journey shorter than k is one state. ``loops`` keeps transitions from a state to itself, which
    change no removal effect.

    >>> import polars as pl
    >>> from attribution.paths import read_paths
    >>> chain = count_chain(read_paths(pl.DataFrame({"path": [["a", "b", "a"]], "conversions": [2]})), order=2)
    >>> [[chain.channels[code] if code >= 0 else "" for code in state] for state in chain.history.tolist()]
    [['a', ''], ['b', 'a'], ['a', 'b']]
    """
    order = read_order(order)
    padded = read_choice(states, "states", CONVENTIONS) == "padded"
    lengths = np.diff(paths.offsets)
    order = max(1, min(order, int(lengths.max(initial=1))))
    if order > LONGEST_MEMORY:
        raise BadParameter(
            f"order is {order}", hint=f"at most {LONGEST_MEMORY}; participation is the limit of high orders"
        )
    base = len(paths.channels) + 1
    if base ** (order + 1) * buckets >= _CODE_LIMIT:
        raise TooManyChannels(
            f"{base - 1} channels at order {order} have more states than can be numbered",
            hint="lower the order or roll rare channels up into one",
        )
    return _Counter(paths, order, base, padded=padded, loops=loops, buckets=buckets).count()


class _Tally:
    """Sums by integer key: dense while the keys are few, sorted otherwise."""

    def __init__(self, space: int) -> None:
        self.space = space
        self.sums = np.zeros(space if space <= _DENSE else 0)
        self.parts: list[tuple[IntArray, FloatArray]] = []

    def add(self, keys: IntArray, weights: npt.NDArray[np.generic] | None) -> None:
        if self.space <= _DENSE:
            self.sums += np.bincount(keys, weights, minlength=self.space)
        else:
            self.parts.append(_sum_keys(keys, weights))

    def total(self) -> tuple[IntArray, FloatArray]:
        if self.space <= _DENSE:
            keys = np.flatnonzero(self.sums)
            return keys, self.sums[keys]
        if not self.parts:
            return np.zeros(0, np.int64), np.zeros(0)
        return _sum_keys(*(np.concatenate(column) for column in zip(*self.parts, strict=True)))


def _sum_keys(keys: IntArray, weights: npt.NDArray[np.generic] | None) -> tuple[IntArray, FloatArray]:
    if weights is None:
        found, times = np.unique(keys, return_counts=True)
        return found, times.astype(np.float64)
    found, place = np.unique(keys, return_inverse=True)
    return found, np.bincount(place, weights, minlength=len(found)).astype(np.float64)


class _Counter:
    """One pass over the journeys: a state is a number whose digits (base K + 1) are its touches, newest lowest."""

    def __init__(self, paths: Paths, order: int, base: int, *, padded: bool, loops: bool, buckets: int) -> None:
        self.paths, self.order, self.base = paths, order, base
        self.windows = not padded and order > 1
        # Runs change no removal effect at order 1 and are then dropped after counting, which is cheaper.
        self.squeeze = padded and order > 1 and not loops
        self.loops, self.buckets = loops, buckets
        self.states = base**order
        self.arcs = _Tally(self.states * base * buckets)
        self.starts = _Tally(self.states * buckets)
        self.ends = {name: _Tally(self.states * buckets) for name in ("conversions", "nulls", "gains", "losses")}

    def count(self) -> Chain:
        offsets = self.paths.offsets
        first = 0
        while first < len(self.paths):
            last = int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1
            last = max(last, first + 1)
            self._count_block(first, last)
            first = last
        return self._number_states()

    def _count_block(self, first: int, last: int) -> None:
        paths = self.paths
        offsets = paths.offsets[first : last + 1] - paths.offsets[first]
        codes = paths.codes[paths.offsets[first] : paths.offsets[last]]
        if self.squeeze:
            keep = run_starts(codes, offsets)
            codes, offsets = codes[keep], keep_entries(keep, offsets)
        lengths = np.diff(offsets)
        grams = self._form_grams(codes, offsets[:-1])
        converting = max(0, min(last, len(paths.conversions)) - first)
        won, value = paths.conversions[first : first + converting], paths.value[first : first + converting]
        weight = paths.nulls[first:last].astype(np.float64)
        weight[:converting] += won
        shift = paths.buckets[first:last].astype(np.int64) if self.buckets > 1 and paths.buckets is not None else None

        final = grams[offsets[1:] - 1] % self.states
        opening = offsets[:-1] + (np.minimum(lengths, self.order) - 1 if self.windows else 0)
        begun = grams[opening] % self.states
        arcs = grams >= self.states if self.windows else ~starts_mask(offsets)
        if shift is not None:
            final, begun = final + shift * self.states, begun + shift * self.states
            grams = grams + np.repeat(shift * (self.states * self.base), lengths)
        self.starts.add(begun, weight)
        self.arcs.add(grams[arcs], None if (weight == 1).all() else np.repeat(weight, lengths)[arcs])
        self.ends["nulls"].add(final, paths.nulls[first:last].astype(np.float64))
        self.ends["conversions"].add(final[:converting], won)
        self.ends["gains"].add(final[:converting], np.maximum(value, 0.0))
        self.ends["losses"].add(final[:converting], np.maximum(-value, 0.0))

    def _form_grams(self, codes: npt.NDArray[np.unsignedinteger], starts: IntArray) -> IntArray:
        """At each touch the number of the last order + 1 touches; digit 0 stands before the start."""
        digits = codes.astype(np.int64)
        digits += 1
        grams = digits
        for _ in range(self.order):
            longer = np.empty_like(digits)
            np.multiply(grams[:-1], self.base, out=longer[1:])
            longer[starts] = 0
            longer += digits
            grams = longer
        return grams

    def _number_states(self) -> Chain:
        gram_bucket, grams, weights = self._split(self.arcs, self.states * self.base)
        source, target = grams // self.base, grams % self.states
        if not self.loops:
            moves = source != target
            gram_bucket, source, target, weights = (
                gram_bucket[moves],
                source[moves],
                target[moves],
                weights[moves],
            )
        starts = self._split(self.starts, self.states)
        ends = {name: self._split(tally, self.states) for name, tally in self.ends.items()}
        known = np.unique(np.concatenate([source, target, starts[1], *(found for _, found, _ in ends.values())]))
        size = len(known)
        source, target = np.searchsorted(known, source), np.searchsorted(known, target)
        arcs, place = np.unique(source * max(size, 1) + target, return_inverse=True)
        weight = np.zeros((self.buckets, len(arcs)))
        weight[gram_bucket, place] = weights

        def spread(found: tuple[IntArray, IntArray, FloatArray]) -> FloatArray:
            table = np.zeros((self.buckets, size))
            table[found[0], np.searchsorted(known, found[1])] = found[2]
            return table

        history = np.empty((size, self.order), np.int64)
        left = known.copy()
        for age in range(self.order):
            history[:, age] = left % self.base - 1
            left //= self.base
        return Chain(
            self.paths.channels,
            history,
            arcs // max(size, 1),
            arcs % max(size, 1),
            weight,
            spread(starts),
            *(spread(ends[name]) for name in ("conversions", "nulls", "gains", "losses")),
        )

    def _split(self, tally: _Tally, space: int) -> tuple[IntArray, IntArray, FloatArray]:
        keys, sums = tally.total()
        return keys // space, keys % space, sums
