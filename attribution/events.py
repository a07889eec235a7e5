"""Reads touchpoints into sorted arrays by chunks of people. Which conversion a touch led to is not decided here."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from attribution.coding import Coder, unit_column
from attribution.columns import Frame, collect, read_amounts, read_times, require
from attribution.errors import BadColumn
from attribution.options import Options
from attribution.segments import BoolArray, FloatArray, IntArray

BUCKETS = 256
# Closed, so that the same people fall into the same buckets in every run.
BUCKET_SEED = 20_260_901
# Rows of a batch: its columns stay in the caches, and a run holds no more than a few batches in memory.
BATCH = 125_000
_REACH = "reach"


@dataclass(frozen=True)
class Touches:
    """Touches sorted by person, time and tie-break; ``rows`` maps them to the rows of the input.

    ``reaches``: microseconds after which a touch of its type counts no more, None where all count as long.
    """

    people: pl.Series
    offsets: IntArray
    times: IntArray
    codes: IntArray
    weights: FloatArray | None
    reaches: IntArray | None
    rows: IntArray
    buckets: npt.NDArray[np.uint8]
    counts: dict[str, int]


class NotClustered(Exception):
    """The touchpoints do not ascend by person, so that they can't be read in chunks of whole people."""


def hash_people(people: pl.Series) -> npt.NDArray[np.uint8]:
    """The bucket (0 to 255) of every person."""
    return (people.hash(seed=BUCKET_SEED).to_numpy() % np.uint64(BUCKETS)).astype(np.uint8)


def select_touchpoints(source: Frame, options: Options) -> Frame:
    """The columns that are needed, those of the unit as one: ``channel``."""
    typed = ("touch_type",) if options.touch_weights is not None or options.touch_windows is not None else ()
    present = require(source, ("person_id", "occurred_at", *options.units, *typed), "touchpoints")
    optional = [pl.col(name) for name in ("touch_id", "weight") if name in present]
    if options.touch_weights is not None and "weight" in present:
        raise BadColumn(
            "touchpoints have a weight, and touch_weights is given", hint="drop the column weight, or touch_weights"
        )
    chosen = source.select("person_id", "occurred_at", unit_column(options.units), *optional, *typed)
    kinds = pl.col("touch_type").cast(pl.String)
    if options.touch_weights is not None:
        weights = kinds.replace_strict(options.touch_weights, default=1.0, return_dtype=pl.Float64)
        chosen = chosen.with_columns(weights.alias("weight"))
    if options.touch_windows is not None:
        reaches = kinds.replace_strict(options.touch_windows, default=options.lookback, return_dtype=pl.Int64)
        chosen = chosen.with_columns(reaches.alias(_REACH))
    return chosen


def read_chunks(chosen: Frame, options: Options, coder: Coder) -> Iterator[Touches]:
    """Touches of whole people in ascending order of person; raises NotClustered where persons do not ascend."""
    carry: pl.DataFrame | None = None
    last: object = None
    row = 0
    for batch in _batches(chosen):
        frame = batch if carry is None else carry.vstack(batch)
        persons = frame["person_id"]
        if not (persons.dtype.is_integer() or persons.dtype == pl.String):
            raise NotClustered
        starts = run_starts(persons)
        heads = take_rows(persons, starts)
        heads = heads.drop_nulls() if heads.null_count() else heads
        if len(heads) and (not _ascend(heads) or (last is not None and heads[0] <= last)):
            raise NotClustered
        # The person of the last row may go on in the next batch.
        cut = int(starts[-1]) if len(starts) else 0
        if cut:
            yield read_touches(frame[:cut], options, coder, row, starts[:-1])
            row += cut
            last = persons[cut - 1] if persons[cut - 1] is not None else last
        carry = frame[cut:]
    if carry is not None and len(carry):
        yield read_touches(carry, options, coder, row)


def _batches(chosen: Frame) -> Iterator[pl.DataFrame]:
    if isinstance(chosen, pl.LazyFrame):
        yield from chosen.collect_batches(maintain_order=True, chunk_size=BATCH)
    else:
        for begin in range(0, len(chosen), BATCH):
            yield chosen[begin : begin + BATCH]


def read_whole(chosen: Frame, options: Options, coder: Coder) -> Touches:
    """All touches at once, sorted by person wherever they lie."""
    return read_touches(
        collect(chosen, ("person_id",), chosen.collect_schema().names()[1:], "touchpoints"), options, coder
    )


def read_touches(
    frame: pl.DataFrame, options: Options, coder: Coder, first_row: int = 0, starts: IntArray | None = None
) -> Touches:
    """Touches of known people up to ``as_of``, sorted only if they don't come sorted.

    ``first_row`` is the place of the frame in the input; ``starts`` the first row of every person if they ascend.
    """
    times = read_times(frame, "occurred_at", "touchpoints")
    codes = coder.encode(frame["channel"])
    weights = read_amounts(frame, "weight", "touchpoints") if "weight" in frame.columns else None
    reaches = frame[_REACH].to_numpy() if _REACH in frame.columns else None
    persons = frame["person_id"]
    ties = frame["touch_id"] if "touch_id" in frame.columns else None
    rows, counts = _find_usable(persons, times, weights, options.as_of)
    if rows is not None:
        starts = None
    order = _sort_order(persons, times, codes, ties, rows, starts, coder)
    if order is not None:
        rows = order
    if rows is not None:
        times, codes = times[rows], codes[rows]
        weights = weights[rows] if weights is not None else None
        reaches = reaches[rows] if reaches is not None else None
        # A frame that came clustered only changes order inside of people.
        persons = persons.gather(rows) if starts is None else persons
    starts = run_starts(persons) if starts is None else starts
    people = take_rows(persons, starts)
    offsets = np.append(starts, len(times)).astype(np.int64)
    rows = (np.arange(len(times), dtype=np.int64) if rows is None else rows) + first_row
    if options.session_gap is not None and len(times):
        kept, offsets = _join_sessions(times, offsets, options.session_gap)
        weights = np.maximum.reduceat(weights, kept) if weights is not None else None
        reaches = np.maximum.reduceat(reaches, kept) if reaches is not None else None
        counts["touches_within_session"] = len(times) - len(kept)
        times, codes, rows = times[kept], codes[kept], rows[kept]
    coder.see(codes)
    return Touches(people, offsets, times, codes, weights, reaches, rows, hash_people(people), counts)


def _find_usable(
    persons: pl.Series, times: IntArray, weights: FloatArray | None, as_of: int | None
) -> tuple[IntArray | None, dict[str, int]]:
    unknown = persons.is_null().to_numpy() if persons.null_count() else np.zeros(1, np.bool_)
    late = times > as_of if as_of is not None else np.zeros(1, np.bool_)
    empty = weights == 0 if weights is not None else np.zeros(1, np.bool_)
    counts = {
        "touches_without_person": int(unknown.sum()),
        "touches_after_as_of": int(late.sum()),
        "touches_without_weight": int(empty.sum()),
    }
    if not any(counts.values()):
        return None, counts
    return np.flatnonzero(np.broadcast_to(~(unknown | late | empty), times.shape)), counts


def _join_sessions(times: IntArray, offsets: IntArray, gap: int) -> tuple[IntArray, IntArray]:
    """The first touch of every session, and the offsets of people in sessions."""
    begins = find_sessions(times, offsets, gap)
    kept = np.flatnonzero(begins)
    return kept, np.concatenate([np.zeros(1, np.int64), np.cumsum(begins)])[offsets]


def find_sessions(times: IntArray, offsets: IntArray, gap: int) -> BoolArray:
    """True at the first touch of every session: more than ``gap`` after the person's touch before, or their first."""
    begins = np.ones(len(times), np.bool_)
    begins[1:] = times[1:] - times[:-1] > gap
    begins[offsets[:-1]] = True
    return begins


def take_rows(persons: pl.Series, rows: IntArray) -> pl.Series:
    """The persons of these rows; of numbers without a detour through polars' engine."""
    if persons.dtype.is_integer() and not persons.null_count():
        return pl.Series(persons.name, persons.to_numpy()[rows])
    return persons.gather(rows)


def _ascend(persons: pl.Series) -> bool:
    if persons.dtype.is_integer():
        numbers = persons.to_numpy()
        return bool((numbers[1:] >= numbers[:-1]).all())
    return persons.is_sorted()


def run_starts(persons: pl.Series) -> IntArray:
    """First row of every run of one person (null is one)."""
    if not len(persons):
        return np.zeros(0, np.int64)
    if persons.dtype.is_integer() and not persons.null_count():
        numbers = persons.to_numpy()
        changes = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    else:
        changes = persons[1:].ne_missing(persons[:-1]).arg_true().to_numpy().astype(np.int64) + 1
    return np.concatenate([np.zeros(1, np.int64), changes])


def _sort_order(
    persons: pl.Series,
    times: IntArray,
    codes: IntArray,
    ties: pl.Series | None,
    rows: IntArray | None,
    starts: IntArray | None,
    coder: Coder,
) -> IntArray | None:
    """Rows in the order person, time, touch id, name of the channel; None when they lie clustered in that order."""
    if rows is not None:
        persons, times, codes = persons.gather(rows), times[rows], codes[rows]
        ties = ties.gather(rows) if ties is not None else None
    clustered = starts is not None
    if starts is None:
        starts = run_starts(persons)
        heads = persons.gather(starts)
        clustered = heads.is_sorted() or heads.n_unique() == len(heads)
    if clustered and _ascends(times, starts):
        order = _order_ties(times, codes, ties, starts, coder)
        return order if rows is None or order is None else rows[order]
    if clustered:
        person = pl.Series(np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(times)))))
    else:
        person = persons
    names = coder.ranks()[codes] if len(codes) else codes
    keys = {"person": person, "time": times, "tie": ties if ties is not None else names, "channel": names}
    order = pl.DataFrame(keys).select(pl.arg_sort_by(list(keys))).to_series().to_numpy().astype(np.int64)
    return order if rows is None else rows[order]


def _ascends(times: IntArray, starts: IntArray) -> bool:
    falls = times[1:] < times[:-1]
    falls[starts[1:] - 1] = False
    return not falls.any()


def _order_ties(
    times: IntArray, codes: IntArray, ties: pl.Series | None, starts: IntArray, coder: Coder
) -> IntArray | None:
    """Order of touches that differ from their place only among touches of one person and moment; None if none does."""
    same = times[1:] == times[:-1]
    same[starts[1:] - 1] = False
    if not same.any():
        return None
    tied = np.zeros(len(times), np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    moment = np.cumsum(~np.append(False, same)[places])
    names = coder.ranks()[codes[places]]
    keys = {"moment": moment, "tie": names if ties is None else ties.gather(places), "channel": names}
    sorted_ = pl.DataFrame(keys).select(pl.arg_sort_by(list(keys))).to_series().to_numpy()
    order = np.arange(len(times), dtype=np.int64)
    order[places] = places[sorted_]
    return None if (order[places] == places).all() else order
