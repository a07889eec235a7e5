"""Finds journeys: which touches lead to which conversion, and which lead nowhere. Crediting them is not done here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from attribution.columns import Frame, read_choice, read_duration, read_moment
from attribution.errors import BadParameter
from attribution.events import Conversions, Touches, read_conversions, read_touches
from attribution.paths import Codes, Paths
from attribution.segments import (
    BoolArray,
    IntArray,
    bisect_right,
    keep_entries,
    last_true,
    offsets_of,
    run_ends,
    spans,
    spans_apart,
)

_MICROSECONDS_PER_HOUR = 3_600_000_000.0


@dataclass(frozen=True)
class _Rules:
    lookback: int
    policy: str
    nulls: str
    as_of: int | None
    collapse: bool
    drop_direct: bool
    direct_channel: str
    max_touches: int | None


@dataclass
class _Journeys:
    """Touch indices of some journeys end to end, and their offsets."""

    touches: IntArray
    offsets: IntArray

    def keep(self, mask: BoolArray) -> None:
        self.offsets = keep_entries(mask, self.offsets)
        self.touches = self.touches[mask]


def build_paths(
    touchpoints: Frame,
    conversions: Frame,
    *,
    lookback: timedelta,
    policy: str = "reset",
    nulls: str = "people",
    as_of: datetime | None = None,
    collapse: bool = False,
    direct: str = "keep",
    direct_channel: str = "direct",
    max_touches: int | None = None,
) -> Paths:
    """Join one tenant's touchpoints and conversions into journeys.

    ``touchpoints``: person_id (any type; null: the row is set aside and counted), occurred_at (Datetime;
    without a zone it is UTC), channel (text, no null), optional touch_id (breaks ties in time; without it the
    channel's name does) and weight (>= 0, e.g. 0.3 for a view; touches of weight 0 are dropped). Clustered by
    person and ascending in time they are read in one pass; otherwise they are sorted first.
    ``conversions``: person_id (null: unattributed), converted_at, optional value (finite, any sign; 0 when
    missing), conversion_id (unique; breaks ties), lead_at and opportunity_at (moments, null allowed, for
    w_shaped and full_path).

    A conversion takes its person's touches in the half-open window (converted_at - lookback, converted_at].
    ``policy`` for several conversions of a person: ``reset`` a conversion takes the touches since the earlier
    one (conversions of the same moment share theirs), ``overlap`` each takes its whole window, ``first`` only
    the first counts.
    ``nulls``: ``people`` who never converted give one null journey, the touches in the ``lookback`` up to
    their last;
    ``journeys`` adds what people touched after their last conversion; ``none`` leaves null journeys out.
    ``as_of``: rows after it are set aside, and a null journey whose last touch is younger than ``lookback``
    is still open and set aside; None takes the data as complete.
    ``collapse`` keeps the last touch of a run of one channel. ``direct="drop_unless_only"`` drops
    ``direct_channel`` from journeys that have another channel. ``max_touches`` keeps the last so many touches
    of a journey.

    Returns Paths; what was set aside is in ``.counts``, conversions without a touch in
    ``.unattributed_conversions`` and ``.unattributed_value``. Raises subclasses of tekup.errors.BadInput.

    >>> import polars as pl
    >>> from datetime import datetime, timedelta
    >>> touchpoints = pl.DataFrame({
    ...     "person_id": [1, 1, 2], "channel": ["search", "email", "search"],
    ...     "occurred_at": [datetime(2026, 1, 1), datetime(2026, 1, 3), datetime(2026, 1, 2)]})
    >>> conversions = pl.DataFrame({"person_id": [1], "converted_at": [datetime(2026, 1, 4)], "value": [100]})
    >>> build_paths(touchpoints, conversions, lookback=timedelta(days=30)).frame.rows()
    [(['search', 'email'], 1.0, 100.0, 0.0), (['search'], 0.0, 0.0, 1.0)]
    """
    if max_touches is not None and (isinstance(max_touches, bool) or max_touches < 1):
        raise BadParameter(f"max_touches is {max_touches!r}", hint="a whole number from 1, or None for no limit")
    rules = _Rules(
        lookback=read_duration(lookback, "lookback"),
        policy=read_choice(policy, "policy", ("reset", "overlap", "first")),
        nulls=read_choice(nulls, "nulls", ("people", "journeys", "none")),
        as_of=read_moment(as_of, "as_of"),
        collapse=collapse,
        drop_direct=read_choice(direct, "direct", ("keep", "drop_unless_only")) == "drop_unless_only",
        direct_channel=direct_channel,
        max_touches=max_touches,
    )
    touches = read_touches(touchpoints, rules.as_of)
    sales = read_conversions(conversions, touches, rules.as_of, first_only=rules.policy == "first")
    counts = {**touches.counts, **sales.counts}

    begins, ends = _find_windows(touches, sales, rules)
    chosen = np.flatnonzero(ends > begins)
    begins = _cap(begins[chosen], ends[chosen], rules, counts)
    won = _cut(_Journeys(spans(begins, ends[chosen]), offsets_of(ends[chosen] - begins)), touches, rules)
    null_begins, null_ends, null_people = _find_null_windows(touches, sales, ends, rules, counts)
    null_begins = _cap(null_begins, null_ends, rules, counts)
    null_touches = spans_apart(null_begins, null_ends, len(touches.times))
    lost = _cut(_Journeys(null_touches, offsets_of(null_ends - null_begins)), touches, rules)

    people = sales.person[chosen]
    missed = np.ones(len(sales.times), np.bool_)
    missed[chosen] = False
    counts |= {"journeys": len(chosen) + len(null_people), "unattributed_conversions": int(missed.sum())}
    moments = np.repeat(sales.times[chosen], np.diff(won.offsets))
    return Paths(
        channels=touches.channels,
        codes=np.concatenate([touches.codes[won.touches], touches.codes[lost.touches]]),
        offsets=np.concatenate([won.offsets, won.offsets[-1] + lost.offsets[1:]]),
        conversions=np.ones(len(chosen)),
        value=sales.value[chosen],
        nulls=np.concatenate([np.zeros(len(chosen), np.uint8), np.ones(len(null_people), np.uint8)]),
        rows=sales.rows[chosen],
        buckets=touches.buckets[np.concatenate([people, null_people])],
        touch_rows=won.touches if touches.rows is None else touches.rows[won.touches],
        hours=(moments - touches.times[won.touches]) / _MICROSECONDS_PER_HOUR,
        weights=None if touches.weights is None else touches.weights[won.touches],
        milestones=_find_milestones(touches, sales, chosen, won),
        unattributed_conversions=float(missed.sum()),
        unattributed_value=float(sales.value[missed].sum()),
        counts=counts,
    )


def _find_windows(touches: Touches, sales: Conversions, rules: _Rules) -> tuple[IntArray, IntArray]:
    """First touch and end of the touches of every conversion, in the order of ``sales`` (person, time)."""
    known = sales.person >= 0
    person = np.where(known, sales.person, 0)
    if not len(touches.times):
        return np.zeros(len(person), np.int64), np.zeros(len(person), np.int64)
    start, stop = touches.offsets[person], touches.offsets[person + 1]
    ends = bisect_right(touches.times, sales.times, start, stop)
    begins = bisect_right(touches.times, sales.times - rules.lookback, start, ends)
    if rules.policy == "reset" and len(person):
        fresh = np.ones(len(person), np.bool_)
        fresh[1:] = (sales.person[1:] != sales.person[:-1]) | (sales.times[1:] != sales.times[:-1])
        moment = np.cumsum(fresh) - 1
        first = np.flatnonzero(fresh)
        floor = start[first]
        again = sales.person[first[1:]] == sales.person[first[:-1]]
        floor[1:] = np.where(again, ends[first[:-1]], floor[1:])
        begins = np.maximum(begins, floor[moment])
    return np.where(known, begins, 0), np.where(known, ends, 0)


def _find_null_windows(
    touches: Touches, sales: Conversions, ends: IntArray, rules: _Rules, counts: dict[str, int]
) -> tuple[IntArray, IntArray, IntArray]:
    """First touch, end and person of every journey that ended without a conversion and can't any more."""
    begins, stops = touches.offsets[:-1].copy(), touches.offsets[1:]
    buyers = sales.person >= 0
    if rules.nulls == "journeys":
        np.maximum.at(begins, sales.person[buyers], ends[buyers])
    else:
        begins[sales.person[buyers]] = stops[sales.person[buyers]]
    people = np.flatnonzero(begins < stops) if rules.nulls != "none" else np.zeros(0, np.int64)
    last = touches.times[stops[people] - 1]
    counts["open_journeys"] = 0
    if rules.as_of is not None:
        closed = last <= rules.as_of - rules.lookback
        counts["open_journeys"] = int((~closed).sum())
        people, last = people[closed], last[closed]
    begins, stops = begins[people], stops[people]
    old = np.flatnonzero(touches.times[begins] <= last - rules.lookback)
    begins[old] = bisect_right(touches.times, last[old] - rules.lookback, begins[old], stops[old])
    return begins, stops, people


def _cap(begins: IntArray, ends: IntArray, rules: _Rules, counts: dict[str, int]) -> IntArray:
    """First touch of every journey after the limit on its length."""
    if rules.max_touches is None:
        return begins
    capped = ends - begins > rules.max_touches
    counts["capped_journeys"] = counts.get("capped_journeys", 0) + int(capped.sum())
    return np.maximum(begins, ends - rules.max_touches)


def _cut(journeys: _Journeys, touches: Touches, rules: _Rules) -> _Journeys:
    """Apply the direct rule, then the repeat rule."""
    codes: Codes = touches.codes
    if rules.drop_direct and rules.direct_channel in touches.channels and len(journeys.touches):
        other = codes[journeys.touches] != touches.channels.index(rules.direct_channel)
        only = last_true(other, journeys.offsets) < 0
        journeys.keep(other | np.repeat(only, np.diff(journeys.offsets)))
    if rules.collapse and len(journeys.touches):
        journeys.keep(run_ends(codes[journeys.touches], journeys.offsets))
    return journeys


def _find_milestones(touches: Touches, sales: Conversions, chosen: IntArray, won: _Journeys) -> IntArray | None:
    """Position of the last touch at or before the moment of each milestone, -1 where unknown or before all touches."""
    if sales.milestones is None:
        return None
    times = touches.times[won.touches]
    starts, stops = won.offsets[:-1], won.offsets[1:]
    found = np.full((len(chosen), 2), -1, np.int64)
    for place in range(2):
        moment = sales.milestones[chosen, place]
        known = moment > np.iinfo(np.int64).min
        after = bisect_right(times, moment, starts, stops)
        found[:, place] = np.where(known, after - starts - 1, -1)
    return found
