"""One Stripe account in memory: objects by kind, their events, changes. It knows neither HTTP nor the objects' JSON."""

from typing import Any

import polars as pl

from integrations.sandbox.exchange import Clock
from integrations.sandbox.identifiers import base62, key_of
from integrations.sandbox.stripe_history import draw_shelves, past_events
from integrations.sandbox.stripe_shelf import EVENT_WINDOW, KINDS, PREFIX, SHORT, Fields, Shelf

__all__ = ["EVENT_WINDOW", "KINDS", "Fields", "Shelf", "StripeStore"]


class StripeStore:
    """The objects of one mode of one account; money in minor units, times in seconds.

    ``shows_other_mode`` makes the newest object of each list claim the other mode, as a vendor's fault would.
    """

    def __init__(
        self, account: str, natural_key: str, frames: dict[str, pl.DataFrame], clock: Clock, *, is_live: bool = False
    ) -> None:
        self.account = account
        self.is_live = is_live
        self.shows_other_mode = False
        self._natural_key = f"{natural_key}/live" if is_live else natural_key
        self._clock = clock
        self.made = 0
        self.shelves: dict[str, Shelf] = {kind: Shelf() for kind in KINDS}
        self.shelves.update(draw_shelves(frames, self._natural_key))
        self.events = Shelf()
        self.replays: dict[str, tuple[bytes, int, Any]] = {}
        past = past_events(self.shelves, EVENT_WINDOW)
        ids = base62(PREFIX["events"], key_of(self._natural_key, "history"), len(past), 23)
        for name, (moment, event, kind, row) in zip(ids, past, strict=True):
            self.events.add({"id": name, "created": moment, "type": event, "kind": kind, "row": row})

    def now(self) -> int:
        return int(self._clock())

    def get(self, kind: str, identifier: str) -> Fields | None:
        return self.shelves[kind].get(identifier)

    def new_id(self, kind: str) -> str:
        self.made += 1
        prefix = PREFIX[kind]
        key = key_of(self._natural_key, "made", kind, self.made)
        return str(base62(prefix, key, 1, 14 if prefix in SHORT else 23)[0])

    def add(self, kind: str, row: Fields, *events: str) -> Fields:
        """Add an object made now, and its events."""
        moment = self.now()
        made = self.shelves[kind].add({"id": self.new_id(kind), "created": moment, "updated": moment, **row})
        self.emit(kind, made, *events)
        return made

    def change(self, kind: str, identifier: str, changes: Fields, *events: str) -> Fields:
        """Change an object now, and record the events."""
        shelf = self.shelves[kind]
        row = shelf.rows[shelf.position[identifier]]
        changed = shelf.put({**row, **changes, "updated": self.now()})
        self.emit(kind, changed, *events)
        return changed

    def emit(self, kind: str, row: Fields, *events: str) -> None:
        """Record events of an object as it is now; the clock of events never runs backwards."""
        for event in events:
            moment = max(self.now(), self.events.created[-1] if self.events.created else 0)
            self.events.add({"id": self.new_id("events"), "created": moment, "type": event, "kind": kind, "row": row})

    def balance(self) -> dict[str, tuple[int, int]]:
        """Return what is available and what is pending, by currency."""
        held: dict[str, tuple[int, int]] = {}
        now = self.now()
        for row in self.shelves["balance_transactions"].rows:
            available, pending = held.get(row["currency"], (0, 0))
            net = row["amount"] - row["fee"]
            is_available = row["available_on"] <= now
            held[row["currency"]] = (available + net * is_available, pending + net * (not is_available))
        return held
