"""One simulated Kit account: its tables and what may happen to them. How they are served is decided in `kit`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import polars as pl

from integrations.sandbox.exchange import Clock
from integrations.sandbox.tenants import TenantSpec

Fields: TypeAlias = dict[str, Any]
Table: TypeAlias = dict[int, Fields]
Members: TypeAlias = dict[int, dict[int, int]]

TABLES = ("subscribers", "custom_fields", "tags", "forms", "sequences", "broadcasts", "segments", "purchases")
# Where the members of each parent lie in the world, and what their time is called.
RELATIONS = {
    "tags": ("kit_tag_subscribers", "tag_id", "tagged_at"),
    "forms": ("kit_form_subscribers", "form_id", "added_at"),
    "sequences": ("kit_sequence_subscribers", "sequence_id", "added_at"),
}
_STAMPS = ("created_at", "updated_at", "send_at", "transaction_time")


@dataclass
class KitAccount:
    """One tenant's account; ids are integers, times seconds. ``members`` holds parent -> subscriber -> since when."""

    tenant: TenantSpec
    clock: Clock
    tables: dict[str, Table]
    members: dict[str, Members]
    _last_id: int = field(default=0)

    def __post_init__(self) -> None:
        self._last_id = max((number for table in self.tables.values() for number in table), default=0)

    @property
    def subscribers(self) -> Table:
        return self.tables["subscribers"]

    def now(self) -> int:
        return int(self.clock())

    def new_id(self) -> int:
        """Return an id above all that ever were: Kit never gives one twice."""
        self._last_id += 1
        return self._last_id

    def subscribe(self, email: str, first_name: str | None = None) -> int:
        """Add an active subscriber."""
        number, moment = self.new_id(), self.now()
        self.subscribers[number] = {
            "id": number,
            "created_at": moment,
            "updated_at": moment,
            "email_address": email,
            "first_name": first_name,
            "state": "active",
            "language": "da",
            "utm_source": None,
        }
        return number

    def change(self, number: int, **values: Any) -> None:
        """Change a subscriber; only this moves the time by which ``updated_after`` filters."""
        self.subscribers[number].update(values, updated_at=self.now())

    def join(self, kind: str, parent: int, number: int) -> None:
        """Give a tag, a form or a sequence to a subscriber; one that is there already stays as it is."""
        self.members[kind].setdefault(parent, {}).setdefault(number, self.now())

    def leave(self, kind: str, parent: int, number: int) -> bool:
        """Take it away again; whether it was there. Nobody is told, as at Kit."""
        return self.members[kind].get(parent, {}).pop(number, None) is not None

    def parents_of(self, kind: str, number: int) -> dict[int, int]:
        """Return a subscriber's tags, forms or sequences with the time of each."""
        return {parent: who[number] for parent, who in self.members[kind].items() if number in who}

    def remove(self, kind: str, number: int) -> bool:
        """Delete something for good, with its memberships; whether it was there."""
        if kind == "subscribers":
            for parents in self.members.values():
                for who in parents.values():
                    who.pop(number, None)
        self.members.get(kind, {}).pop(number, None)
        return self.tables[kind].pop(number, None) is not None

    def purchase(self, number: int, total: float) -> int:
        """Add a paid purchase of a subscriber."""
        bought = self.new_id()
        self.tables["purchases"][bought] = {
            "id": bought,
            "transaction_id": f"kit-{bought}",
            "status": "paid",
            "email_address": self.subscribers[number]["email_address"],
            "currency": "DKK",
            "transaction_time": self.now(),
            "total": total,
            "product": "E-bog",
        }
        return bought


def build_account(tenant: TenantSpec, frames: dict[str, pl.DataFrame], clock: Clock) -> KitAccount:
    """Return the account as the world's frames describe it."""
    return KitAccount(
        tenant=tenant,
        clock=clock,
        tables={name: _table(frames.get(f"kit_{name}")) for name in TABLES},
        members={kind: _members(frames.get(name), key, stamp) for kind, (name, key, stamp) in RELATIONS.items()},
    )


def _table(frame: pl.DataFrame | None) -> Table:
    if frame is None:
        return {}
    stamps = [name for name in _STAMPS if name in frame.columns]
    rows: Iterable[Fields] = frame.drop("tenant_id").with_columns(pl.col(stamps).dt.epoch("s")).iter_rows(named=True)
    return {row["id"]: row for row in rows}


def _members(frame: pl.DataFrame | None, key: str, stamp: str) -> Members:
    found: Members = {}
    if frame is not None:
        columns = frame.select(key, "subscriber_id", pl.col(stamp).dt.epoch("s"))
        for parent, subscriber, moment in columns.iter_rows():
            found.setdefault(parent, {})[subscriber] = moment
    return found
