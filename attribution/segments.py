"""Array arithmetic over journeys laid end to end (flat values, offsets). It knows nothing of channels or credit."""

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[np.generic]


def offsets_of(lengths: npt.NDArray[np.integer]) -> IntArray:
    """Offsets (n + 1) of segments with these lengths (n)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def positions(offsets: IntArray) -> IntArray:
    """Place of every entry in its own segment, from 0."""
    return np.arange(offsets[-1], dtype=np.int64) - np.repeat(offsets[:-1], np.diff(offsets))


def spans(begins: IntArray, ends: IntArray) -> IntArray:
    """Indices begins[0]..ends[0]-1, begins[1]..ends[1]-1, ... one after the other; spans may overlap."""
    lengths = ends - begins
    offsets = offsets_of(lengths)
    return np.arange(offsets[-1], dtype=np.int64) + np.repeat(begins - offsets[:-1], lengths)


def spans_apart(begins: IntArray, ends: IntArray, size: int) -> IntArray:
    """The same for ascending spans within ``size`` entries that do not overlap, at a third of the cost."""
    steps = np.zeros(size + 1, np.int8)
    steps[begins] += 1
    steps[ends] -= 1
    return np.flatnonzero(np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_))


def sum_segments(values: npt.NDArray[np.generic], offsets: IntArray) -> npt.NDArray[np.generic]:
    """Sum per segment; no segment may be empty."""
    if len(offsets) == 1:
        return values[:0]
    return np.add.reduceat(values, offsets[:-1])


def keep_entries(keep: BoolArray, offsets: IntArray) -> IntArray:
    """Offsets after dropping the entries that are not kept; no segment may be empty before."""
    kept = np.zeros(len(keep) + 1, np.int32 if len(keep) < 1 << 31 else np.int64)
    np.cumsum(keep, out=kept[1:])
    return kept[offsets].astype(np.int64)


def starts_mask(offsets: IntArray) -> BoolArray:
    """True at the first entry of every (non-empty) segment."""
    mask = np.zeros(int(offsets[-1]), np.bool_)
    mask[offsets[:-1]] = True
    return mask


def last_true(mask: BoolArray, offsets: IntArray) -> IntArray:
    """Index of the last true entry of every segment, -1 where a segment has none."""
    if len(offsets) == 1:
        return np.zeros(0, np.int64)
    marked = np.where(mask, np.arange(len(mask), dtype=np.int64), -1)
    return np.maximum.reduceat(marked, offsets[:-1])


def bisect_right(values: IntArray, keys: IntArray, begins: IntArray, ends: IntArray) -> IntArray:
    """For every key the first index in [begin, end) whose value exceeds it (end where none does).

    ``values`` ascends inside every span. One round per bit of the longest span, each vectorised over the
    keys.
    """
    low, high = begins.copy(), ends.copy()
    longest = int((ends - begins).max(initial=0))
    for _ in range(longest.bit_length()):
        middle = (low + high) >> 1
        active = low < high
        right = active & (values[np.where(active, middle, 0)] <= keys)
        low = np.where(right, middle + 1, low)
        high = np.where(active & ~right, middle, high)
    return low


def run_ends(codes: npt.NDArray[np.integer], offsets: IntArray) -> BoolArray:
    """True at the last entry of every run of equal codes inside a segment."""
    keep = np.ones(len(codes), np.bool_)
    if len(codes) > 1:
        np.not_equal(codes[1:], codes[:-1], out=keep[:-1])
        keep[offsets[1:] - 1] = True
    return keep


def run_starts(codes: npt.NDArray[np.integer], offsets: IntArray) -> BoolArray:
    """True at the first entry of every run of equal codes inside a segment."""
    keep = np.ones(len(codes), np.bool_)
    if len(codes) > 1:
        np.not_equal(codes[1:], codes[:-1], out=keep[1:])
        keep[offsets[:-1]] = True
    return keep


def ratio(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """Parts by wholes (broadcast), 0 where the whole is not above 0."""
    found: FloatArray = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)
    return found


def mix_bits(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64: equal input gives equal output, neighbours land far apart."""
    with np.errstate(over="ignore"):
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
