"""Batches of text into typed rows and rejects, by an entity and a map. Files are read and rows are loaded elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipelines.importing.entities import CHANNEL_SYNONYMS, CHANNELS, Entity, Field
from pipelines.importing.mapping import Map, Sourced
from pipelines.importing.notation import Notation, Witness, parse_dates, parse_numbers, parse_times
from pipelines.importing.shapes import LINE, Reject, Table
from tekup.errors import BadInput

_TRUE = ["true", "t", "yes", "y", "ja", "j", "1"]
_FALSE = ["false", "f", "no", "n", "nej", "0"]
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch: typed rows of which each can be loaded, and the others."""

    rows: pl.DataFrame
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class Reader:
    """All that it takes to read one file as one entity."""

    table: Table
    entity: Entity
    chosen: Map
    sourced: Sourced
    notation: Notation

    def batches(self) -> Iterator[Checked]:
        """Yield the file's rows, typed and judged one by one.

        Raises:
            BadInput: the file can't be read to its end.
        """
        for batch in self.table.batches():
            checked = self._check(batch.frame)
            yield Checked(checked.rows, [*batch.rejects, *checked.rejects])

    def _check(self, frame: pl.DataFrame) -> Checked:
        typed: list[pl.Series] = [frame[LINE]]
        faults: list[pl.Series] = []
        for spec in self.entity.fields:
            text = cells(frame, spec, self.sourced, self.chosen)
            read = self._typed(text, spec)
            typed.append(read.alias(spec.name))
            if (fault := self._faults(text, read, spec)) is not None:
                faults.append(fault.alias(f"fault {spec.name}"))
        rows = pl.DataFrame(typed)
        if not faults:
            return Checked(rows, [])
        reasons = pl.DataFrame(faults).select(pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)).to_series()
        is_bad = reasons != ""
        lines = frame[LINE].filter(is_bad)
        rejects = [Reject(line, reason) for line, reason in zip(lines, reasons.filter(is_bad), strict=True)]
        return Checked(rows.filter(~is_bad), rejects)

    def _typed(self, text: pl.Series, spec: Field) -> pl.Series:
        form = self.chosen.formats.get(spec.name)
        order = self.notation.orders.get(spec.name, "dmy")
        if spec.kind == "time":
            return parse_times(text, order, form, self.chosen.timezone)
        if spec.kind == "date":
            return parse_dates(text, order, form)
        if spec.kind == "integer":
            return self._whole(text, spec)
        return _word(text, spec)

    def _whole(self, text: pl.Series, spec: Field) -> pl.Series:
        number = parse_numbers(text, self.notation.decimals.get(spec.name, "."))
        factor = self.chosen.factors.get(spec.name)
        if factor is not None:
            number = (number * factor).round()
        # Without a factor a fraction is most likely an amount in whole currency, a hundredth of what is meant.
        fits = (number == number.floor()) & (number >= spec.least) & (number <= spec.most)
        return number.set(~fits, None).cast(pl.Int64, strict=False)

    def _faults(self, text: pl.Series, read: pl.Series, spec: Field) -> pl.Series | None:
        label = self.sourced.label(spec.name)
        is_wrong = text.is_not_null() & read.is_null()
        found: pl.Series | None = None
        if is_wrong.any():
            parts = (
                pl.lit(f"{label}: '"),
                text.str.slice(0, _SHOWN),
                pl.lit(f"' is not {_expected(spec, self.chosen)}"),
            )
            found = pl.select(pl.concat_str(*parts)).to_series().set(~is_wrong, None)
        if spec.is_required and text.is_null().any():
            empty = pl.Series([f"{label} is empty"]).new_from_index(0, len(text)).set(text.is_not_null(), None)
            found = empty if found is None else found.zip_with(found.is_not_null(), empty)
        return found


def cells(frame: pl.DataFrame, spec: Field, sourced: Sourced, chosen: Map) -> pl.Series:
    """A field's cells as text: its column or constant, replaced and filled as the map says."""
    column = sourced.columns[spec.name]
    if column is not None:
        text = frame[column]
    else:
        constant = chosen.constants.get(spec.name)
        text = pl.Series([None if constant is None else str(constant)], dtype=pl.String).new_from_index(0, frame.height)
    if spec.name in chosen.values:
        text = text.replace(dict(chosen.values[spec.name])).replace("", None)
    default = chosen.defaults.get(spec.name, spec.default)
    return text if default is None else text.fill_null(str(default))


def open_reader(table: Table, entity: Entity, chosen: Map, sourced: Sourced) -> Reader:
    """Read the file once to learn how it writes numbers and days.

    Raises:
        BadInput: it holds no rows, can't be read to its end, or nothing tells how its numbers or days are meant.
    """
    witness, rows = Witness(), 0
    telling = [spec for spec in entity.fields if spec.kind in ("integer", "time", "date")]
    for batch in table.batches():
        rows += batch.frame.height + len(batch.rejects)
        for spec in telling:
            if sourced.columns[spec.name] is not None and batch.frame.height:
                witness.hear(spec, batch.frame[LINE], cells(batch.frame, spec, sourced, chosen))
    if not rows:
        raise BadInput("the file holds no rows", hint="give a file with a header and at least one row")
    notation = witness.judge(
        table.unit,
        decimal=chosen.decimal,
        order=chosen.date_order,
        formatted=chosen.formats,
        is_typed=table.has_native_numbers,
    )
    return Reader(table, entity, chosen, sourced, notation)


@dataclass(slots=True)
class Repeats:
    """Finds rows whose key stood in an earlier one, over all batches."""

    entity: Entity
    unit: str
    _keys: list[pl.DataFrame] = field(default_factory=list)

    def note(self, rows: pl.DataFrame) -> None:
        """Take in a batch of typed rows."""
        key = pl.concat_str(*(pl.col(name).cast(pl.String) for name in self.entity.key), separator="\x1f")
        self._keys.append(rows.select(LINE, key=key))

    def rejects(self) -> list[Reject]:
        """Every row but the first of its key."""
        if not self._keys:
            return []
        keys = pl.concat(self._keys)
        first = pl.col(LINE).min().over("key")
        again = keys.filter(pl.col("key").is_duplicated()).with_columns(first=first).filter(pl.col(LINE) != first)
        return [
            Reject(line, f"the same key stands in {self.unit} {one}")
            for line, one in again.select(LINE, "first").iter_rows()
        ]


def _word(text: pl.Series, spec: Field) -> pl.Series:
    if spec.kind == "boolean":
        folded = text.str.to_lowercase()
        known = pl.Series(text.name, [None], dtype=pl.Boolean).new_from_index(0, len(text))
        return known.set(folded.is_in(_TRUE), True).set(folded.is_in(_FALSE), False)
    if spec.kind == "channel":
        folded = text.str.to_lowercase().str.replace_all(r"[\s-]+", "_").replace(CHANNEL_SYNONYMS)
        return folded.set(~folded.is_in(list(CHANNELS)), None)
    if spec.kind == "currency":
        upper = text.str.to_uppercase()
        return upper.set(~upper.str.contains(r"^[A-Z]{3}$"), None)
    if spec.allowed:
        folded = text.str.to_lowercase()
        return folded.set(~folded.is_in(list(spec.allowed)), None)
    # PostgreSQL's text holds every character but this one.
    return text.set(text.str.contains("\x00", literal=True), None)


def _expected(spec: Field, chosen: Map) -> str:
    if spec.allowed:
        return "one of " + ", ".join(spec.allowed)
    if spec.name in chosen.formats:
        return f"a {spec.kind} like {chosen.formats[spec.name]}"
    if spec.kind == "integer" and spec.name not in chosen.factors:
        return "a whole number" + (" (for an amount in whole currency give a factor)" if "cents" in spec.name else "")
    kinds: Mapping[str, str] = {
        "channel": "one of " + ", ".join(CHANNELS),
        "currency": "a three-letter code",
        "integer": "a number",
        "text": "storable: it holds a NUL character",
    }
    return kinds.get(spec.kind, f"a {spec.kind}")
