"""Reads conversions, their refunds and milestones into sorted arrays. Their touches are found elsewhere."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from attribution.columns import Frame, collect, read_amounts, read_times, require, to_microseconds
from attribution.errors import BadColumn, DuplicateConversion, MissingColumn, MixedCurrencies
from attribution.options import POLICIES, Options
from attribution.segments import FloatArray, IntArray

_OPTIONAL = ("conversion_id", "conversion_type", "refund_of", "currency", "lead_at", "opportunity_at")
UNKNOWN = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Conversions:
    """Conversions sorted by person, type, time and id. ``policy`` indexes POLICIES, ``kind`` numbers the types.

    ``person`` indexes the people of the touches that they were matched with, -1 where there is none.
    """

    person_ids: pl.Series
    person: IntArray
    kind: IntArray
    policy: IntArray
    times: IntArray
    value: FloatArray
    rows: IntArray
    milestones: IntArray | None

    def __len__(self) -> int:
        return len(self.times)

    def take(self, chosen: slice | IntArray) -> "Conversions":
        """Some of them, in this order."""
        return replace(
            self,
            person_ids=self.person_ids[chosen] if isinstance(chosen, slice) else self.person_ids.gather(chosen),
            person=self.person[chosen],
            kind=self.kind[chosen],
            policy=self.policy[chosen],
            times=self.times[chosen],
            value=self.value[chosen],
            rows=self.rows[chosen],
            milestones=None if self.milestones is None else self.milestones[chosen],
        )

    def match(self, people: pl.Series) -> "Conversions":
        """The same with ``person`` as index into ``people``, sorted by it."""
        person = _find_people(self.person_ids, people)
        found = replace(self, person=person)
        if (person[1:] >= person[:-1]).all():
            return found
        # Stable: of each person, the order by type and time stays.
        return found.take(np.argsort(person, kind="stable"))

    def end_of(self, person: object) -> int:
        """How many belong to people up to this one; conversions of nobody come first."""
        nobody = self.person_ids.null_count()
        if not isinstance(person, int | str) or (isinstance(person, int) and person >= 1 << 63):
            return nobody if person is None else len(self)
        known = self.person_ids[nobody:]
        return nobody + int(known.search_sorted(pl.Series([person], dtype=known.dtype), side="right")[0])


@dataclass(frozen=True)
class Sales:
    """Conversions in the order of their person, what was set aside, and refunds (moment, value) of unknown ones."""

    conversions: Conversions
    counts: dict[str, int]
    lost_refunds: tuple[IntArray, FloatArray]


def read_sales(source: Frame, options: Options) -> Sales:
    """Conversions up to ``as_of`` with refunds taken back; only each person's first where the policy says so."""
    present = require(source, ("person_id", "converted_at"), "conversions")
    if options.value != "value":
        require(source, (options.value,), "conversions")
    if options.types is not None or set(options.policy) != {""}:
        require(source, ("conversion_type",), "conversions")
    optional = [name for name in (*_OPTIONAL, options.value) if name in present]
    frame = collect(source, ("person_id", "converted_at"), optional, "conversions")
    _check_ids(frame)
    _check_currency(frame)
    times = read_times(frame, "converted_at", "conversions")
    value = read_amounts(frame, options.value, "conversions", signed=True) if options.value in present else None
    value = np.zeros(len(frame)) if value is None else value
    seen = times <= options.as_of if options.as_of is not None else np.ones(len(frame), np.bool_)
    counts = {"conversions_after_as_of": int((~seen).sum()), "repeat_conversions": 0}
    lost = np.zeros(0, np.int64)
    if "refund_of" in frame.columns and frame["refund_of"].null_count() < len(frame):
        refund = frame["refund_of"].is_not_null().to_numpy()
        value, lost = _take_back(frame, value, refund & seen)
        counts |= {"refunds": int((refund & seen).sum()), "refunds_without_conversion": len(lost)}
        seen = seen & ~refund
    if options.types is not None:
        wanted = frame["conversion_type"].cast(pl.String).is_in(options.types).fill_null(False).to_numpy()
        counts["conversions_of_other_types"] = int((seen & ~wanted).sum())
        seen = seen & wanted
    return Sales(_sort(frame, times, value, seen, options, counts), counts, (times[lost], value[lost]))


def _sort(
    frame: pl.DataFrame,
    times: IntArray,
    value: FloatArray,
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]],
    options: Options,
    counts: dict[str, int],
) -> Conversions:
    kinds = frame["conversion_type"].cast(pl.String).fill_null("") if "conversion_type" in frame.columns else None
    policy = pl.Series(np.full(len(frame), POLICIES.index(options.policy[""]), np.int64))
    if kinds is not None and len(kinds):
        lookup = {kind: POLICIES.index(options.policy.get(kind, options.policy[""])) for kind in kinds.unique()}
        policy = kinds.replace_strict(lookup, return_dtype=pl.Int64)
    persons = frame["person_id"]
    keys = {
        "person_id": persons.cast(pl.Int64) if persons.dtype.is_integer() and persons.dtype != pl.UInt64 else persons,
        "kind": (kinds.rank("dense") if kinds is not None else policy * 0).cast(pl.Int64),
        "time": times,
        "tie": frame["conversion_id"] if "conversion_id" in frame.columns else value,
        "row": np.arange(len(frame), dtype=np.int64),
        "policy": policy,
    }
    table = pl.DataFrame(keys).filter(pl.Series(seen)).sort(["person_id", "kind", "time", "tie"], nulls_last=False)
    if (table["policy"] == POLICIES.index("first")).any():
        again = ~pl.struct("person_id", "kind").is_first_distinct() & pl.col("person_id").is_not_null()
        first = table.filter(~(again & (pl.col("policy") == POLICIES.index("first"))))
        counts["repeat_conversions"] = len(table) - len(first)
        table = first
    rows = table["row"].to_numpy()
    kind, policies = (table[name].to_numpy() for name in ("kind", "policy"))
    nobody = np.full(len(rows), -1, np.int64)
    marks = _read_milestones(frame, rows)
    return Conversions(table["person_id"], nobody, kind, policies, times[rows], value[rows], rows, marks)


def _check_ids(frame: pl.DataFrame) -> None:
    if "conversion_id" not in frame.columns:
        return
    ids = frame["conversion_id"]
    if ids.drop_nulls().n_unique() < len(ids) - ids.null_count():
        raise DuplicateConversion(
            "conversions: a conversion_id occurs twice", hint="deduplicate: .unique('conversion_id')"
        )


def _check_currency(frame: pl.DataFrame) -> None:
    if "currency" not in frame.columns:
        return
    found = sorted(str(name) for name in frame["currency"].drop_nulls().unique())
    if len(found) > 1:
        raise MixedCurrencies(
            f"conversions mix {', '.join(found[:4])}{' and more' if len(found) > 4 else ''}",
            hint="convert them to one currency, or build the paths of each currency by itself",
        )


def _take_back(
    frame: pl.DataFrame, value: FloatArray, refund: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[FloatArray, IntArray]:
    """Values after each refund (by rows, usually below 0) is added to its conversion, and refunds of unknown ones."""
    if "conversion_id" not in frame.columns:
        raise MissingColumn(
            "refund_of names conversions, but conversions lacks the column conversion_id",
            hint="give each conversion its id",
        )
    if frame["refund_of"].dtype != frame["conversion_id"].dtype:
        raise BadColumn(
            f"refund_of is {frame['refund_of'].dtype} and conversion_id {frame['conversion_id'].dtype}",
            hint="cast both to the same type",
        )
    known = frame.select(id="conversion_id").with_row_index("at").filter(pl.col("id").is_not_null())
    backs = np.flatnonzero(refund)
    wanted = frame["refund_of"].gather(backs).to_frame("id")
    found = wanted.join(known, on="id", how="left", maintain_order="left")["at"].cast(pl.Int64).fill_null(-1).to_numpy()
    corrected = value.copy()
    np.add.at(corrected, found[found >= 0], value[backs[found >= 0]])
    return corrected, backs[found < 0]


def _find_people(wanted: pl.Series, people: pl.Series) -> IntArray:
    """Index of every wanted person among those with touches, -1 where there is none."""
    if not len(people) or not len(wanted) or wanted.dtype == pl.Null:
        return np.full(len(wanted), -1, np.int64)
    check_people(wanted, people)
    if people.dtype.is_integer() and wanted.dtype == pl.Int64 and not wanted.null_count() and people.is_sorted():
        numbers, ids = people.to_numpy(), wanted.to_numpy()
        at = np.minimum(np.searchsorted(numbers, ids), len(numbers) - 1)
        return np.where(numbers[at] == ids, at, -1)
    known = pl.DataFrame({"person_id": people.cast(wanted.dtype), "person": np.arange(len(people), dtype=np.int64)})
    found = wanted.to_frame("person_id").join(known, on="person_id", how="left", maintain_order="left")
    return found["person"].fill_null(-1).to_numpy()


def check_people(wanted: pl.Series, people: pl.Series) -> None:
    """Raise BadColumn where persons of conversions and of touchpoints can't be the same."""
    free = pl.Null in (wanted.dtype, people.dtype)
    if not free and wanted.dtype != people.dtype and not (wanted.dtype.is_integer() and people.dtype.is_integer()):
        raise BadColumn(
            f"person_id is {people.dtype} in touchpoints and {wanted.dtype} in conversions",
            hint="cast both to the same type",
        )


def _read_milestones(frame: pl.DataFrame, rows: IntArray) -> IntArray | None:
    names = ("lead_at", "opportunity_at")
    if not any(name in frame.columns for name in names):
        return None
    moments = np.full((len(rows), 2), UNKNOWN, np.int64)
    for place, name in enumerate(names):
        if name in frame.columns and frame[name].dtype != pl.Null:
            column = to_microseconds(frame[name], "conversions").fill_null(UNKNOWN)
            moments[:, place] = column.to_numpy()[rows]
    return moments
