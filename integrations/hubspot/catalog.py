"""What a portal's objects are made of: its property definitions and its custom kinds. It reads no object."""

from collections.abc import Iterator
from hashlib import blake2b

from integrations.hubspot.kinds import KINDS, Kind, custom_kind
from integrations.hubspot.objects import instant, payload_of
from integrations.hubspot.portal import Portal
from integrations.hubspot.records import tombstone
from integrations.source import JSON, Cursor, Page, Record
from tekup.errors import PermissionLacking

DEFINITIONS_EVERY_MS = 6 * 3_600_000
"""Definitions take a request a kind and seldom change: while nothing of a kind changes, they are read so often."""
_ALWAYS = ("hs_object_id", "hs_merged_object_ids")


class Catalog:
    """Knows each kind's property names and the custom kinds; reads them again when they are older than asked for.

    Names that are older than the window of changes would lose the values of a property that was made meanwhile.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._names: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._definitions: dict[str, tuple[int, list[JSON]]] = {}
        self._schemas: tuple[int, list[JSON]] | None = None

    def names(self, kind: Kind, not_before: int) -> tuple[str, ...]:
        """Return the names of all properties of a kind as they were at ``not_before`` (milliseconds) or later."""
        known = self._names.get(kind.name)
        if known is None or known[0] < not_before:
            self.definitions(kind)
        return self._names[kind.name][1]

    def definitions(self, kind: Kind, *, archived: bool = False) -> list[JSON]:
        """Return the definitions of a kind's properties, or of those that were removed."""
        moment = self._portal.now()
        read = self._portal.apis.properties.get_all
        found: list[JSON] = self._portal.call(f"properties of {kind.name}", read, kind.name, archived=archived)[
            "results"
        ]
        if not archived:
            names = (*_ALWAYS, kind.modified, *(item["name"] for item in found))
            self._names[kind.name] = moment, tuple(dict.fromkeys(names))
            self._definitions[kind.name] = moment, found
        return found

    def schemas(self, not_before: int) -> list[JSON]:
        """Return the schemas of the custom kinds."""
        if self._schemas is None or self._schemas[0] < not_before:
            moment = self._portal.now()
            answer = self._portal.call("schemas", self._portal.apis.schemas.get_all, archived=False)
            self._schemas = moment, answer["results"]
        return self._schemas[1]

    def custom_kinds(self, not_before: int) -> list[Kind]:
        """Return the portal's own kinds."""
        return [custom_kind(schema) for schema in self.schemas(not_before)]

    def kinds(self, not_before: int) -> list[Kind]:
        """Return every kind that there is; without the custom ones where the credential may not see these."""
        try:
            return [*KINDS.values(), *self.custom_kinds(not_before)]
        except PermissionLacking:
            return list(KINDS.values())

    def property_pages(self, cursor: Cursor, not_before: int) -> Iterator[Page]:
        """Yield the definitions of one kind a page, those kinds alone whose definitions changed since the cursor.

        What was read for the kind's objects since ``not_before`` is not read again. Where none of them changed,
        definitions that are younger than ``DEFINITIONS_EVERY_MS`` are taken to be what they were.
        """
        known: dict[str, str] = cursor.get("digests") or {}
        told: dict[str, str] = dict(cursor.get("told") or {})
        read_at: dict[str, int] = dict(cursor.get("read_at") or {})
        lacking: PermissionLacking | None = None
        for kind in self.kinds(not_before):
            if kind.name in told:
                continue
            moment, found = self._definitions.get(kind.name, (0, []))
            is_young = self._portal.now() - read_at.get(kind.name, 0) < DEFINITIONS_EVERY_MS
            if moment < not_before and kind.name in known and is_young:
                told[kind.name] = known[kind.name]
                continue
            try:
                if moment < not_before:
                    moment, found = self._portal.now(), self.definitions(kind)
            except PermissionLacking as fault:
                lacking = fault
                continue
            found = sorted(found, key=lambda item: str(item["name"]))
            digest = blake2b(payload_of(found), digest_size=12).hexdigest()
            records: list[Record] = []
            if known.get(kind.name) != digest:
                records = _definition_records(kind, found)
                if kind.name in known:
                    records += self._removed(kind, found)
            told[kind.name], read_at[kind.name] = digest, moment
            state = {"phase": "reading", "digests": known, "told": dict(told), "read_at": dict(read_at)}
            yield self._portal.meter.page(records, state)
        if lacking is not None and not told:
            raise lacking
        yield self._portal.meter.page([], {"phase": "full", "digests": {**known, **told}, "read_at": read_at})

    def _removed(self, kind: Kind, live: list[JSON]) -> list[Record]:
        names = {item["name"] for item in live}
        gone = (item for item in self.definitions(kind, archived=True) if item["name"] not in names)
        return [tombstone(f"{kind.name}/{item['name']}", "archived", instant(item.get("archivedAt"))) for item in gone]


def _definition_records(kind: Kind, found: list[JSON]) -> list[Record]:
    return [
        Record(
            f"{kind.name}/{item['name']}", payload_of({**item, "objectType": kind.name}), instant(item.get("updatedAt"))
        )
        for item in found
    ]
