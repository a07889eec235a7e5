"""One Stripe account in memory: objects by kind, their events, changes. It knows neither HTTP nor the objects' JSON."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import polars as pl

from integrations.sandbox.exchange import Clock
from integrations.sandbox.identifiers import base62, key_of

Fields: TypeAlias = dict[str, Any]
KINDS = ("products", "prices", "customers", "subscriptions", "invoices", "charges", "refunds")
PREFIX = {
    "customers": "cus_", "products": "prod_", "prices": "price_1", "subscriptions": "sub_1", "invoices": "in_1",
    "charges": "ch_3", "refunds": "re_3", "events": "evt_1",
}  # fmt: skip
EVENT_WINDOW = 30 * 86_400
_STAMPS = ("created_at", "updated_at", "canceled_at", "current_period_start", "current_period_end", "paid_at")
_STAMPS_MORE = ("period_start", "period_end")


@dataclass
class Shelf:
    """Objects of one kind, oldest first; ``created`` runs beside ``rows`` for quick windows."""

    rows: list[Fields] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    position: dict[str, int] = field(default_factory=dict)

    def add(self, row: Fields) -> Fields:
        self.position[row["id"]] = len(self.rows)
        self.rows.append(row)
        self.created.append(row["created"])
        return row

    def get(self, identifier: str) -> Fields | None:
        place = self.position.get(identifier)
        return None if place is None else self.rows[place]

    def newest_first(self, low: int | None, high: int | None, before: int, after: int) -> Iterator[Fields]:
        """Yield rows created in [low, high), between two positions (exclusive), newest first."""
        start = max(after + 1, 0 if low is None else bisect_left(self.created, low))
        end = min(before, len(self.rows) if high is None else bisect_left(self.created, high))
        for place in range(end - 1, start - 1, -1):
            yield self.rows[place]


class StripeStore:
    """The objects of one tenant's account; money in minor units, times in seconds."""

    def __init__(self, account: str, natural_key: str, frames: dict[str, pl.DataFrame], clock: Clock) -> None:
        self.account = account
        self._natural_key = natural_key
        self._clock = clock
        self._made = 0
        self.shelves: dict[str, Shelf] = {kind: _shelf(frames.get(f"stripe_{kind}")) for kind in KINDS}
        self.events = Shelf()
        self.replays: dict[str, tuple[bytes, int, Any]] = {}
        self._write_history()

    def now(self) -> int:
        return int(self._clock())

    def get(self, kind: str, identifier: str) -> Fields | None:
        return self.shelves[kind].get(identifier)

    def new_id(self, kind: str) -> str:
        self._made += 1
        width = 14 if PREFIX[kind] in ("cus_", "prod_") else 23
        return str(base62(PREFIX[kind], key_of(self._natural_key, "made", kind, self._made), 1, width)[0])

    def add(self, kind: str, row: Fields, event: str) -> Fields:
        """Add an object made now, and its event."""
        moment = self.now()
        made = self.shelves[kind].add({"id": self.new_id(kind), "created": moment, "updated": moment, **row})
        self.emit(event, kind, made["id"], moment)
        return made

    def change(self, kind: str, row: Fields, changes: Fields, event: str) -> None:
        """Change an object now, and record the event."""
        row.update(changes)
        row["updated"] = self.now()
        self.emit(event, kind, row["id"], self.now())

    def emit(self, event: str, kind: str, identifier: str, moment: int) -> None:
        """Record an event; the clock of events never runs backwards."""
        self.events.add(
            {
                "id": self.new_id("events"),
                "created": max(moment, self.events.created[-1] if self.events.created else 0),
                "type": event,
                "kind": kind,
                "object_id": identifier,
            }
        )

    def _write_history(self) -> None:
        newest = max((s.created[-1] for s in self.shelves.values() if s.created), default=0)
        floor = newest - EVENT_WINDOW
        found: list[tuple[int, str, str, str]] = []
        for kind, shelf in self.shelves.items():
            for row in shelf.rows:
                for moment, event in _history_of(kind, row):
                    if moment >= floor:
                        found.append((moment, event, kind, row["id"]))
        ids = base62(PREFIX["events"], key_of(self._natural_key, "history"), len(found), 23)
        for event_id, (moment, event, kind, identifier) in zip(ids, sorted(found), strict=True):
            self.events.add({"id": event_id, "created": moment, "type": event, "kind": kind, "object_id": identifier})


def _history_of(kind: str, row: Fields) -> list[tuple[int, str]]:
    created, updated = row["created"], row["updated"]
    if kind == "customers":
        history = [(created, "customer.created")]
        if row["deleted"]:
            history.append((updated, "customer.deleted"))
        return history
    if kind == "subscriptions":
        last = "customer.subscription.deleted" if row["status"] == "canceled" else "customer.subscription.updated"
        return [(created, "customer.subscription.created"), *([(updated, last)] if updated > created else [])]
    if kind == "invoices":
        last = {"paid": "invoice.paid", "void": "invoice.voided"}.get(row["status"], "invoice.finalized")
        return [(created, "invoice.created"), (updated, last)]
    if kind == "charges":
        first = "charge.succeeded" if row["status"] == "succeeded" else "charge.failed"
        return [(created, first), *([(updated, "charge.refunded")] if row["amount_refunded"] else [])]
    if kind == "refunds":
        return [(created, "refund.created")]
    return [(created, {"products": "product.created", "prices": "price.created"}[kind])]


def _shelf(frame: pl.DataFrame | None) -> Shelf:
    shelf = Shelf()
    if frame is None:
        return shelf
    stamps = [name for name in (*_STAMPS, *_STAMPS_MORE) if name in frame.columns]
    frame = frame.drop("tenant_id").with_columns(pl.col(stamps).dt.epoch("s")).sort("created_at", maintain_order=True)
    for row in frame.rename({"created_at": "created", "updated_at": "updated"}).iter_rows(named=True):
        shelf.add(row)
    return shelf
