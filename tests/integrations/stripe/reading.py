"""Reads a Stripe source as the raw tables would keep it. No test lives here."""

from typing import Any

import orjson

from integrations.source import Cursor, Page, Record
from integrations.stripe.client import StripeSource

SLUG = "nordlys-solar"


def read(source: StripeSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    """Return all records of one read and the cursor that ends it."""
    records, last = [], cursor or {}
    for page in source.pages(stream, cursor):
        records += page.records
        last = page.cursor
    return records, last


class Kept:
    """What is stored of one account: the living rows per stream and each stream's cursor."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}
        self.gone: dict[str, set[str]] = {}
        self.cursors: dict[str, Cursor] = {}

    def pull(self, source: StripeSource) -> None:
        for stream in source.streams:
            for page in source.pages(stream, self.cursors.get(stream)):
                self.fold(stream, page)

    def fold(self, stream: str, page: Page) -> None:
        """Merge a page and keep its cursor, as one transaction would."""
        self._merge(stream, page.records)
        for side in page.sides:
            table = self.rows.setdefault(side.stream, {})
            for name in [name for name in table if name.split(":")[0] in side.replaces]:
                del table[name]
            self._merge(side.stream, side.records)
        self.cursors[stream] = page.cursor

    def payloads(self, stream: str) -> dict[str, Any]:
        return {name: orjson.loads(payload) for name, payload in self.rows.get(stream, {}).items()}

    def _merge(self, stream: str, records: list[Record]) -> None:
        table, gone = self.rows.setdefault(stream, {}), self.gone.setdefault(stream, set())
        for record in records:
            if record.deleted:
                table.pop(record.object_id, None)
                gone.add(record.object_id)
            else:
                table[record.object_id] = record.payload
                gone.discard(record.object_id)


def living(rows: dict[str, dict[str, bytes]]) -> dict[str, dict[str, bytes]]:
    """Return the rows without the events (whose old ones the vendor forgets) and without empty streams."""
    return {stream: table for stream, table in rows.items() if table and stream != "events"}
