"""Counts journeys into an absorbing Markov chain of any order. Solving the chain is in absorption.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attribution.columns import read_choice
from attribution.errors import BadParameter, TooManyChannels
from attribution.paths import Paths
from attribution.segments import FloatArray, IntArray, keep_entries, run_starts

CONVENTIONS = ("padded", "tuple")
ENDS = ("conversions", "nulls", "gains", "losses")
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
    counter = Counter(order, base, padded=padded, loops=loops, cells=buckets)
    counter.add(paths, paths.buckets if buckets > 1 else None)
    return counter.chain(paths.channels)


class Tally:
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

    def merge(self, other: "Tally") -> "Tally":
        """A new tally of both, of the same space."""
        found = Tally(self.space)
        found.sums = self.sums + other.sums
        found.parts = self.parts + other.parts
        return found

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


class Counter:
    """Adds journeys up: a state is a number whose digits (in ``base``) are its touches, newest lowest, code + 1 each.

    ``cells`` keep journeys apart (buckets of people, days): sums are kept by cell and state. A number of
    order + 1 digits is a transition; digit 0 stands before the start, so that transitions from state 0 are starts.
    """

    def __init__(self, order: int, base: int, *, padded: bool, loops: bool = False, cells: int = 1) -> None:
        self.order, self.base, self.cells = order, base, cells
        self.windows = not padded and order > 1
        # Runs change no removal effect at order 1 and are then dropped after counting, which is cheaper.
        self.squeeze = padded and order > 1 and not loops
        self.loops = loops
        self.states = base**order
        self.arcs = Tally(self.states * base * cells)
        self.starts = Tally(self.states * cells)
        self.ends = {name: Tally(self.states * cells) for name in ENDS}
        self.block = max(_BLOCK, min(self.arcs.space, _DENSE))

    def add(self, paths: Paths, cells: npt.NDArray[np.integer] | None = None) -> None:
        """Count these journeys, each in its cell (None: the first)."""
        offsets = paths.offsets
        first = 0
        while first < len(paths):
            last = int(np.searchsorted(offsets, offsets[first] + self.block, side="right")) - 1
            last = max(last, first + 1)
            self._add_block(paths, first, last, None if cells is None else cells[first:last].astype(np.int64))
            first = last

    def _add_block(self, paths: Paths, first: int, last: int, cells: IntArray | None) -> None:
        offsets = paths.offsets[first : last + 1] - paths.offsets[first]
        codes = paths.codes[paths.offsets[first] : paths.offsets[last]]
        if self.squeeze:
            keep = run_starts(codes, offsets)
            codes, offsets = codes[keep], keep_entries(keep, offsets)
        lengths = np.diff(offsets)
        grams = self._form_grams(codes, offsets[:-1])
        converting = max(0, min(last, len(paths.conversions)) - first)
        won, value = paths.conversions[first : first + converting], paths.value[first : first + converting]
        nulls = paths.nulls[first:last]
        single = not converting and nulls.dtype == np.uint8 and bool((nulls == 1).all())
        weight = None if single else nulls.astype(np.float64)
        if weight is not None:
            weight[:converting] += won
            weight = None if (weight == 1).all() else weight
        shift = 0 if cells is None else cells * self.states

        final = grams[offsets[1:] - 1] % self.states + shift
        if self.windows:
            begun = grams[offsets[:-1] + np.minimum(lengths, self.order) - 1] % self.states
            self.starts.add(begun + shift, weight)
        if cells is not None:
            grams = grams + np.repeat(shift * self.base, lengths)
        self.arcs.add(grams, None if weight is None else np.repeat(weight, lengths))
        self.ends["nulls"].add(final, None if single else nulls.astype(np.float64))
        if converting:
            final = final[:converting]
            self.ends["conversions"].add(final, won)
            self.ends["gains"].add(final, np.maximum(value, 0.0))
            if (value < 0).any():
                self.ends["losses"].add(final, np.maximum(-value, 0.0))

    def _form_grams(self, codes: npt.NDArray[np.unsignedinteger], starts: IntArray) -> IntArray:
        """At each touch the number of the last order + 1 touches."""
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

    def chain(self, channels: tuple[str, ...]) -> Chain:
        """The chain of all that was counted, one bucket per cell."""
        cell, grams, weights = _split(self.arcs, self.states * self.base)
        source, target = grams // self.base, grams % self.states
        begins = np.zeros(len(grams), np.bool_) if self.windows else source == 0
        starts = _split(self.starts, self.states) if self.windows else (cell[begins], target[begins], weights[begins])
        moves = (grams >= self.states) if self.windows else ~begins
        if not self.loops:
            moves &= source != target
        cell, source, target, weights = cell[moves], source[moves], target[moves], weights[moves]
        ends = {name: _split(tally, self.states) for name, tally in self.ends.items()}
        known = np.unique(np.concatenate([source, target, starts[1], *(found for _, found, _ in ends.values())]))
        size = len(known)
        source, target = np.searchsorted(known, source), np.searchsorted(known, target)
        arcs, place = np.unique(source * max(size, 1) + target, return_inverse=True)
        weight = np.zeros((self.cells, len(arcs)))
        weight[cell, place] = weights

        def spread(found: tuple[IntArray, IntArray, FloatArray]) -> FloatArray:
            table = np.zeros((self.cells, size))
            table[found[0], np.searchsorted(known, found[1])] = found[2]
            return table

        history = np.stack([known // self.base**age % self.base - 1 for age in range(self.order)], axis=1)
        first = spread(starts)
        last = [spread(ends[name]) for name in ENDS]
        return Chain(channels, history, arcs // max(size, 1), arcs % max(size, 1), weight, first, *last)


def _split(tally: Tally, space: int) -> tuple[IntArray, IntArray, FloatArray]:
    keys, sums = tally.total()
    return keys // space, keys % space, sums
