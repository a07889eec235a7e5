"""Groups touchpoints into visits by silence between them. Journeys are built from touches or visits elsewhere."""

from datetime import timedelta

import numpy as np
import polars as pl

from attribution.columns import Frame, collect, read_duration, read_times
from attribution.events import find_sessions, run_starts
from attribution.segments import offsets_of


def sessionise(touchpoints: Frame, gap: timedelta = timedelta(minutes=30)) -> pl.DataFrame:
    """One row per session: a person's touches, each at most ``gap`` after the one before.

    ``touchpoints``: person_id (null: left out), occurred_at, channel, optional touch_id (breaks ties in time,
    then the channel's name does). The first touch names the session, as the source of a visit does; silence
    of more than ``gap`` ends it, midnight doesn't. Sorted by person and time the rows come back so.

    Returns person_id, occurred_at and ended_at (first and last touch), channel, touch_id (of the first, where
    given), touch_count. build_paths takes it as touchpoints; its option ``session_gap`` does the same and
    keeps the rows of the input.

    >>> from datetime import datetime
    >>> seen = pl.DataFrame({"person_id": [1, 1, 1], "channel": ["search", "direct", "email"],
    ...     "occurred_at": [datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 9, 20), datetime(2026, 1, 1, 20)]})
    >>> sessionise(seen).select("channel", "touch_count").rows()
    [('search', 2), ('email', 1)]
    """
    frame = collect(touchpoints, ("person_id", "occurred_at", "channel"), ("touch_id",), "touchpoints")
    microseconds = read_duration(gap, "gap")
    times = pl.Series("__time", read_times(frame, "occurred_at", "touchpoints"))
    keys = ["person_id", "__time", *(["touch_id"] if "touch_id" in frame.columns else []), "channel"]
    frame = frame.with_columns(times).filter(pl.col("person_id").is_not_null()).sort(keys)
    starts = run_starts(frame["person_id"])
    offsets = np.append(starts, len(frame)).astype(np.int64)
    begins = find_sessions(frame["__time"].to_numpy(), offsets, microseconds)
    first = np.flatnonzero(begins)
    counts = np.diff(np.append(first, len(frame)))
    sessions = frame[first].drop("__time")
    return sessions.with_columns(
        frame["occurred_at"].gather(offsets_of(counts)[1:] - 1).alias("ended_at"),
        pl.Series("touch_count", counts, dtype=pl.Int64),
    )
