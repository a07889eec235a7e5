"""An entry of the audit trail and how a change is told in it. Nothing here opens a database."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from uuid import UUID

from tekup.db import Database
from tekup.ids import uuid7

ActorKind: TypeAlias = Literal["user", "token", "system", "anonymous"]
Outcome: TypeAlias = Literal["done", "refused", "failed"]

MOST_IDS = 100
"""So many ids of things read are named in one entry; the count tells of the rest."""
_LONGEST_VALUE = 500
_MASK = "***"
_SECRET = ("password", "secret", "token", "hash", "credential", "sealed", "private_key", "api_key", "totp", "recovery")
_PERSONAL = (
    "email", "name", "phone", "address", "message", "comment", "note", "body", "subject", "title", "birth",
    "anonymous_id", "linkedin", "landing_page", "description", "value",
)  # fmt: skip
# what ends in these says something of a thing and nothing of a person, whatever else it is called
_PLAIN = ("_id", "_at", "_cents", "_count", "_rate", "_date", "_type", "_status")

_COLUMNS = (
    "tenant_id", "id", "actor_kind", "actor_id", "action", "entity_type", "entity_id", "item_ids", "item_count",
    "outcome", "purpose", "route", "address", "request_id", "trace_id", "details",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what to which things of one tenant, from where and what for. The database adds when, and as which role.

    Persons are named by ids alone: an entry outlives the erasure of a person, whose ids then lead nowhere.
    """

    tenant_id: UUID
    actor_kind: ActorKind
    actor_id: str
    action: str
    entity_type: str | None = None
    entity_id: str | None = None
    item_ids: tuple[UUID, ...] = ()
    item_count: int | None = None
    outcome: Outcome = "done"
    purpose: str | None = None
    route: str | None = None
    address: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid7)

    def values(self) -> tuple[Any, ...]:
        """The values of the columns, in the order of `insert_statement`."""
        plain = tuple(getattr(self, name) for name in _COLUMNS[:7])
        ids = list(self.item_ids[:MOST_IDS]) or None
        rest = tuple(getattr(self, name) for name in _COLUMNS[8:-1])
        return (*plain, ids, *rest, json.dumps(self.details, ensure_ascii=False, default=str))


def table_of(database: Database) -> str:
    """The table of entries in ``database``: an entry stands in the database of what it tells of."""
    return "app.audit_log" if database is Database.OPERATIONAL else "ops.audit_log"


def insert_statement(database: Database) -> str:
    """An INSERT of one entry for psycopg, whose parameters `Entry.values` gives."""
    places = ", ".join(["%s"] * len(_COLUMNS))
    return f"insert into {table_of(database)} ({', '.join(_COLUMNS)}) values ({places})"  # noqa: S608  # own names


def describe_change(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, *, fingerprint_key: bytes
) -> dict[str, Any]:
    """What differs, as ``{"before": {...}, "after": {...}}`` with secrets masked and personal values as fingerprints.

    A fingerprint (HMAC-SHA256 under ``fingerprint_key``, shortened) tells whether a value came back without telling
    the value, so that the trail need not be rewritten when a person is erased.

    >>> describe_change({"status": "new", "stage": 1}, {"status": "won", "stage": 1}, fingerprint_key=b"k")
    {'before': {'status': 'new'}, 'after': {'status': 'won'}}
    >>> describe_change(None, {"password": "hush"}, fingerprint_key=b"k")
    {'after': {'password': '***'}}
    """
    old, new = before or {}, after or {}
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name) or (name in old) != (name in new)]
    told = {}
    for label, side, given in (("before", old, before), ("after", new, after)):
        if given is not None:
            told[label] = {name: _told(name, side[name], fingerprint_key) for name in changed if name in side}
    return told


def _told(name: str, value: Any, key: bytes) -> Any:
    lower = name.lower()
    if any(word in lower for word in _SECRET):
        return _MASK
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return _MASK
    if isinstance(value, int | float) and not lower.endswith("phone"):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
    is_plain = lower.endswith(_PLAIN) and "anonymous" not in lower
    if isinstance(value, dict | list) or (not is_plain and any(word in lower for word in _PERSONAL)):
        return f"hmac:{hmac.digest(key, text.encode('utf-8', 'surrogatepass'), hashlib.sha256).hex()[:16]}"
    return text.strip('"')[:_LONGEST_VALUE]
