"""Reads touchpoints and conversions into sorted arrays. Which touch belongs to which conversion is not decided here."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from attribution.columns import Frame, collect, read_amounts, read_channels, read_times, to_microseconds
from attribution.errors import BadColumn, DuplicateConversion
from attribution.paths import Codes
from attribution.segments import FloatArray, IntArray

BUCKETS = 256
# Closed, so that the same people fall into the same buckets in every run.
_BUCKET_SEED = 20_260_901


@dataclass(frozen=True)
class Touches:
    """Touches sorted by person, time and tie-break; ``rows`` maps them to the input (None: unchanged)."""

    people: pl.Series
    offsets: IntArray
    times: IntArray
    codes: Codes
    channels: tuple[str, ...]
    weights: FloatArray | None
    rows: IntArray | None
    buckets: npt.NDArray[np.uint8]
    counts: dict[str, int]


@dataclass(frozen=True)
class Conversions:
    """Conversions sorted by person and time; ``person`` indexes Touches.people, -1 where that person has no touch."""

    person: IntArray
    times: IntArray
    value: FloatArray
    rows: IntArray
    milestones: IntArray | None
    counts: dict[str, int]


def read_touches(source: Frame, as_of: int | None) -> Touches:
    """Touches of known people up to ``as_of``, sorted only if they don't come sorted."""
    frame = collect(source, ("person_id", "occurred_at", "channel"), ("touch_id", "weight"), "touchpoints")
    times = read_times(frame, "occurred_at", "touchpoints")
    codes, channels = read_channels(frame["channel"], "touchpoints")
    weights = read_amounts(frame, "weight", "touchpoints") if "weight" in frame.columns else None
    persons = frame["person_id"]
    ties = frame["touch_id"] if "touch_id" in frame.columns else None

    unknown = persons.is_null().to_numpy() if persons.null_count() else np.zeros(1, np.bool_)
    late = times > as_of if as_of is not None else np.zeros(1, np.bool_)
    empty = weights == 0 if weights is not None else np.zeros(1, np.bool_)
    counts = {
        "touches_without_person": int(unknown.sum()),
        "touches_after_as_of": int(late.sum()),
        "touches_without_weight": int(empty.sum()),
    }
    rows: IntArray | None = None
    if any(counts.values()):
        rows = np.flatnonzero(np.broadcast_to(~(unknown | late | empty), times.shape))
    order = _sort_order(persons, times, codes, ties, rows)
    if order is not None:
        rows = order
    if rows is not None:
        persons, times, codes = persons.gather(rows), times[rows], codes[rows]
        weights = weights[rows] if weights is not None else None
    starts = _run_starts(persons)
    people = persons.gather(starts)
    buckets = (people.hash(seed=_BUCKET_SEED).to_numpy() % np.uint64(BUCKETS)).astype(np.uint8)
    offsets = np.append(starts, len(times)).astype(np.int64)
    used, codes = _drop_unused(codes, channels) if rows is not None else (channels, codes)
    return Touches(people, offsets, times, codes, used, weights, rows, buckets, counts)


def _run_starts(persons: pl.Series) -> IntArray:
    if not len(persons):
        return np.zeros(0, np.int64)
    changes = (persons[1:] != persons[:-1]).arg_true().to_numpy().astype(np.int64) + 1
    return np.concatenate([np.zeros(1, np.int64), changes])


def _drop_unused(codes: Codes, channels: tuple[str, ...]) -> tuple[tuple[str, ...], Codes]:
    """A channel all of whose touches were set aside never appears in the journeys."""
    seen = np.bincount(codes, minlength=len(channels)) > 0
    if seen.all():
        return channels, codes
    renumber = (np.cumsum(seen) - 1).clip(0).astype(codes.dtype)
    return tuple(name for name, kept in zip(channels, seen, strict=True) if kept), renumber[codes]


def _sort_order(
    persons: pl.Series, times: IntArray, codes: Codes, ties: pl.Series | None, rows: IntArray | None
) -> IntArray | None:
    """Rows in the order person, time, touch id, channel; None when they already lie clustered in that order."""
    if rows is not None:
        persons, times, codes = persons.gather(rows), times[rows], codes[rows]
        ties = ties.gather(rows) if ties is not None else None
    starts = _run_starts(persons)
    heads = persons.gather(starts)
    clustered = heads.is_sorted() or heads.n_unique() == len(heads)
    if clustered and _ascends(times, starts):
        order = _order_ties(times, codes, ties, starts)
        return order if rows is None or order is None else rows[order]
    if clustered:
        person = pl.Series(np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(times)))))
    else:
        person = persons.cast(pl.Categorical).to_physical() if persons.dtype == pl.String else persons
    keys = {"person": person, "time": times, "tie": ties if ties is not None else codes, "channel": codes}
    order = pl.DataFrame(keys).select(pl.arg_sort_by(list(keys))).to_series().to_numpy().astype(np.int64)
    return order if rows is None else rows[order]


def _ascends(times: IntArray, starts: IntArray) -> bool:
    falls = np.flatnonzero(times[1:] < times[:-1]) + 1
    return bool(np.isin(falls, starts).all())


def _order_ties(times: IntArray, codes: Codes, ties: pl.Series | None, starts: IntArray) -> IntArray | None:
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
    keys = {"moment": moment, "tie": codes[places] if ties is None else ties.gather(places), "channel": codes[places]}
    sorted_ = pl.DataFrame(keys).select(pl.arg_sort_by(list(keys))).to_series().to_numpy()
    order = np.arange(len(times), dtype=np.int64)
    order[places] = places[sorted_]
    return None if (order[places] == places).all() else order


def read_conversions(source: Frame, touches: Touches, as_of: int | None, *, first_only: bool) -> Conversions:
    """Conversions up to ``as_of`` sorted by person, time and id; with ``first_only`` the first of each person."""
    optional = ("value", "conversion_id", "lead_at", "opportunity_at")
    frame = collect(source, ("person_id", "converted_at"), optional, "conversions")
    times = read_times(frame, "converted_at", "conversions")
    zeros = np.zeros(len(frame))
    value = read_amounts(frame, "value", "conversions", signed=True) if "value" in frame.columns else zeros
    ids = frame["conversion_id"] if "conversion_id" in frame.columns else None
    if ids is not None and ids.drop_nulls().n_unique() < len(ids) - ids.null_count():
        raise DuplicateConversion(
            "conversions: a conversion_id occurs twice", hint="deduplicate: .unique('conversion_id')"
        )
    person = _find_people(frame["person_id"], touches.people)
    keys = {
        "person": person,
        "time": times,
        "tie": ids if ids is not None else value,
        "row": np.arange(len(frame), dtype=np.int64),
        "person_id": frame["person_id"],
        "seen": times <= as_of if as_of is not None else np.ones(len(frame), np.bool_),
    }
    table = pl.DataFrame(keys).filter("seen").sort(["person", "time", "tie"])
    counts = {"conversions_after_as_of": len(frame) - len(table), "repeat_conversions": 0}
    if first_only:
        # People without a touch all carry person -1, so the first is found by their own id.
        first = table.filter(pl.col("person_id").is_null() | pl.col("person_id").is_first_distinct())
        counts["repeat_conversions"] = len(table) - len(first)
        table = first
    rows = table["row"].to_numpy()
    return Conversions(
        person=table["person"].to_numpy(),
        times=times[rows],
        value=value[rows],
        rows=rows,
        milestones=_read_moments(frame, rows),
        counts=counts,
    )


def _find_people(wanted: pl.Series, people: pl.Series) -> IntArray:
    """Index of every wanted person among those with touches, -1 where there is none."""
    if not len(people) or wanted.dtype == pl.Null:
        return np.full(len(wanted), -1, np.int64)
    if wanted.dtype != people.dtype and not (wanted.dtype.is_integer() and people.dtype.is_integer()):
        raise BadColumn(
            f"person_id is {people.dtype} in touchpoints and {wanted.dtype} in conversions",
            hint="cast both to the same type",
        )
    known = pl.DataFrame({"person_id": people.cast(wanted.dtype), "person": np.arange(len(people), dtype=np.int64)})
    found = wanted.to_frame("person_id").join(known, on="person_id", how="left", maintain_order="left")
    return found["person"].fill_null(-1).to_numpy()


def _read_moments(frame: pl.DataFrame, rows: IntArray) -> IntArray | None:
    names = ("lead_at", "opportunity_at")
    if not any(name in frame.columns for name in names):
        return None
    unknown = np.iinfo(np.int64).min
    moments = np.full((len(rows), 2), unknown, np.int64)
    for place, name in enumerate(names):
        if name in frame.columns and frame[name].dtype != pl.Null:
            column = to_microseconds(frame[name], "conversions").fill_null(unknown)
            moments[:, place] = column.to_numpy()[rows]
    return moments
