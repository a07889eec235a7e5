"""Splits journeys into buckets of people and draws bootstrap weightings of them. Models are not known here."""

from dataclasses import dataclass, replace

import numpy as np

from attribution.events import BUCKETS
from attribution.paths import Paths
from attribution.segments import FloatArray, IntArray, mix_bits, offsets_of, spans

# Counts above this are split by one multinomial draw instead of unit by unit.
_UNIT_LIMIT = 4_096


@dataclass(frozen=True)
class Estimate:
    """Credit of K channels for N weightings: ``conversions`` and ``value``, each (N, K)."""

    conversions: FloatArray
    value: FloatArray


@dataclass(frozen=True)
class Sample:
    """Journeys with the weightings (N, B) of their buckets under which a model is asked for; row 0 counts all once."""

    paths: Paths
    weightings: FloatArray
    seed: int = 0

    @property
    def buckets(self) -> int:
        return int(self.weightings.shape[1])

    def fold(self, buckets: int) -> "Sample":
        """The same people in fewer buckets (a divisor of 256), drawn anew."""
        if buckets >= self.buckets or self.paths.buckets is None:
            return self
        weightings = draw_weightings(len(self.weightings) - 1, buckets, self.seed)
        return Sample(replace(self.paths, buckets=self.paths.buckets % np.uint8(buckets)), weightings, self.seed)

    def sum_touches(self, shares: FloatArray, amounts: FloatArray) -> FloatArray:
        """Shares (T_c,) of each journey's amount (C,), summed by weighting and channel (N, K)."""
        paths, size = self.paths, len(self.paths.channels)
        lengths = np.diff(paths.converting_offsets)
        key = paths.converting_codes.astype(np.int64)
        if self.buckets > 1 and paths.buckets is not None:
            key += np.repeat(paths.buckets[: len(lengths)].astype(np.int64) * size, lengths)
        sums = np.bincount(key, shares * np.repeat(amounts, lengths), minlength=self.buckets * size)
        return self.weightings @ sums.reshape(self.buckets, size)

    def sum_journeys(self, amounts: FloatArray) -> FloatArray:
        """Amounts (C,) of converting journeys summed by weighting (N,)."""
        bucket = self.paths.buckets
        if self.buckets == 1 or bucket is None:
            bucket = np.zeros(len(amounts), np.uint8)
        totals: FloatArray = self.weightings @ np.bincount(bucket[: len(amounts)], amounts, minlength=self.buckets)
        return totals


def whole(paths: Paths) -> Sample:
    """All journeys, each counted once."""
    return Sample(paths, np.ones((1, 1)))


def draw(paths: Paths, replicates: int, seed: int) -> Sample:
    """Row 0 counts all; each further row is a multinomial draw of as many buckets as there are, with replacement."""
    bucketed = paths if paths.buckets is not None else split_paths(paths, seed)
    return Sample(bucketed, draw_weightings(replicates, BUCKETS, seed), seed)


def draw_weightings(replicates: int, buckets: int, seed: int) -> FloatArray:
    """Row 0 counts each bucket once; each further row is a multinomial draw of as many buckets."""
    weightings = np.ones((replicates + 1, buckets))
    rng = np.random.default_rng(seed)
    weightings[1:] = rng.multinomial(buckets, np.full(buckets, 1 / buckets), size=replicates)
    return weightings


def split_paths(paths: Paths, seed: int) -> Paths:
    """Spread the people behind each counted path over the buckets, alike for every order of the rows.

    A frame of paths has no people. Each of its conversions and nulls is taken as one person (a fractional
    count as equal parts), hashed by path and number; the value of a path is spread evenly over its
    conversions.
    """
    converting = len(paths.conversions)
    signature = _hash_paths(paths)
    won = np.zeros(len(paths))
    won[:converting] = paths.conversions
    value = np.zeros(len(paths))
    value[:converting] = paths.value
    lost = paths.nulls.astype(np.float64)
    order = np.lexsort((value, lost, won, signature))
    entries = [_spread(signature, amounts, order, seed + salt) for salt, amounts in ((0, won), (1, lost))]
    key = np.concatenate([journey * BUCKETS + bucket for journey, bucket, _ in entries])
    cells, place = np.unique(key, return_inverse=True)
    edge = len(entries[0][0])
    won_cell = np.bincount(place[:edge], entries[0][2], minlength=len(cells))
    lost_cell = np.bincount(place[edge:], entries[1][2], minlength=len(cells))
    first = np.concatenate([np.flatnonzero(won_cell > 0), np.flatnonzero(won_cell <= 0)])
    journey, count = cells[first] // BUCKETS, int((won_cell > 0).sum())
    lengths = np.diff(paths.offsets)[journey]
    touches = spans(paths.offsets[journey], paths.offsets[journey] + lengths)
    offsets = offsets_of(lengths)
    inner, source = touches[: int(offsets[count])], journey[:count]
    return replace(
        paths,
        codes=paths.codes[touches],
        offsets=offsets,
        conversions=won_cell[first[:count]],
        value=won_cell[first[:count]] * (value[source] / won[source]),
        nulls=lost_cell[first],
        rows=paths.rows[source],
        buckets=(cells[first] % BUCKETS).astype(np.uint8),
        hours=None if paths.hours is None else paths.hours[inner],
        weights=None if paths.weights is None else paths.weights[inner],
        milestones=None if paths.milestones is None else paths.milestones[source],
    )


def _hash_paths(paths: Paths) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    place = np.arange(int(paths.offsets[-1]), dtype=np.uint64)
    place -= np.repeat(paths.offsets[:-1].astype(np.uint64), np.diff(paths.offsets))
    mixed = mix_bits(mix_bits(place) + paths.codes.astype(np.uint64))
    if not len(paths):
        return mixed
    return mix_bits(np.add.reduceat(mixed, paths.offsets[:-1]))


def _spread(
    signature: np.ndarray[tuple[int], np.dtype[np.uint64]], amounts: FloatArray, order: IntArray, salt: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Units of each journey's amount as (journey, bucket, amount)."""
    order = order[amounts[order] > 0]
    many = order[amounts[order] > _UNIT_LIMIT]
    few = order[amounts[order] <= _UNIT_LIMIT]
    units = np.ceil(amounts[few]).astype(np.int64)
    journey = np.repeat(few, units)
    # Numbers run on over rows of the same path, so that repeated rows don't fall into the same buckets.
    number = np.arange(len(journey), dtype=np.uint64)
    fresh = np.ones(len(journey), np.bool_)
    fresh[1:] = signature[journey[1:]] != signature[journey[:-1]]
    number -= np.maximum.accumulate(np.where(fresh, number, np.uint64(0)))
    mixed = mix_bits(signature[journey] + mix_bits(number + np.uint64(salt) * np.uint64(0x1000193)))
    bucket = (mixed % np.uint64(BUCKETS)).astype(np.int64)
    amount = np.repeat(amounts[few] / units, units)
    if not len(many):
        return journey, bucket, amount
    rng = np.random.default_rng(salt)
    whole_units = np.ceil(amounts[many]).astype(np.int64)
    table = rng.multinomial(whole_units, np.full(BUCKETS, 1 / BUCKETS)) * (amounts[many] / whole_units)[:, np.newaxis]
    return (
        np.concatenate([journey, np.repeat(many, BUCKETS)]),
        np.concatenate([bucket, np.tile(np.arange(BUCKETS), len(many))]),
        np.concatenate([amount, table.ravel()]),
    )
