"""What sessions of the API write into the audit trail: each by itself, in its own transaction, with its COMMIT.

A session notes how many rows of which tables it read. A service that changes something says what with `note_change`;
nothing else has to be remembered. What an entry is stands in `tekup.audit`.
"""

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from serving.kit.access import Access
from tekup.audit.record import MOST_IDS, ActorKind, Entry, Outcome, describe_change, insert_statement
from tekup.db import Database
from tekup.tenancy import TenantContext

RECORDER = "audit"
"""Under this name a session's information holds its recorder, and its connection's too."""


@dataclass(slots=True)
class Recorder:
    """What one session did, until it is written."""

    database: Database
    context: TenantContext
    fingerprint_key_of: Callable[[UUID], bytes]
    access: Access | None
    is_read_only: bool
    is_recorded: bool
    tables: set[str] = field(default_factory=set)
    ids: list[UUID] = field(default_factory=list)
    count: int = 0
    entries: list[Entry] = field(default_factory=list)

    def note_rows(self, tables: Iterable[str], rows: Iterable[Any], count: int, id_position: int | None) -> None:
        """Note the rows that one statement gave."""
        self.tables.update(tables)
        self.count += count
        if id_position is not None:
            for row in rows:
                if len(self.ids) >= MOST_IDS:
                    break
                value = row[id_position]
                if isinstance(value, UUID):
                    self.ids.append(value)

    def all_entries(self) -> list[Entry]:
        """What is to be written: the changes that were told, or else that there was an access."""
        if self.entries:
            return self.entries
        if self.access is None or not self.is_recorded:
            return []
        return [self._of_access(self.access)]

    def _of_access(self, access: Access) -> Entry:
        path_ids = {name: str(value) for name, value in access.path_values.items()}
        return make_entry(
            self.context.tenant_id,
            access,
            "read" if self.is_read_only else "write",
            entity_type=",".join(sorted(self.tables)) or None,
            entity_id=next(iter(path_ids.values()), None),
            item_ids=tuple(dict.fromkeys(self.ids)),
            item_count=self.count,
        )


def is_chosen(share: float) -> bool:
    """Whether this one of many reads is written down, where only a share is."""
    return share >= 1 or random.random() < share


def make_entry(
    tenant_id: UUID,
    access: Access | None,
    action: str,
    *,
    actor: tuple[ActorKind, str] | None = None,
    outcome: Outcome = "done",
    **more: Any,
) -> Entry:
    """An entry about the present request; ``actor`` is the caller unless it is given."""
    if actor is None:
        caller = access.caller if access else None
        actor = (caller.kind, str(caller.id)) if caller else ("anonymous", access.address if access else "unknown")
    if access is not None:
        more = {
            "purpose": access.purpose,
            "route": access.route,
            "address": access.address,
            "request_id": access.request_id,
            "trace_id": access.trace_id,
        } | more
    return Entry(tenant_id=tenant_id, actor_kind=actor[0], actor_id=actor[1], action=action, outcome=outcome, **more)


def note_change(
    session: AsyncSession,
    action: str,
    entity_type: str,
    entity_id: UUID | str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor: tuple[ActorKind, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Put a change into the trail; it is written with the session's COMMIT, or not at all.

    ``before`` and ``after`` are the thing's columns (None where it is made or deleted): what differs is told, with
    secrets masked and personal values as fingerprints.
    """
    recorder: Recorder = session.sync_session.info[RECORDER]
    told = dict(details or {})
    if before is not None or after is not None:
        told |= describe_change(before, after, fingerprint_key=recorder.fingerprint_key_of(recorder.context.tenant_id))
    recorder.entries.append(
        make_entry(
            recorder.context.tenant_id,
            recorder.access,
            action,
            actor=actor,
            entity_type=entity_type,
            entity_id=str(entity_id),
            details=told,
        )
    )


@contextlib.asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """A savepoint; where its block raises, what the trail would tell of it goes with it."""
    recorder: Recorder = session.sync_session.info[RECORDER]
    told = len(recorder.entries)
    try:
        async with session.begin_nested():
            yield
    except BaseException:
        del recorder.entries[told:]
        raise


def as_script(entries: list[Entry], database: Database) -> str:
    """INSERTs of the entries with literal values, to travel in one query with what ends the transaction."""
    template = insert_statement(database)
    parts = []
    for entry in entries:
        literals = tuple(sql.quote(value) for value in entry.values())
        parts.append(template % literals)
    return "; ".join(parts)


def tables_of(statement: Any) -> tuple[str, ...]:
    """The tables that a select reads; none for what is not built of tables."""
    if not isinstance(statement, Select):
        return ()
    found: list[str] = []
    for source in statement.get_final_froms():
        for part in _leaves(source):
            name = getattr(part, "fullname", None)
            if name:
                found.append(str(name))
    return tuple(found)


def _leaves(source: Any) -> Iterable[Any]:
    """The tables of a join, or the one table."""
    if hasattr(source, "left") and hasattr(source, "right"):
        yield from _leaves(source.left)
        yield from _leaves(source.right)
    else:
        yield getattr(source, "element", source)
