"""How a file writes numbers and days: decimal comma or point, day or month first. Nothing is guessed at.

``1.234`` is a thousand to a Dane and little more than one to an American; ``03/04/2026`` is two days. A column shows
what it means by one cell that can be read in one way only, else the file's other columns do, else the user is asked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import polars as pl

from pipelines.importing.entities import Field
from tekup.errors import BadInput

Decimal = Literal[",", "."]
Order = Literal["dmy", "mdy"]

_TIME_ENDS = (" %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %H.%M", " kl. %H:%M", " kl. %H.%M")
_ISO_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
_ZONED_TIMES = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d")
_DAY = r"^(\d{1,2})([-./])(\d{1,2})[-./]\d{4}\b"


def _sure(decimal: str, group: str) -> str:
    """A number that only someone with this decimal sign writes."""
    return (
        rf"^[+-]?(\d+{decimal}\d{{1,2}}|\d+{decimal}\d{{4,}}|0\d*{decimal}\d+|\d{{4,}}{decimal}\d+"
        rf"|\d{{1,3}}({group}\d{{3}})+{decimal}\d+|\d{{1,3}}({group}\d{{3}}){{2,}})$"
    )


_COMMA, _POINT = _sure(",", r"\."), _sure(r"\.", ",")
_EITHER = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
# Spaces of every width and the apostrophe only ever group digits.
_GROUPING = r"[\s\u00a0\u202f'’]"


@dataclass(slots=True)
class _Votes:
    """For each reading a cell that allows no other; and one that allows both."""

    seen: dict[str, tuple[int, str]] = field(default_factory=dict)
    doubtful: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Notation:
    """How each field's column is to be read."""

    decimals: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)

    def described(self) -> list[str]:
        """What was found out, in words."""
        words = {",": "decimal comma", ".": "decimal point", "dmy": "day before month", "mdy": "month before day"}
        found = [*self.decimals.items(), *self.orders.items()]
        return [f"{name}: {words[how]}" for name, how in found]


@dataclass(slots=True)
class Witness:
    """Collects what the cells of each column show, batch by batch."""

    numbers: dict[str, _Votes] = field(default_factory=dict)
    days: dict[str, _Votes] = field(default_factory=dict)

    def hear(self, spec: Field, lines: pl.Series, text: pl.Series) -> None:
        """Take in a batch of one field's cells."""
        if spec.kind == "integer":
            bare = text.str.replace_all(_GROUPING, "")
            votes = self.numbers.setdefault(spec.name, _Votes())
            _note(votes, ",", lines, text, bare.str.contains(_COMMA))
            _note(votes, ".", lines, text, bare.str.contains(_POINT))
            votes.doubtful = votes.doubtful or _first(lines, text, bare.str.contains(_EITHER))
        elif spec.kind in ("time", "date"):
            parts = text.str.extract_groups(_DAY).struct
            one, two = parts.field("1").cast(pl.Int16), parts.field("3").cast(pl.Int16)
            votes = self.days.setdefault(spec.name, _Votes())
            _note(votes, "dmy", lines, text, (one > 12) & (two <= 12))
            _note(votes, "mdy", lines, text, (two > 12) & (one <= 12))
            # With dashes and dots the day comes first, as Danes and most others write; slashes are anybody's.
            is_open = (parts.field("2") == "/") & (one <= 12) & (two <= 12) & (one != two)
            votes.doubtful = votes.doubtful or _first(lines, text, is_open)

    def judge(
        self, unit: str, *, decimal: str | None, order: str | None, formatted: Iterable[str], is_typed: bool
    ) -> Notation:
        """Decide; ``decimal`` and ``order`` are what the user says, ``formatted`` the fields with a format of theirs.

        Raises:
            BadInput: a column contradicts itself, or nothing tells how to read it.
        """
        formatted = set(formatted)
        days = {name: votes for name, votes in self.days.items() if name not in formatted}
        decimals = _decide(self.numbers, decimal, "." if is_typed else None, unit, "decimal", '"," or "."')
        orders = _decide(days, order, None, unit, "date_order", '"dmy" or "mdy"')
        return Notation(decimals, orders)  # type: ignore[arg-type]  # the votes' names are those of the literals


def _first(lines: pl.Series, text: pl.Series, hits: pl.Series) -> tuple[int, str] | None:
    place = hits.fill_null(False).arg_max() if hits.any() else None
    return None if place is None else (int(lines[place]), str(text[place]))


def _note(votes: _Votes, reading: str, lines: pl.Series, text: pl.Series, hits: pl.Series) -> None:
    if reading not in votes.seen and (found := _first(lines, text, hits)) is not None:
        votes.seen[reading] = found


def _decide(
    columns: dict[str, _Votes], said: str | None, fallback: str | None, unit: str, part: str, choice: str
) -> dict[str, str]:
    everywhere = {reading for votes in columns.values() for reading in votes.seen}
    common = everywhere.pop() if len(everywhere) == 1 else fallback
    decided: dict[str, str] = {}
    for name, votes in columns.items():
        if said is not None:
            decided[name] = said
        elif len(votes.seen) == 1:
            decided[name] = next(iter(votes.seen))
        elif len(votes.seen) > 1:
            (one, first), (two, second) = sorted(votes.seen.values())
            raise BadInput(
                f"{name}: {first!r} ({unit} {one}) and {second!r} ({unit} {two}) are written in two ways",
                hint=f"write the column in one way, or name it in the map: {part} {choice}",
            )
        elif common is not None:
            decided[name] = common
        elif votes.doubtful is not None:
            line, cell = votes.doubtful
            raise BadInput(
                f"{name}: {cell!r} ({unit} {line}) can be read in two ways, and nothing in the file tells which",
                hint=f"say it in the map: {part} {choice}",
            )
    return decided


def parse_numbers(text: pl.Series, decimal: str) -> pl.Series:
    """Read numbers with this decimal sign; null where a cell is none."""
    bare = text.str.replace_all(_GROUPING, "")
    group = r"\." if decimal == "," else ","
    sign = "," if decimal == "," else r"\."
    shaped = bare.str.contains(rf"^[+-]?(\d+|\d{{1,3}}({group}\d{{3}})+)?({sign}\d+)?([eE][+-]?\d+)?$")
    plain = bare.str.replace_all(group, "").str.replace(",", ".", literal=True)
    return plain.set(~shaped, None).cast(pl.Float64, strict=False)


def parse_times(text: pl.Series, order: str, form: str | None, zone: str) -> pl.Series:
    """Read points in time as UTC; a time that names no zone is meant in ``zone``, a bare day begins there."""
    if form is not None:
        return _zoned(form, text) if form.endswith(("%z", "%#z")) else _local(form, zone, text)
    iso, other = _by_shape(text)
    found = pl.Series(text.name, [None] * len(text), dtype=pl.Datetime("us", "UTC"))
    for form in _ZONED_TIMES:
        found = _fill(found, iso, partial(_zoned, form))
    for form in _ISO_TIMES:
        found = _fill(found, iso, partial(_local, form, zone))
    for form in (day + end for day in _day_forms(order) for end in _TIME_ENDS):
        found = _fill(found, other, partial(_local, form, zone))
    return _fill(found, text, lambda part: _placed(parse_dates(part, order, None).cast(pl.Datetime("us")), zone))


def parse_dates(text: pl.Series, order: str, form: str | None) -> pl.Series:
    """Read days; a time of midnight, as spreadsheets add it, is none."""
    if form is not None:
        return _day(form, text)
    iso, other = _by_shape(text.str.replace(r"[ T]00:00(:00(\.0+)?)?$", ""))
    found = pl.Series(text.name, [None] * len(text), dtype=pl.Date)
    for form in _ISO_DATES:
        found = _fill(found, iso, partial(_day, form))
    for form in _day_forms(order):
        found = _fill(found, other, partial(_day, form))
    return found


def _zoned(form: str, text: pl.Series) -> pl.Series:
    return text.str.to_datetime(form, strict=False, time_zone="UTC", time_unit="us")


def _local(form: str, zone: str, text: pl.Series) -> pl.Series:
    return _placed(text.str.to_datetime(form, strict=False, time_unit="us"), zone)


def _day(form: str, text: pl.Series) -> pl.Series:
    return text.str.to_date(form, strict=False)


def _day_forms(order: str) -> tuple[str, ...]:
    parts = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    return tuple(sign.join((*parts, "%Y")) for sign in "-./")


def _by_shape(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cells that begin with a year of four digits, and those that have one in the third place.

    Without that, ``02-01-26`` would be a day of the year 2 to the one parser and of the year 26 to the other.
    """
    iso = text.set(~text.str.contains(r"^\d{4}[-/]"), None)
    return iso, text.set(~text.str.contains(r"^\d{1,2}([-./])\d{1,2}[-./]\d{4}\b"), None)


def _fill(found: pl.Series, text: pl.Series, parse: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Try one more form, where cells are left that no form before has fitted: most columns need but one."""
    left = found.is_null() & text.is_not_null()
    if not left.any():
        return found
    return found.zip_with(~left, parse(text).cast(found.dtype))


def _placed(moments: pl.Series, zone: str) -> pl.Series:
    """A wall clock's time in ``zone`` as UTC; the hour that a clock shows twice is the first, the skipped one none."""
    placed = moments.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")
