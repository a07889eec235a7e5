"""A vendor's source without the erased: what comes of them is stored as a bare mark that they are gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from integrations.source import Cursor, Page, Record, Side, Source
from pipelines.sync.rows import count_stored, digest_of
from pipelines.sync.vendor_persons import CONTENT_STREAMS, PERSON_STREAMS, mentions, person_ids, redacted
from tekup.db import Doors
from tekup.privacy.ledger import LEARNED, Ledger, read_ledger, remember_erased


def without_erased(doors: Doors, tenant_id: UUID, source: Source) -> Source:
    """The source as it is while nobody is erased, and one that leaves the erased out otherwise."""
    ledger = read_ledger(doors, tenant_id)
    if not ledger:
        return source
    return _WithoutErased(doors, tenant_id, source, ledger)


class _WithoutErased:
    """Filters pages; everything else is the source's own."""

    def __init__(self, doors: Doors, tenant_id: UUID, source: Source, ledger: Ledger) -> None:
        self._doors, self._tenant_id, self._source, self._ledger = doors, tenant_id, source, ledger
        self.vendor, self.streams = source.vendor, source.streams
        self.append_only, self.memory_days = source.append_only, source.memory_days

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    @property
    def sides(self) -> Mapping[str, tuple[str, ...]]:
        return self._source.sides

    def identity(self) -> str:
        return self._source.identity()

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        return self._filtered(stream, self._source.pages(stream, cursor))

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        return self._filtered(stream, self._source.fetch(stream, identifiers))

    def count(self, stream: str) -> int | None:
        """The vendor's count less the erased that it still has.

        Persons are asked for one by one. Pairs can't be: there any number that the erased ones explain is right.
        """
        told = self._source.count(stream)
        if told is None:
            return None
        living, erased = count_stored(self._doors, self._tenant_id, self.vendor, stream)
        if not erased:
            return told
        if (self.vendor, stream) in PERSON_STREAMS:
            pages = list(self._source.fetch(stream, erased))
            return told - sum(not record.deleted for page in pages for record in page.records)
        return living if told - len(erased) <= living <= told else told

    def check(self) -> dict[str, str]:
        return self._source.check()

    def close(self) -> None:
        self._source.close()

    def _filtered(self, stream: str, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            learned: set[tuple[str, str]] = set()
            records = [self._without(stream, record, learned) for record in page.records]
            sides = tuple(
                Side(side.stream, [self._without(side.stream, one, learned) for one in side.records], side.replaces)
                for side in page.sides
            )
            if learned:
                remember_erased(self._doors, self._tenant_id, LEARNED, learned)
                self._ledger = read_ledger(self._doors, self._tenant_id)
            yield replace(page, records=records, sides=sides)

    def _without(self, stream: str, record: Record, learned: set[tuple[str, str]]) -> Record:
        if record.deleted and record.reason == "erased":
            return record
        ids = list(person_ids(self.vendor, stream, record.object_id))
        if any(one in learned or self._ledger.knows(*one) for one in ids):
            return _erased(record)
        if not record.payload or not mentions(record.payload, self._ledger.knows):
            return record
        kind = PERSON_STREAMS.get((self.vendor, stream))
        if kind is not None:
            learned.add((kind, record.object_id))
            return _erased(record)
        if (self.vendor, stream) in CONTENT_STREAMS:
            return _erased(record)
        # told apart by what the vendor said, so that a later read of the same is no change
        return msgspec.structs.replace(
            record, payload=redacted(self.vendor, record.payload, self._ledger.knows), digest=digest_of(record)
        )


def _erased(record: Record) -> Record:
    return Record(record.object_id, b"", record.modified_at, True, "erased")
