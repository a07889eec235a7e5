"""The journeys that models credit, held as flat arrays, and their frames. How journeys are found is in build.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from attribution.columns import collect, read_amounts, read_channels
from attribution.errors import BadColumn, NegativeAmount, NoPaths, ValueWithoutConversion
from attribution.segments import FloatArray, IntArray, offsets_of, positions, spans

UNATTRIBUTED = "(unattributed)"
Codes = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, eq=False, repr=False)
class Paths:
    """Journeys, those that convert first, none of them empty.

    With J journeys of which C convert, T touches of which T_c belong to converting journeys:
    ``channels`` sorted names; ``codes`` (T,) index into them; ``offsets`` (J + 1,); ``conversions`` (C,)
    above 0;
    ``value`` (C,) any sign; ``nulls`` (J,) how often the journey ended without conversion; ``buckets`` (J,)
    0..255, the hashed person, None for a frame of paths; ``rows`` (C,) the row of the input that a journey
    came from;
    ``touch_rows`` (T_c,) likewise of a touch, None for a frame of paths; ``hours`` (T_c,) from touch to
    conversion, None when unknown; ``weights`` (T_c,) of touches, None means 1; ``milestones`` (C, 2) the
    position of the touch at which the lead and the opportunity were created, -1 where unknown.
    ``counts`` says what was set aside and why. Conversions without a touch are the two ``unattributed_``
    sums.
    """

    channels: tuple[str, ...]
    codes: Codes
    offsets: IntArray
    conversions: FloatArray
    value: FloatArray
    nulls: npt.NDArray[np.generic]
    rows: IntArray
    buckets: npt.NDArray[np.uint8] | None = None
    touch_rows: IntArray | None = None
    hours: FloatArray | None = None
    weights: FloatArray | None = None
    milestones: IntArray | None = None
    unattributed_conversions: float = 0.0
    unattributed_value: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        return (
            f"Paths({len(self)} journeys, {len(self.conversions)} converting, {int(self.offsets[-1])} touches, "
            f"{len(self.channels)} channels, {self.unattributed_conversions:g} conversions unattributed)"
        )

    @property
    def converting_offsets(self) -> IntArray:
        """Offsets (C + 1,) of the converting journeys, which lie first."""
        return self.offsets[: len(self.conversions) + 1]

    @property
    def converting_codes(self) -> Codes:
        """Channel codes (T_c,) of the touches of converting journeys."""
        return self.codes[: self.converting_offsets[-1]]

    @property
    def total_conversions(self) -> float:
        """Conversions of all journeys and the unattributed ones."""
        return float(self.conversions.sum()) + self.unattributed_conversions

    @property
    def total_value(self) -> float:
        """Value of all journeys and of unattributed conversions."""
        return float(self.value.sum()) + self.unattributed_value

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per distinct path: path (list[str]), conversions, value, nulls; most conversions first."""
        converting = len(self.conversions)
        journeys = pl.DataFrame(
            {
                "path": path_lists(self.channels, self.codes, self.offsets),
                "conversions": np.concatenate([self.conversions, np.zeros(len(self) - converting)]),
                "value": np.concatenate([self.value, np.zeros(len(self) - converting)]),
                "nulls": self.nulls.astype(np.float64),
            }
        )
        return (
            journeys.group_by("path")
            .agg(pl.col("conversions", "value", "nulls").sum())
            .sort(["conversions", "nulls", "path"], descending=[True, True, False])
        )

    @cached_property
    def touches(self) -> pl.DataFrame:
        """One row per touch of a converting journey: journey, position, channel, hours (null if unknown), weight.

        ``journey`` is the row of the conversion in the input, ``touch`` (null for a frame of paths) that of
        the touch.
        """
        offsets, count = self.converting_offsets, int(self.converting_offsets[-1])
        names = pl.Series(self.channels, dtype=pl.String)
        return pl.DataFrame(
            {
                "journey": np.repeat(self.rows, np.diff(offsets)),
                "touch": pl.Series(self.touch_rows if self.touch_rows is not None else [None] * count, dtype=pl.Int64),
                "position": positions(offsets),
                "channel": names.gather(self.converting_codes.astype(np.uint32)) if count else names[:0],
                "hours": pl.Series(self.hours if self.hours is not None else [None] * count, dtype=pl.Float64),
                "weight": self.weights if self.weights is not None else np.ones(count),
            }
        )


def path_lists(channels: tuple[str, ...], codes: Codes, offsets: IntArray) -> pl.Series:
    """Journeys as a Series of list[str]."""
    names = pl.Series(channels, dtype=pl.String).gather(codes.astype(np.uint32)).to_arrow()
    lists = pl.from_arrow(pa.LargeListArray.from_arrays(pa.array(offsets), names))
    assert isinstance(lists, pl.Series)
    return lists.alias("path")


def as_paths(paths: object) -> Paths:
    """Paths as they are, or read from a frame with a path column."""
    if isinstance(paths, Paths):
        return paths
    return read_paths(paths)


def flatten_paths(column: pl.Series) -> tuple[pl.Series, IntArray]:
    """The channels of a list column end to end, and the length of each path."""
    if not isinstance(column.dtype, pl.List):
        raise BadColumn(
            f"paths: path is {column.dtype}, not a list of channel names",
            hint="for text like 'a > b': .with_columns(polars.col('path').str.split(' > '))",
        )
    if column.null_count():
        raise BadColumn(f"paths: path has {column.null_count()} nulls", hint="filter those rows first")
    lengths = column.list.len().to_numpy().astype(np.int64)
    return column.filter(pl.Series(lengths > 0)).explode(), lengths


def read_paths(source: object) -> Paths:
    """Read a frame of paths.

    Columns: path (list[str]); conversions (>= 0); optional value (any sign, 0 where conversions is 0), nulls
    (>= 0), hours (list of the path's length: hours from each touch to the conversion, >= 0), lead and
    opportunity (position of the milestone touch from 0, null where unknown). Rows may repeat a path. An empty
    path is an unattributed conversion.

    >>> read_paths(pl.DataFrame({"path": [["a", "b"], ["a"]], "conversions": [2, 0], "nulls": [1, 3]}))
    Paths(2 journeys, 1 converting, 3 touches, 2 channels, 0 conversions unattributed)
    """
    optional = ("value", "nulls", "hours", "lead", "opportunity")
    frame = collect(source, ("path", "conversions"), optional, "paths")
    if frame.is_empty():
        raise NoPaths("paths has no row", hint="give at least one path, or widen the dates")
    flat, lengths = flatten_paths(frame["path"])
    codes, channels = read_channels(flat, "paths")
    conversions = read_amounts(frame, "conversions", "paths")
    zeros = np.zeros(len(frame))
    value = read_amounts(frame, "value", "paths", signed=True) if "value" in frame.columns else zeros
    nulls = read_amounts(frame, "nulls", "paths") if "nulls" in frame.columns else zeros
    if ((conversions == 0) & (value != 0)).any():
        raise ValueWithoutConversion(
            "paths: value on a path without conversions", hint="set its conversions or drop it"
        )
    some, converts = lengths > 0, conversions > 0
    chosen = np.concatenate([np.flatnonzero(some & converts), np.flatnonzero(some & ~converts)])
    starts = offsets_of(lengths)[:-1]
    touches = spans(starts[chosen], starts[chosen] + lengths[chosen])
    rows = np.flatnonzero(some & converts)
    offsets = offsets_of(lengths[chosen])
    return Paths(
        channels=channels,
        codes=codes[touches],
        offsets=offsets,
        conversions=conversions[rows],
        value=value[rows],
        nulls=nulls[chosen],
        rows=rows,
        hours=_read_hours(frame, lengths, touches[: int(offsets[len(rows)])]),
        milestones=_read_milestones(frame, rows, lengths),
        unattributed_conversions=float(conversions[~some].sum()),
        unattributed_value=float(value[~some].sum()),
        counts={"journeys": len(chosen), "empty_paths": int((~some).sum())},
    )


def _read_hours(frame: pl.DataFrame, lengths: IntArray, touches: IntArray) -> FloatArray | None:
    if "hours" not in frame.columns:
        return None
    column = frame["hours"]
    if not isinstance(column.dtype, pl.List) or column.null_count():
        raise BadColumn("paths: hours is not a list of numbers in each row", hint="one number of hours per touch")
    if (column.list.len().to_numpy() != lengths).any():
        raise BadColumn("paths: hours and path differ in length", hint="one number of hours per touch")
    flat = column.filter(pl.Series(lengths > 0)).explode().to_frame("hours")
    try:
        return read_amounts(flat, "hours", "paths")[touches]
    except NegativeAmount as fault:
        raise NegativeAmount(
            "paths: hours is below zero, a touch lies after its conversion",
            hint="keep touches at or before the conversion",
        ) from fault


def _read_milestones(frame: pl.DataFrame, rows: IntArray, lengths: IntArray) -> IntArray | None:
    names = ("lead", "opportunity")
    if not any(name in frame.columns for name in names):
        return None
    found = np.full((len(rows), 2), -1, np.int64)
    for place, name in enumerate(names):
        if name not in frame.columns:
            continue
        column = frame[name]
        if not (column.dtype.is_integer() or column.dtype == pl.Null):
            raise BadColumn(f"paths: {name} is {column.dtype}, not a position", hint="whole numbers from 0, or null")
        marks = column.cast(pl.Int64).fill_null(-1).to_numpy()[rows]
        if (marks >= lengths[rows]).any() or (marks < -1).any():
            raise BadColumn(f"paths: {name} lies outside its path", hint="positions count from 0")
        found[:, place] = marks
    return found
