"""One HubSpot account in memory: objects, associations, recycle bin, search. It knows no HTTP."""

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from integrations.sandbox.exchange import JSON, Clock, iso

TYPES = ("contacts", "companies", "deals")
MODIFIED = {
    "contacts": "lastmodifieddate",
    "companies": "hs_lastmodifieddate",
    "deals": "hs_lastmodifieddate",
}
DEFAULTS = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": (
        "amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline",
    ),
}  # fmt: skip
NUMBERS = {"amount", "numberofemployees", "hs_object_id", "createdate"}
_OWN_COLUMNS = {
    "tenant_id",
    "object_id",
    "created_at",
    "updated_at",
    "archived",
    "contact_ref",
    "company_ref",
}


@dataclass
class Row:
    """One object; times are milliseconds since the epoch."""

    id: int
    created: int
    modified: int
    properties: dict[str, str]
    archived_at: int | None = None


@dataclass
class Index:
    """Sorted views of one type's objects, rebuilt after a change."""

    live: list[int] = field(default_factory=list)
    archived: list[int] = field(default_factory=list)
    ids: "np.ndarray" = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    modified: "np.ndarray" = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    created: "np.ndarray" = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class HubspotStore:
    """The objects of one tenant's portal."""

    def __init__(self, frames: dict[str, pl.DataFrame], clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[str, dict[int, Row]] = {kind: _rows(frames.get(f"hubspot_{kind}")) for kind in TYPES}
        self._next = {kind: max(rows, default=1000) + 1 for kind, rows in self.rows.items()}
        self.merged: dict[int, int] = {}
        self.links: dict[tuple[str, str], dict[int, list[int]]] = {}
        self.search_lag_ms = 0
        self._index: dict[str, Index] = {}
        for kind, column, other in (
            ("contacts", "company_ref", "companies"),
            ("deals", "contact_ref", "contacts"),
            ("deals", "company_ref", "companies"),
        ):
            frame = frames.get(f"hubspot_{kind}")
            if frame is not None:
                for one, two in frame.select("object_id", column).drop_nulls().iter_rows():
                    self.link(kind, int(one), other, int(two))
        for table in self.links.values():
            for targets in table.values():
                targets.sort()

    def now(self) -> int:
        return int(self._clock() * 1000)

    def index(self, kind: str) -> Index:
        """Return the sorted views of a type."""
        index = self._index.get(kind)
        if index is None:
            rows = sorted(self.rows[kind].values(), key=lambda row: row.id)
            live = [row for row in rows if row.archived_at is None]
            index = Index(
                live=[row.id for row in live],
                archived=[row.id for row in rows if row.archived_at is not None],
                ids=np.array([row.id for row in live], dtype=np.int64),
                modified=np.array([row.modified for row in live], dtype=np.int64),
                created=np.array([row.created for row in live], dtype=np.int64),
            )
            self._index[kind] = index
        return index

    def page(self, kind: str, after: int, limit: int, archived: bool) -> tuple[list[Row], bool]:
        """Return the objects after an id, and whether more follow."""
        index = self.index(kind)
        ids = index.archived if archived else index.live
        start = bisect_right(ids, after)
        table = self.rows[kind]
        return [table[number] for number in ids[start : start + limit]], start + limit < len(ids)

    def get(self, kind: str, number: int) -> Row | None:
        """Return an object by its id or the id of a record that was merged into it."""
        return self.rows[kind].get(self.merged.get(number, number))

    def link(self, kind: str, number: int, other: str, target: int) -> None:
        """Associate two objects, both ways."""
        for one, two, a, b in ((kind, other, number, target), (other, kind, target, number)):
            targets = self.links.setdefault((one, two), {}).setdefault(a, [])
            if b not in targets:
                targets.append(b)

    def unlink(self, kind: str, number: int, other: str, target: int) -> None:
        """Remove the association of two objects, both ways."""
        for one, two, a, b in ((kind, other, number, target), (other, kind, target, number)):
            targets = self.links.get((one, two), {}).get(a, [])
            if b in targets:
                targets.remove(b)

    def linked(self, kind: str, number: int, other: str) -> list[int]:
        """Return the ids of live objects associated with one object."""
        table = self.rows[other]
        found = self.links.get((kind, other), {}).get(number, ())
        return [target for target in found if target in table and table[target].archived_at is None]

    def create(self, kind: str, properties: dict[str, str]) -> Row:
        """Add an object with the next free id."""
        number = self._next[kind]
        self._next[kind] += 1
        moment = self.now()
        row = Row(number, moment, moment, {k: str(v) for k, v in properties.items() if v is not None})
        self.rows[kind][number] = row
        self._index.pop(kind, None)
        return row

    def update(self, kind: str, row: Row, properties: dict[str, JSON]) -> None:
        """Change properties; an empty text clears one."""
        for name, value in properties.items():
            if value in (None, ""):
                row.properties.pop(name, None)
            else:
                row.properties[name] = str(value)
        self.touch(kind, row)

    def touch(self, kind: str, row: Row) -> None:
        """Stamp an object as changed now."""
        row.modified = max(self.now(), row.modified + 1)
        self._index.pop(kind, None)

    def archive(self, kind: str, row: Row) -> None:
        """Put an object in the recycle bin; its modified date stays as it is, as at the vendor."""
        row.archived_at = self.now()
        self._index.pop(kind, None)

    def forget(self, kind: str, row: Row) -> None:
        """Delete an object for good (GDPR)."""
        self.rows[kind].pop(row.id, None)
        self._index.pop(kind, None)

    def merge(self, kind: str, keep: Row, gone: Row) -> Row:
        """Merge two objects into a NEW one; both old ids keep resolving to it."""
        merged = self.create(kind, {**gone.properties, **keep.properties})
        merged.properties["hs_merged_object_ids"] = f"{keep.id};{gone.id}"
        for other in TYPES:
            for old in (keep, gone):
                for target in list(self.links.get((kind, other), {}).get(old.id, ())):
                    self.unlink(kind, old.id, other, target)
                    self.link(kind, merged.id, other, target)
        for old in (keep, gone):
            self.rows[kind].pop(old.id, None)
            self.merged[old.id] = merged.id
            for earlier, final in list(self.merged.items()):
                if final == old.id:
                    self.merged[earlier] = merged.id
        self._index.pop(kind, None)
        return merged


def _rows(frame: pl.DataFrame | None) -> dict[int, Row]:
    if frame is None:
        return {}
    names = [name for name in frame.columns if name not in _OWN_COLUMNS]
    times = frame.select(
        pl.col("object_id").cast(pl.Int64),
        pl.col("created_at").dt.epoch("ms").alias("created"),
        pl.col("updated_at").dt.epoch("ms").alias("modified"),
        "archived",
    )
    rows = {}
    for (number, created, modified, archived), values in zip(
        times.iter_rows(), frame.select(names).iter_rows(), strict=True
    ):
        properties = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        rows[number] = Row(number, created, modified, properties, modified if archived else None)
    return rows


def property_of(kind: str, row: Row, name: str) -> str | None:
    """Return one property as the vendor's text."""
    if name == "hs_object_id":
        return str(row.id)
    if name == "createdate":
        return iso(row.created)
    if name in ("lastmodifieddate", "hs_lastmodifieddate"):
        return iso(row.modified) if name == MODIFIED[kind] else None
    return row.properties.get(name)
