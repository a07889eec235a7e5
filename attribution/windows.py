"""Cuts the touches of people into journeys by the options. Reading events and joining journeys is done elsewhere."""

from dataclasses import dataclass

import numpy as np

from attribution.events import Touches
from attribution.options import POLICIES, Options
from attribution.sales import UNKNOWN, Conversions
from attribution.segments import (
    BoolArray,
    FloatArray,
    IntArray,
    bisect_right,
    keep_entries,
    last_true,
    offsets_of,
    run_ends,
    spans,
    spans_apart,
)

MICROSECONDS_PER_HOUR = 3_600_000_000.0


@dataclass
class Journeys:
    """Touch indices of some journeys end to end, their offsets, the person of each and the moment it ended."""

    touches: IntArray
    offsets: IntArray
    people: IntArray
    ended: IntArray

    def keep(self, mask: BoolArray) -> None:
        """Drop touches; no journey may lose all."""
        self.offsets = keep_entries(mask, self.offsets)
        self.touches = self.touches[mask]

    def take(self, alive: BoolArray) -> None:
        """Drop journeys."""
        lengths = np.diff(self.offsets)
        self.touches = self.touches[np.repeat(alive, lengths)]
        self.offsets = offsets_of(lengths[alive])
        self.people, self.ended = self.people[alive], self.ended[alive]


@dataclass(frozen=True)
class Piece:
    """The journeys of a chunk of people; of those that convert also the conversion (an index) and the hours."""

    won: Journeys
    lost: Journeys
    chosen: IntArray
    missed: BoolArray
    hours: FloatArray
    milestones: IntArray | None
    counts: dict[str, int]


def cut_journeys(touches: Touches, sales: Conversions, options: Options, direct: IntArray) -> Piece:
    """Journeys of people whose conversions are matched; ``direct`` are the numbers of direct visits."""
    counts: dict[str, int] = {}
    begins, ends = _find_windows(touches, sales, options)
    chosen = np.flatnonzero(ends > begins)
    first = _cap(begins[chosen], ends[chosen], options, counts)
    won = Journeys(
        spans(first, ends[chosen]), offsets_of(ends[chosen] - first), sales.person[chosen], sales.times[chosen]
    )
    chosen = chosen[_drop_old(won, touches)]
    if options.window is not None and len(touches.times):
        in_time = touches.times[won.touches[won.offsets[1:] - 1]] > won.ended - options.window
        counts["conversions_after_window"] = int((~in_time).sum())
        won.take(in_time)
        chosen = chosen[in_time]
    found = np.zeros(len(sales), np.bool_)
    found[chosen] = True
    _rewrite(won, touches, options, direct)
    lost = _find_nulls(touches, sales, ends, options, counts)
    _drop_old(lost, touches)
    _rewrite(lost, touches, options, direct)
    moments = np.repeat(won.ended, np.diff(won.offsets))
    hours = (moments - touches.times[won.touches]) / MICROSECONDS_PER_HOUR
    counts |= {"journeys": len(chosen) + len(lost.people), "unattributed_conversions": len(sales) - len(chosen)}
    return Piece(won, lost, chosen, ~found, hours, _find_milestones(touches, sales, chosen, won), counts)


def _find_windows(touches: Touches, sales: Conversions, options: Options) -> tuple[IntArray, IntArray]:
    """First touch and end of the touches of every conversion, in the order of ``sales`` (person, type, time)."""
    known = sales.person >= 0
    person = np.where(known, sales.person, 0)
    if not len(touches.times) or not len(person):
        return np.zeros(len(person), np.int64), np.zeros(len(person), np.int64)
    start, stop = touches.offsets[person], touches.offsets[person + 1]
    ends = bisect_right(touches.times, sales.times, start, stop)
    begins = bisect_right(touches.times, sales.times - options.lookback, start, ends)
    resets = sales.policy == POLICIES.index("reset")
    if resets.any():
        alike = (sales.person[1:] == sales.person[:-1]) & (sales.kind[1:] == sales.kind[:-1])
        fresh = np.ones(len(person), np.bool_)
        fresh[1:] = ~alike | (sales.times[1:] != sales.times[:-1])
        moment = np.cumsum(fresh) - 1
        first = np.flatnonzero(fresh)
        floor = start[first]
        again = alike[first[1:] - 1]
        floor[1:] = np.where(again, ends[first[:-1]], floor[1:])
        begins = np.where(resets, np.maximum(begins, floor[moment]), begins)
    return np.where(known, begins, 0), np.where(known, ends, 0)


def _find_nulls(
    touches: Touches, sales: Conversions, ends: IntArray, options: Options, counts: dict[str, int]
) -> Journeys:
    """Every journey that ended without a conversion and can't convert any more."""
    begins, stops = touches.offsets[:-1].copy(), touches.offsets[1:]
    buyers = sales.person >= 0
    if options.nulls == "journeys":
        np.maximum.at(begins, sales.person[buyers], ends[buyers])
    else:
        begins[sales.person[buyers]] = stops[sales.person[buyers]]
    people = np.flatnonzero(begins < stops) if options.nulls != "none" else np.zeros(0, np.int64)
    last = touches.times[stops[people] - 1]
    counts["open_journeys"] = 0
    if options.as_of is not None:
        closed = last <= options.as_of - options.closes_after
        counts["open_journeys"] = int((~closed).sum())
        people, last = people[closed], last[closed]
    begins, stops = begins[people], stops[people]
    old = np.flatnonzero(touches.times[begins] <= last - options.lookback)
    begins[old] = bisect_right(touches.times, last[old] - options.lookback, begins[old], stops[old])
    begins = _cap(begins, stops, options, counts)
    return Journeys(spans_apart(begins, stops, len(touches.times)), offsets_of(stops - begins), people, last)


def _cap(begins: IntArray, ends: IntArray, options: Options, counts: dict[str, int]) -> IntArray:
    """First touch of every journey after the limit on its length."""
    if options.max_touches is None:
        return begins
    capped = ends - begins > options.max_touches
    counts["capped_journeys"] = counts.get("capped_journeys", 0) + int(capped.sum())
    return np.maximum(begins, ends - options.max_touches)


def _drop_old(journeys: Journeys, touches: Touches) -> BoolArray:
    """Drop touches whose type's window is over when the journey ends; true for the journeys that keep any."""
    if touches.reaches is None or not len(journeys.touches):
        return np.ones(len(journeys.people), np.bool_)
    ended = np.repeat(journeys.ended, np.diff(journeys.offsets))
    fresh = ended - touches.times[journeys.touches] < touches.reaches[journeys.touches]
    alive = last_true(fresh, journeys.offsets) >= 0
    fresh = fresh[np.repeat(alive, np.diff(journeys.offsets))]
    journeys.take(alive)
    journeys.keep(fresh)
    return alive


def _rewrite(journeys: Journeys, touches: Touches, options: Options, direct: IntArray) -> None:
    """Apply the direct rule, then the repeat rule."""
    if options.drop_direct and len(direct) and len(journeys.touches):
        other = ~np.isin(touches.codes[journeys.touches], direct)
        only = last_true(other, journeys.offsets) < 0
        journeys.keep(other | np.repeat(only, np.diff(journeys.offsets)))
    if options.collapse and len(journeys.touches):
        journeys.keep(run_ends(touches.codes[journeys.touches], journeys.offsets))


def _find_milestones(touches: Touches, sales: Conversions, chosen: IntArray, won: Journeys) -> IntArray | None:
    """Position of the last touch at or before the moment of each milestone, -1 where unknown or before all touches."""
    if sales.milestones is None:
        return None
    times = touches.times[won.touches]
    starts, stops = won.offsets[:-1], won.offsets[1:]
    found = np.full((len(chosen), 2), -1, np.int64)
    for place in range(2):
        moment = sales.milestones[chosen, place]
        after = bisect_right(times, moment, starts, stops)
        found[:, place] = np.where(moment > UNKNOWN, after - starts - 1, -1)
    return found
