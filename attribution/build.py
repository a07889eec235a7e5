"""Builds the journeys of one tenant from its events, chunk by chunk of people. Crediting them is not done here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Unpack

import numpy as np
import polars as pl

from attribution.coding import Coder
from attribution.columns import Frame
from attribution.events import NotClustered, Touches, read_chunks, read_touches, read_whole, select_touchpoints
from attribution.options import Given, Options, read_options
from attribution.paths import Paths
from attribution.sales import Conversions, Sales, check_people, read_sales
from attribution.segments import AnyArray, offsets_of
from attribution.stitching import apply_identities
from attribution.windows import Piece, cut_journeys


def build_paths(
    touchpoints: Frame,
    conversions: Frame,
    *,
    lookback: timedelta,
    identities: Frame | None = None,
    **options: Unpack[Given],
) -> Paths:
    """Join one tenant's touchpoints and conversions into journeys.

    ``touchpoints``: person_id (any type; null: the row is set aside and counted), occurred_at (Datetime;
    without a zone it is UTC), channel (text, no null) or the columns of ``unit``, optional touch_id (breaks
    ties in time; without it, and where it ties, the channel's name does), weight (>= 0, e.g. 0.3 for a view;
    touches of weight 0 are dropped) and touch_type (for ``touch_weights``). Ascending by person they are read
    in chunks, of a lazy frame no more than that; otherwise they are sorted first.
    ``conversions``: person_id (null: unattributed), converted_at, optional value (finite, any sign; 0 when
    missing), conversion_id (unique; breaks ties), conversion_type, currency (more than one is refused),
    refund_of (the row is no conversion: its value, below 0, is added to that conversion's), lead_at and
    opportunity_at (moments, null allowed, for w_shaped and full_path).

    A conversion takes its person's touches in the half-open window (converted_at - lookback, converted_at]; it
    is unattributed where the last of them is ``conversion_window`` or more before it.
    ``policy`` for several conversions of a person and type: ``reset`` a conversion takes the touches since the
    earlier one (conversions of the same moment share theirs), ``overlap`` each takes its whole window,
    ``first`` only the first counts; a mapping of type to policy decides per type (others: reset).
    ``conversion_types`` counts these types only; who has none of them has a null journey.
    ``nulls``: ``people`` who never converted give one null journey, the touches in the ``lookback`` up to
    their last;
    ``journeys`` adds what people touched after their last conversion; ``none`` leaves null journeys out.
    ``as_of``: rows after it are set aside, and a null journey whose last touch is younger than ``lookback``
    (``conversion_window``, where shorter) is still open and set aside; None takes the data as complete.
    ``unit``: the column, or columns joined by ' / ', that are credited; null is '(not set)' but for channel.
    ``value``: the column of conversions to share out, e.g. ltv. ``touch_weights``: weight by touch_type, 1
    for others. ``touch_windows``: how long before the end of the journey touches of a type count, e.g. a day for
    views; others as long as the lookback. ``session_gap``: touches less than so long after the person's touch
    before are one session, which counts as its first touch with its largest weight and window.
    ``collapse`` keeps the last touch of a run of one channel. ``direct="drop_unless_only"`` drops
    ``direct_channel`` from journeys that have another channel. ``max_touches`` keeps the last so many touches
    of a journey. ``identities``: id and person_id as from stitch_identities; other ids stay as they are.
    Defaults: policy "reset", nulls "people", unit "channel", value "value", direct "keep", direct_channel
    "direct", collapse False, all others None.

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
    read = read_options(lookback, options)
    touchpoints, conversions = apply_identities(touchpoints, conversions, identities)
    return read_journeys(touchpoints, conversions, read)


def read_journeys(touchpoints: Frame, conversions: Frame, options: Options) -> Paths:
    """build_paths with checked options."""
    sales = read_sales(conversions, options)
    join = _Join()
    for batch in iterate(touchpoints, sales, options, join.restart):
        join.add(batch)
    return join.finish(sales)


@dataclass(frozen=True)
class Batch:
    """Touches of a chunk of people, their conversions and the journeys cut from them."""

    touches: Touches
    sales: Conversions
    piece: Piece
    coder: Coder

    def as_paths(self) -> Paths:
        """The journeys of this chunk alone."""
        join = _Join()
        join.add(self)
        return join.finish(None)


def iterate(touchpoints: Frame, sales: Sales, options: Options, restart: Callable[[], None]) -> Iterator[Batch]:
    """Journeys chunk by chunk; calls ``restart`` and gives all at once where touchpoints don't ascend by person."""
    chosen = select_touchpoints(touchpoints, options)
    try:
        yield from _iterate_chunks(chosen, sales.conversions, options)
    except NotClustered:
        restart()
        coder = Coder()
        touches = read_whole(chosen, options, coder)
        check_people(sales.conversions.person_ids, touches.people)
        yield _cut(touches, sales.conversions, options, coder)


def _iterate_chunks(chosen: Frame, left: Conversions, options: Options) -> Iterator[Batch]:
    coder = Coder()
    done = 0
    for touches in read_chunks(chosen, options, coder):
        end = done
        if len(touches.people):
            check_people(left.person_ids, touches.people)
            end = left.end_of(touches.people[-1])
        yield _cut(touches, left.take(slice(done, end)), options, coder)
        done = end
    if done < len(left):
        times, names = pl.Series("occurred_at", dtype=pl.Datetime("us")), pl.Series("channel", dtype=pl.String)
        nobody = read_touches(pl.DataFrame([left.person_ids[:0], times, names]), options, coder)
        yield _cut(nobody, left.take(slice(done, len(left))), options, coder)


def _cut(touches: Touches, sales: Conversions, options: Options, coder: Coder) -> Batch:
    matched = sales.match(touches.people)
    direct = coder.direct_codes(options.units, options.direct_channel) if options.drop_direct else np.zeros(0, np.int64)
    return Batch(touches, matched, cut_journeys(touches, matched, options, direct), coder)


class _Join:
    """Lays the journeys of batches end to end, those that convert first."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.coder = Coder()
        self.counts: dict[str, int] = {}
        self.columns: dict[str, list[AnyArray]] = {
            name: [] for name in (*_COLUMNS, *(f"{half}_{name}" for half in ("won", "lost") for name in _BOTH))
        }
        self.unattributed = [0.0, 0.0]

    def add(self, batch: Batch) -> None:
        touches, sales, piece = batch.touches, batch.sales, batch.piece
        self.coder = batch.coder
        for name, count in (touches.counts | piece.counts).items():
            self.counts[name] = self.counts.get(name, 0) + count
        self.unattributed[0] += float(piece.missed.sum())
        self.unattributed[1] += float(sales.value[piece.missed].sum())
        small = np.min_scalar_type(max(len(batch.coder.numbers), 1))
        halves = ((piece.won, "won"), (piece.lost, "lost"))
        found: dict[str, AnyArray | None] = {}
        for journeys, half in halves:
            found[f"{half}_codes"] = touches.codes[journeys.touches].astype(small)
            found[f"{half}_lengths"] = np.diff(journeys.offsets).astype(np.int32)
            found[f"{half}_buckets"] = touches.buckets[journeys.people]
        found |= {
            "value": sales.value[piece.chosen],
            "rows": sales.rows[piece.chosen],
            "touch_rows": touches.rows[piece.won.touches],
            "hours": piece.hours,
            "weights": None if touches.weights is None else touches.weights[piece.won.touches],
            "milestones": piece.milestones,
        }
        for name, column in found.items():
            if column is not None and len(column):
                self.columns[name].append(column)

    def finish(self, sales: Sales | None) -> Paths:
        """The joined journeys with what ``sales`` set aside; the batches are let go."""
        columns = {name: _concat(self.columns.pop(name), kind) for name, kind in _COLUMNS.items()}
        codes, lengths, buckets = (
            _concat(self.columns.pop(f"won_{name}") + self.columns.pop(f"lost_{name}"), kind)
            for name, kind in _BOTH.items()
        )
        channels, lookup = self.coder.names()
        won = len(columns["value"])
        nulls = np.zeros(len(lengths), np.uint8)
        nulls[won:] = 1
        return Paths(
            channels=channels,
            codes=codes if (lookup == np.arange(len(lookup))).all() else lookup[codes],
            offsets=offsets_of(lengths),
            conversions=np.ones(won),
            value=columns["value"],
            nulls=nulls,
            rows=columns["rows"],
            buckets=buckets,
            touch_rows=columns["touch_rows"],
            hours=columns["hours"],
            weights=columns["weights"] if len(columns["weights"]) else None,
            milestones=columns["milestones"] if len(columns["milestones"]) else None,
            unattributed_conversions=self.unattributed[0],
            unattributed_value=self.unattributed[1] + (float(sales.lost_refunds[1].sum()) if sales else 0.0),
            counts=self.counts | (sales.counts if sales else {}),
        )


# What journeys that convert and null journeys both have; their lengths are no longer than an int32.
_BOTH: dict[str, type[np.generic]] = {"codes": np.uint8, "lengths": np.int32, "buckets": np.uint8}
_COLUMNS: dict[str, type[np.generic]] = {
    "value": np.float64,
    "rows": np.int64,
    "touch_rows": np.int64,
    "hours": np.float64,
    "weights": np.float64,
    "milestones": np.int64,
}


def _concat(parts: list[Any], kind: type[np.generic]) -> Any:
    """Arrays end to end, of ``kind`` where there are none."""
    return np.concatenate(parts) if parts else np.zeros(0, kind)
