"""Sums over journeys that can be added and taken away, so that a day's changes need no full recount.

Crediting from sums is in counted.py; summing batches of journeys is in gathering.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Unpack

import numpy as np
import polars as pl

from attribution.build import iterate
from attribution.columns import Frame
from attribution.errors import BadParameter
from attribution.gathering import Asked, Gathering, Plan, add_up, digits_of, part_kind
from attribution.options import Given, Options, read_options
from attribution.paths import Paths
from attribution.sales import read_sales
from attribution.stitching import apply_identities
from attribution.sums import AMOUNTS, CELL, SUMS


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Sums of one tenant's journeys by day, bucket of people and whether they converted.

    ``sums``: part (what is summed: touch, journey, unattributed, or a model and its parameters), converted,
    day (of the conversion; of a null journey the day of its last touch; null where days are not kept apart),
    bucket (0..255), d0.. (channels as index into ``channels``, newest first, -1 for none), weight
    (conversions, nulls or transitions), gains and losses (value above and below 0). Counts of the same
    options add with + and subtract with -; ``found`` says what was set aside.
    """

    channels: tuple[str, ...]
    sums: pl.DataFrame
    options: Options
    plans: tuple[Plan, ...]
    days: bool
    buckets: int
    found: Mapping[str, int]

    def __repr__(self) -> str:
        return f"Counts({len(self.sums)} sums, {len(self.channels)} channels, of {', '.join(self.models)})"

    @property
    def models(self) -> tuple[str, ...]:
        """The models that can be credited, with their parameters."""
        return tuple(plan.label for plan in self.plans)

    def __add__(self, other: "Counts") -> "Counts":
        return self._combine(other, 1)

    def __sub__(self, other: "Counts") -> "Counts":
        return self._combine(other, -1)

    def _combine(self, other: "Counts", sign: int) -> "Counts":
        alike = (self.options, self.plans, self.days, self.buckets)
        if alike != (other.options, other.plans, other.days, other.buckets):
            raise BadParameter("these counts were made with different options", hint="count both with the same ones")
        channels = tuple(sorted({*self.channels, *other.channels}))
        signed = other.sums.with_columns(pl.col(AMOUNTS) * sign)
        parts = [_renumber(self.sums, self.channels, channels), _renumber(signed, other.channels, channels)]
        names = {*self.found, *other.found}
        found = {name: self.found.get(name, 0) + sign * other.found.get(name, 0) for name in sorted(names)}
        return _tidy(replace(self, channels=channels, sums=add_up(parts), found=found))

    def as_frame(self) -> pl.DataFrame:
        """The sums with names of channels, in the columns of SUMS; in key '' stands for no channel."""
        names = pl.Series([*self.channels, ""], dtype=pl.String)
        digits = digits_of(self.sums)
        named = self.sums.with_columns(
            names.gather(self.sums[d].replace(-1, len(self.channels))).alias(d) for d in digits
        )
        key = pl.concat_list(digits).alias("key")
        return named.select(pl.col("part").cast(pl.String), *CELL, key, *AMOUNTS).cast(SUMS)

    def with_frame(self, frame: pl.DataFrame) -> "Counts":
        """Counts of the same options from the sums of another ``as_frame``; rows of other parts are passed over."""
        kind = part_kind(self.plans)
        frame = frame.filter(pl.col("part").is_in(kind.categories.implode()))
        channels = tuple(sorted(set(frame["key"].explode().drop_nulls()) - {""}))
        width = int(frame["key"].list.len().max() or 1)  # type: ignore[arg-type]
        codes = {name: code for code, name in enumerate(channels)} | {"": -1}
        digits = [
            pl.col("key")
            .list.get(d, null_on_oob=True)
            .fill_null("")
            .replace_strict(codes, return_dtype=pl.Int32)
            .alias(f"d{d}")
            for d in range(width)
        ]
        sums = frame.select(pl.col("part").cast(kind), *CELL, *digits, *AMOUNTS).cast({"bucket": pl.UInt8})
        return _tidy(replace(self, channels=channels, sums=add_up([sums])))


def count_paths(
    touchpoints: Frame,
    conversions: Frame,
    *,
    lookback: timedelta,
    models: Sequence[Asked] = ("markov",),
    days: bool = False,
    buckets: int = 256,
    identities: Frame | None = None,
    **options: Unpack[Given],
) -> Counts:
    """Build journeys as build_paths does and keep only what the models need of them, never all at once.

    ``models``: names, or pairs of name and parameters: rules, ``participation``, ``shapley`` (counts) and
    ``markov`` of any order; the others are not sums over journeys. ``days`` keeps days (UTC) apart, for
    credit of a period and null journeys that close later; ``buckets`` of people (1, or a power of two up to
    256) are what intervals draw. ``lookback``, ``identities`` and further ``options``: as in build_paths.
    With ``days`` leave ``as_of`` to credit_counts. Touchpoints that ascend by person are read in batches: a
    lazy frame of any length in some 0.3 GB.

    Returns Counts; see credit_counts and recount. Raises subclasses of tekup.errors.BadInput.

    >>> from datetime import datetime
    >>> touchpoints = pl.DataFrame({
    ...     "person_id": [1, 1, 2], "channel": ["search", "email", "search"],
    ...     "occurred_at": [datetime(2026, 1, 1), datetime(2026, 1, 3), datetime(2026, 1, 2)]})
    >>> conversions = pl.DataFrame({"person_id": [1], "converted_at": [datetime(2026, 1, 4)], "value": [100]})
    >>> count_paths(touchpoints, conversions, lookback=timedelta(days=30), models=["linear"], buckets=1)
    Counts(7 sums, 2 channels, of linear(per='touch'))
    """
    like = plan_counts(lookback=lookback, models=models, days=days, buckets=buckets, **options)
    return count_frames(apply_identities(touchpoints, conversions, identities), like)


def count_journeys(paths: Paths, like: Counts) -> Counts:
    """Counts of the journeys that build_paths found, for the models of ``like`` (from plan_counts, without days).

    What count_paths gives of the same touchpoints and conversions, where the journeys are wanted as well.

    >>> from datetime import datetime
    >>> from attribution.build import build_paths
    >>> seen = pl.DataFrame({"person_id": [1, 1], "channel": ["search", "email"],
    ...     "occurred_at": [datetime(2026, 1, 1), datetime(2026, 1, 3)]})
    >>> sold = pl.DataFrame({"person_id": [1], "converted_at": [datetime(2026, 1, 4)], "value": [100]})
    >>> like = plan_counts(lookback=timedelta(days=30), models=["last"])
    >>> count_journeys(build_paths(seen, sold, lookback=timedelta(days=30)), like)
    Counts(4 sums, 2 channels, of last)
    """
    if like.days or paths.buckets is None:
        raise BadParameter("journeys that are built already are counted without days", hint="use count_paths")
    gathering = Gathering(like.plans, days=False, buckets=like.buckets)
    gathering.add_journeys(paths)
    found = dict(sorted(paths.counts.items()))
    return _tidy(replace(like, channels=tuple(gathering.names), sums=gathering.finish(), found=found))


def plan_counts(
    *, lookback: timedelta, models: Sequence[Asked], days: bool = False, buckets: int = 256, **options: Unpack[Given]
) -> Counts:
    """Counts of nothing that say what is to be counted, for count_journeys; arguments as of count_paths.

    >>> plan_counts(lookback=timedelta(days=30), models=["linear", ("markov", {"order": 2})]).models
    ("linear(per='touch')", "markov(order=2, states='padded')")
    """
    read = read_options(lookback, options)
    if isinstance(buckets, bool) or buckets not in {1 << bits for bits in range(9)}:
        raise BadParameter(f"buckets is {buckets!r}", hint="1, or a power of two up to 256")
    plans = tuple({plan.label: plan for plan in map(Plan.read, models)}.values())
    return Counts((), pl.DataFrame(), read, plans, days, buckets, {})


def recount(
    counts: Counts,
    before: tuple[Frame, Frame],
    after: tuple[Frame, Frame],
    *,
    identities: Frame | None = None,
) -> Counts:
    """Counts after a change: the changed people's journeys as they were are taken away, as they are now added.

    ``before`` and ``after``: touchpoints and conversions of exactly the people that changed (any touch or
    conversion that is new, late, altered or deleted), as they stood and as they stand, whole in both. Equal
    to a full recount, at the cost of these people only. People merged or split by ``identities`` are changed
    people too: give both frames with the person that each row had and has.

    >>> from datetime import datetime
    >>> seen = pl.DataFrame({"person_id": [1, 2], "channel": ["search", "email"],
    ...     "occurred_at": [datetime(2026, 1, 1), datetime(2026, 1, 3)]})
    >>> sold = pl.DataFrame({"person_id": [2], "converted_at": [datetime(2026, 1, 4)]})
    >>> counts = count_paths(seen, sold, lookback=timedelta(days=30), models=["last"])
    >>> none = sold.clear()
    >>> recount(counts, (seen[:1], none), (seen[:0], none)).channels
    ('email',)
    """
    taken, given = (count_frames(apply_identities(*frames, identities), counts) for frames in (before, after))
    return counts - taken + given


def count_frames(frames: tuple[Frame, Frame], like: Counts) -> Counts:
    """Counts of touchpoints and conversions, of the same options as ``like``."""
    sales = read_sales(frames[1], like.options)
    gathering = Gathering(like.plans, days=like.days, buckets=like.buckets)
    for batch in iterate(frames[0], sales, like.options, gathering.restart):
        gathering.add(batch)
    gathering.add_refunds(sales)
    found = {name: gathering.found.get(name, 0) + sales.counts.get(name, 0) for name in gathering.found | sales.counts}
    counts = replace(like, channels=tuple(gathering.names), sums=gathering.finish(), found=dict(sorted(found.items())))
    return _tidy(counts)


def _tidy(counts: Counts) -> Counts:
    """Channels sorted, and only those that some journey still meets."""
    touched = counts.sums.filter((pl.col("part") == "touch") & (pl.col("weight") > 0))["d0"].unique()
    channels = tuple(sorted(counts.channels[code] for code in touched))
    sums = _renumber(counts.sums, counts.channels, channels)
    return replace(counts, channels=channels, sums=sums.sort(["part", *CELL, *digits_of(sums)]))


def _renumber(sums: pl.DataFrame, old: tuple[str, ...], new: tuple[str, ...]) -> pl.DataFrame:
    """The sums with channels as index into the new names; sums of channels that are gone are left out."""
    if old == new:
        return sums
    codes = {name: code for code, name in enumerate(new)}
    # The last place answers for -1, which stays.
    lookup = np.array([*(codes.get(name, -2) for name in old), -1], np.int32)
    digits = {name: lookup[sums[name].to_numpy()] for name in digits_of(sums)}
    known = np.all([codes > -2 for codes in digits.values()], axis=0)
    return sums.with_columns(**{name: pl.Series(codes) for name, codes in digits.items()}).filter(pl.Series(known))
