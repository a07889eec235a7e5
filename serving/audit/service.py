"""The trail of both databases as one list. SQL is the repository's, HTTP the endpoints'."""

import heapq
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.audit.repository import AuditRepository, Position
from serving.audit.schemas import AuditEntry, AuditHead, AuditHeads, AuditPage, AuditQuery
from serving.auth.subject import Subject
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from tekup.audit.trail import seal_of_row
from tekup.db import Database

_EQUAL = ("actor_id", "action", "entity_type", "entity_id", "request_id")


async def list_entries(databases: Databases, subject: Subject, query: AuditQuery, cursors: CursorSigner) -> AuditPage:
    """One page of the entries of both databases, newest first."""
    after = None
    if query.cursor is not None:
        occurred_at, last_id = cursors.open(subject.tenant_id, query.question, query.cursor)
        after = Position(datetime.fromisoformat(occurred_at), UUID(last_id))
    equal = {name: getattr(query, name) for name in _EQUAL if getattr(query, name) is not None}
    found: list[list[tuple[Database, Row[Any]]]] = []
    for database in Database:
        async with databases.session(database, subject.context) as session:
            rows = await AuditRepository(session, subject.tenant_id).page(
                database, equal=equal, since=query.since, until=query.until, after=after, limit=query.limit + 1
            )
        found.append([(database, row) for row in rows])
    merged = list(heapq.merge(*found, key=lambda one: (one[1].occurred_at, one[1].id), reverse=True))
    shown, last = merged[: query.limit], None
    if len(merged) > query.limit:
        last = cursors.make(
            subject.tenant_id, query.question, [shown[-1][1].occurred_at.isoformat(), str(shown[-1][1].id)]
        )
    return AuditPage(items=[_entry(database, row) for database, row in shown], next_cursor=last)


async def list_heads(databases: Databases, subject: Subject) -> AuditHeads:
    """The newest seal of each database's trail."""
    heads = []
    for database in Database:
        async with databases.session(database, subject.context) as session:
            row = await AuditRepository(session, subject.tenant_id).last_seal(database)
        if row is not None:
            heads.append(
                AuditHead(
                    database=database.value,
                    number=row.number,
                    head=seal_of_row(database, row._asdict()).head().hex(),
                    sealed_at=row.sealed_at,
                    key_id=row.key_id,
                    public_key=bytes(row.public_key).hex(),
                )
            )
    return AuditHeads(items=heads)


def _entry(database: Database, row: Row[Any]) -> AuditEntry:
    facts = {name: getattr(row, name) for name in AuditEntry.model_fields if name != "database"}
    return AuditEntry.model_construct(database=database.value, **facts)
