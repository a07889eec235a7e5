"""One HubSpot account in memory: objects, associations, recycle bin, histories, definitions. It knows no HTTP."""

from dataclasses import dataclass

import polars as pl

from integrations.sandbox.exchange import JSON, Clock, iso
from integrations.sandbox.hubspot_table import Row, Table

TYPE_IDS = {
    "contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5", "products": "0-7", "line_items": "0-8",
    "quotes": "0-14", "calls": "0-48", "emails": "0-49", "meetings": "0-47", "notes": "0-46", "tasks": "0-27",
}  # fmt: skip
TYPES = tuple(TYPE_IDS)
DEFAULTS = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("domain", "name"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "tickets": ("content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "subject"),
    "products": ("description", "name", "price"),
    "line_items": ("amount", "hs_product_id", "quantity"),
    "quotes": ("hs_expiration_date", "hs_status", "hs_title"),
}
_EVERYWHERE = ("createdate", "hs_object_id", "hs_merged_object_ids", "hs_gdpr_deleted")
NUMBERS = {"amount", "numberofemployees", "hs_object_id", "createdate", "price", "quantity", "hs_call_duration"}
_REFERENCES = {
    "contact_ref": "contacts",
    "company_ref": "companies",
    "deal_ref": "deals",
    "quote_ref": "quotes",
}
_OWN_COLUMNS = {"tenant_id", "object_id", "created_at", "updated_at", "archived", *_REFERENCES}
# What these properties held before their present value: the simulated objects have moved once.
_EARLIER = {"lifecyclestage": "lead", "dealstage": "appointmentscheduled", "hs_pipeline_stage": "1"}


@dataclass
class Definition:
    """One property of a kind; ``archived_at`` once somebody removed it."""

    name: str
    label: str
    updated: int
    archived_at: int | None = None


class HubspotStore:
    """The objects of one tenant's portal. A kind's table may be replaced by one that makes its rows lazily."""

    def __init__(self, frames: dict[str, pl.DataFrame], clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[str, Table] = {kind: Table.of(_rows(frames.get(f"hubspot_{kind}"))) for kind in TYPES}
        self.merged: dict[tuple[str, int], int] = {}
        self.erased: dict[str, list[int]] = {}
        self.links: dict[tuple[str, str], dict[int, list[int]]] = {}
        self.labels: dict[tuple[str, str, int, int], set[int]] = {}
        self.search_lag_ms = 0
        self.definitions: dict[str, dict[str, Definition]] = {}
        for kind in TYPES:
            frame = frames.get(f"hubspot_{kind}")
            names = [] if frame is None else [name for name in frame.columns if name not in _OWN_COLUMNS]
            self.define(kind, *_EVERYWHERE, modified_of(kind), *DEFAULTS.get(kind, ()), *names)
            if frame is not None:
                self._link_references(kind, frame)
        for table in self.links.values():
            for targets in table.values():
                targets.sort()

    def _link_references(self, kind: str, frame: pl.DataFrame) -> None:
        for column, other in _REFERENCES.items():
            if column in frame.columns:
                for one, two in frame.select("object_id", column).drop_nulls().iter_rows():
                    self.link(kind, int(one), other, int(two))

    def now(self) -> int:
        return int(self._clock() * 1000)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The standard kinds and the portal's own, these by their type ids."""
        return tuple(self.rows)

    def table(self, kind: str) -> Table:
        """Return the objects of a kind."""
        return self.rows[kind]

    index = table

    def define(self, kind: str, *names: str) -> None:
        """Make sure that a kind has these properties."""
        known = self.definitions.setdefault(kind, {})
        for name in names:
            if name not in known:
                known[name] = Definition(name, name.replace("_", " ").title(), 1_600_000_000_000)

    def removed(self, kind: str) -> tuple[str, ...]:
        """Return the names of a kind's properties that somebody removed."""
        return tuple(name for name, one in self.definitions[kind].items() if one.archived_at is not None)

    def page(self, kind: str, after: int, limit: int, archived: bool) -> tuple[list[Row], bool]:
        """Return live or archived objects with ids above ``after``, and whether more follow."""
        table = self.rows[kind]
        if not archived:
            return table.page(after, limit)
        ids = [number for number in table.archived if number > after]
        return [table[number] for number in ids[:limit]], len(ids) > limit

    def get(self, kind: str, number: int) -> Row | None:
        """Return an object by its id or the id of a record that was merged into it."""
        return self.rows[kind].get(self.merged.get((kind, number), number))

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
            self.labels.pop((one, two, a, b), None)

    def linked(self, kind: str, number: int, other: str) -> list[int]:
        """Return the ids of live objects associated with one object."""
        table = self.rows[other]
        return [target for target in self.links.get((kind, other), {}).get(number, ()) if table.holds_live(target)]

    def create(self, kind: str, properties: dict[str, str]) -> Row:
        """Add an object with the next free id."""
        moment = self.now()
        values = {name: str(value) for name, value in properties.items() if value is not None}
        row = Row(self.rows[kind].new_id(), moment, moment, values)
        self.define(kind, *values)
        self.rows[kind].put(row)
        return row

    def update(self, kind: str, row: Row, properties: dict[str, JSON]) -> None:
        """Change properties; an empty text clears one."""
        versions = history_of(row)
        moment = self.stamp(row)
        self.define(kind, *properties)
        for name, value in properties.items():
            text = "" if value is None else str(value)
            if row.properties.get(name, "") != text:
                versions.setdefault(name, []).append((moment, text))
            if text:
                row.properties[name] = text
            else:
                row.properties.pop(name, None)
        row.history = versions
        self.touch(kind, row)

    def stamp(self, row: Row) -> int:
        """Return the time of a change: never the same twice for one object."""
        return max(self.now(), row.modified + 1)

    def touch(self, kind: str, row: Row) -> None:
        """Stamp an object as changed now."""
        row.history = history_of(row)
        row.modified = self.stamp(row)
        self.rows[kind].put(row)

    def archive(self, kind: str, row: Row) -> None:
        """Put an object in the recycle bin; its modified date stays as it is, as at the vendor."""
        row.archived_at = self.now()
        self.rows[kind].put(row)

    def forget(self, kind: str, row: Row) -> None:
        """Delete an object for good (GDPR)."""
        self.rows[kind].remove(row.id)
        self.erased.setdefault(kind, []).append(row.id)

    def merge(self, kind: str, keep: Row, gone: Row) -> Row:
        """Merge two objects into a NEW one; both old ids keep resolving to it."""
        merged = self.create(kind, {**gone.properties, **keep.properties})
        olds = [text for row in (keep, gone) for text in _merged_text(row).split(";") if text]
        merged.properties["hs_merged_object_ids"] = ";".join([*olds, str(keep.id), str(gone.id)])
        for other in self.kinds:
            for old in (keep, gone):
                for target in list(self.links.get((kind, other), {}).get(old.id, ())):
                    self.unlink(kind, old.id, other, target)
                    self.link(kind, merged.id, other, target)
        for old in (keep, gone):
            self.rows[kind].remove(old.id)
            self.merged[kind, old.id] = merged.id
            for earlier, final in list(self.merged.items()):
                if earlier[0] == kind and final == old.id:
                    self.merged[earlier] = merged.id
        return merged


def modified_of(kind: str) -> str:
    """Return the name of the property that says when an object last changed."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def history_of(row: Row) -> dict[str, list[tuple[int, str]]]:
    """Return each property's (time, value), oldest first; drawn once from what the object is now."""
    if row.history is not None:
        return row.history
    versions = {}
    for name, value in row.properties.items():
        before = _EARLIER.get(name, value)
        versions[name] = [(row.created, before)]
        if before != value:
            versions[name].append((row.modified, value))
    return versions


def property_of(kind: str, row: Row, name: str) -> str | None:
    """Return one property as the vendor's text."""
    if name == "hs_object_id":
        return str(row.id)
    if name == "createdate":
        return iso(row.created)
    if name in ("lastmodifieddate", "hs_lastmodifieddate"):
        return iso(row.modified) if name == modified_of(kind) else None
    return row.properties.get(name)


def _merged_text(row: Row) -> str:
    return row.properties.get("hs_merged_object_ids", "")


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
