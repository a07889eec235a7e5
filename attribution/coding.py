"""Numbers the names of what is credited, alike over many batches. Models are not known here."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from attribution.errors import BadColumn
from attribution.segments import IntArray

JOINT = " / "
NOT_SET = "(not set)"
# Separates the parts of a combined unit until it is shown; no tracking parameter holds it.
_SEPARATOR = "\x1f"
_SLOTS = 12
_FULL = 1 << 10
# Rows whose arrays stay in the second-level cache.
_BLOCK = 1 << 15
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)
# The first word of a view begins with the text's length, which is no more than an int32.
_NO_VIEW = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_Wide = npt.NDArray[np.uint64]


def unit_column(units: tuple[str, ...]) -> pl.Expr:
    """The column to number: the channel as it is; other columns with '(not set)' for nulls, several joined."""
    if units == ("channel",):
        return pl.col("channel")
    parts = [pl.col(name).cast(pl.String).fill_null(NOT_SET) for name in units]
    return pl.concat_str(parts, separator=_SEPARATOR).alias("channel")


@dataclass
class Coder:
    """Gives each name the next free number when it is first met; ``seen`` marks those that journeys may hold."""

    numbers: dict[str, int] = field(default_factory=dict)
    seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def encode(self, column: pl.Series) -> IntArray:
        """Number of every entry; raises BadColumn for nulls and for columns that are no names."""
        if column.null_count():
            raise BadColumn(
                f"touchpoints: {column.null_count()} touches have no channel",
                hint="name what is unknown, e.g. fill_null('direct')",
            )
        if not column.dtype.is_integer() and column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
            raise BadColumn(f"touchpoints: channel names are {column.dtype}, not text", hint="cast them to String")
        if column.dtype != pl.String:
            column = column.cast(pl.String)
        parts = [self._encode_chunk(chunk) for chunk in column.get_chunks()]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def see(self, codes: IntArray) -> None:
        """Note that these numbers are in use."""
        met = np.bincount(codes, minlength=len(self.numbers)) > 0
        met[: len(self.seen)] |= self.seen
        self.seen = met

    def ranks(self) -> IntArray:
        """Place of every number in the alphabet of names."""
        ranks = np.empty(len(self.numbers), np.int64)
        ranks[np.argsort(np.array(list(self.numbers), dtype=object))] = np.arange(len(self.numbers))
        return ranks

    def names(self) -> tuple[tuple[str, ...], npt.NDArray[np.unsignedinteger]]:
        """The names in use, sorted, and for every number its place among them in the smallest unsigned type."""
        shown = [name.replace(_SEPARATOR, JOINT) for name in self.numbers]
        used = sorted((shown[code], code) for code in np.flatnonzero(self.seen))
        for (left, _), (right, _) in pairwise(used):
            if left == right:
                raise BadColumn(f"two units are both shown as {left!r}", hint=f"replace {JOINT!r} within the names")
        lookup = np.zeros(max(len(shown), 1), np.min_scalar_type(max(len(used), 1)))
        for place, (_, code) in enumerate(used):
            lookup[code] = place
        return tuple(name for name, _ in used), lookup

    def direct_codes(self, units: tuple[str, ...], direct: str) -> IntArray:
        """Numbers of direct visits: the channel's part says so if the unit has one, else the whole name."""
        place = units.index("channel") if "channel" in units else None
        names = [name if place is None else name.split(_SEPARATOR)[place] for name in self.numbers]
        return np.array([code for code, name in enumerate(names) if name == direct], np.int64)

    def _number(self, names: list[str]) -> IntArray:
        # New names in the order of the alphabet: numbers that are already sorted need no second look-up.
        for name in sorted({name for name in names if name not in self.numbers}):
            self.numbers[name] = len(self.numbers)
        return np.array([self.numbers[name] for name in names], np.int64)

    def _encode_chunk(self, column: pl.Series) -> IntArray:
        found = self._encode_views(column)
        if found is not None:
            return found
        names = column.unique().sort()
        places = column.cast(pl.Enum(names)).to_physical().to_numpy()
        numbers: IntArray = self._number(names.to_list())[places]
        return numbers

    def _encode_views(self, column: pl.Series) -> IntArray | None:
        """Read the 16 bytes that stand for a text (Arrow's string view), which repeat where names do.

        Parquet's dictionaries and repeated short names give few different views, so that one table look-up
        per row replaces hashing its text: 8 instead of 24 ns. None where views are many or collide.
        """
        array = column.to_arrow(compat_level=pl.CompatLevel.newest())
        body = array.buffers()[1] if len(array) else None
        if body is None or str(array.type) != "string_view":
            return None
        views = np.frombuffer(body, np.uint64)[2 * array.offset : 2 * (array.offset + len(array))].reshape(-1, 2)
        codes = np.empty(len(views), np.int64)
        slots_of = 1 << _SLOTS
        table = _Table(np.zeros(slots_of, np.uint64), np.full(slots_of, _NO_VIEW), np.full(slots_of, -1))
        for begin in range(0, len(views), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            first = views[part, 0]
            keys: _Wide = (first * _FIRST) ^ (views[part, 1] * _SECOND)
            slots = (keys >> np.uint64(64 - _SLOTS)).astype(np.intp)
            if not table.holds(slots, keys, first):
                holder = np.full(1 << _SLOTS, -1, np.int64)
                holder[slots] = np.arange(len(slots))
                taken = np.flatnonzero((holder >= 0) & (table.numbers < 0))
                rows = holder[taken]
                table.keys[taken], table.first[taken] = keys[rows], first[rows]
                # entry by entry: there are few, and a gather of polars costs as much as a hundred
                table.numbers[taken] = self._number([column[row] for row in (rows + begin).tolist()])
                if len(taken) > _FULL or not table.holds(slots, keys, first):
                    return None
            codes[part] = table.numbers[slots]
        return codes


@dataclass(frozen=True)
class _Table:
    """Number of the name whose mixed view falls into each slot, -1 while free.

    Both multipliers are odd, so equal mixed keys and equal first words mean equal views. The first word of a free slot
    is no text's.
    """

    keys: _Wide
    first: _Wide
    numbers: IntArray

    def holds(self, slots: IntArray, keys: _Wide, first: _Wide) -> bool:
        return bool((self.first[slots] == first).all() and (self.keys[slots] == keys).all())
