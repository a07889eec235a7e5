"""What can be done with any record. Each change is one transaction of the row, its events and its audit entry."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import errors as pg_errors
from pydantic import BaseModel, ValidationError
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from serving.auth.subject import Subject
from serving.kit.audit import note_change
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import Problem, faults_of, not_found, unusable_field
from serving.outbox import emit_many
from serving.records.custom import read_custom
from serving.records.repository import RecordRepository, Wanted
from serving.records.resource import PageQuery, Resource, Told
from tekup.audit.record import ActorKind

MOST_AT_ONCE = 500
MOST_OF_EACH = 50
_CONSTRAINT = re.compile(r"(?:tenant_id_)?(?P<columns>\w+?)_f?key\d*$")


@dataclass(frozen=True)
class Shelf:
    """A resource as one caller sees it in one request."""

    resource: Resource
    databases: Databases
    subject: Subject
    request_id: str
    actor: tuple[ActorKind, str] | None = None
    """Whom the audit trail names; the caller, where it is None."""

    def open(self, session: Any) -> RecordRepository:
        """The repository in a session: without what the caller may not see."""
        resource = self.resource
        is_masked = resource.masked is not None and not self.subject.context.may(*resource.seen_with)
        seen = resource.masked if is_masked else None
        return RecordRepository(session, self.subject.tenant_id, resource.table, seen)

    def show(self, row: Row[Any]) -> BaseModel:
        """The record as it is answered."""
        return self.resource.read.model_construct(
            **{name: row._mapping[name] for name in self.resource.read.model_fields}
        )


def version_of(record: Any) -> str:
    """The entity tag of a record: it changes with each write."""
    return f'"{int(record.updated_at.timestamp() * 1_000_000):x}"'


async def list_records(shelf: Shelf, query: PageQuery, cursors: CursorSigner) -> BaseModel:
    """One page.

    Raises:
        Problem: 422 for a cursor of another list, or a custom field that does not read `name:value`.
    """
    asked, tenant_id = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True), shelf.subject.tenant_id
    question = f"{shelf.resource.plural}|{sorted((k, str(v)) for k, v in asked.items())}"
    after = None
    if query.cursor is not None:
        key, last_id = cursors.open(tenant_id, question, query.cursor)
        after = (datetime.fromisoformat(key) if asked["sort"].endswith("_at") else key, UUID(last_id))
    wanted = _wanted(shelf.resource, asked, query.limit + 1, after)
    async with shelf.databases.operational(shelf.subject.context) as session:
        rows = await shelf.open(session).page(wanted)
    shown, next_cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        key = shown[-1]._mapping[wanted.order.removeprefix("-")]
        position = [key.isoformat() if isinstance(key, datetime) else key, str(shown[-1].id)]
        next_cursor = cursors.make(tenant_id, question, position)
    return shelf.resource.page.model_construct(items=[shelf.show(row) for row in shown], next_cursor=next_cursor)


async def get_record(shelf: Shelf, record_id: UUID) -> BaseModel:
    """One record.

    Raises:
        Problem: 404 where the tenant has none.
    """
    async with shelf.databases.operational(shelf.subject.context) as session:
        row = await shelf.open(session).find(record_id)
    if row is None:
        raise not_found(shelf.resource.noun)
    return shelf.show(row)


async def get_records(shelf: Shelf, ids: Sequence[UUID]) -> dict[UUID, BaseModel]:
    """The records with these ids, as many as there are."""
    async with shelf.databases.operational(shelf.subject.context) as session:
        rows = await shelf.open(session).find_many(ids)
    return {row.id: shelf.show(row) for row in rows}


async def first_records_of(
    shelf: Shelf, column: str, owners: Sequence[UUID], limit: int
) -> dict[UUID, list[BaseModel]]:
    """The latest ``limit`` records of each of those that ``column`` names; who has none is left out."""
    async with shelf.databases.operational(shelf.subject.context) as session:
        rows = await shelf.open(session).first_of_each(column, owners, limit)
    found: dict[UUID, list[BaseModel]] = {}
    for row in rows:
        found.setdefault(row._mapping[column], []).append(shelf.show(row))
    return found


async def create_record(shelf: Shelf, body: BaseModel) -> BaseModel:
    """Store a record.

    Raises:
        Problem: 409 where it stands already, 422 where something it names does not exist or a custom field is wrong.
    """
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        row = await guarded(add_row(shelf, shelf.open(session), body))
    return shelf.show(row)


async def create_records(shelf: Shelf, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store several; each stands or falls by itself, and each result stands at its item's place."""
    results: list[dict[str, Any]] = []
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        repository = shelf.open(session)
        for item in items:
            try:
                body = shelf.resource.create.model_validate(item)
                async with session.begin_nested():
                    row = await guarded(add_row(shelf, repository, body))
                results.append({"status": 201, "id": row.id})
            except ValidationError as error:
                results.append({"status": 422, "errors": faults_of(error)})
            except Problem as problem:
                errors = problem.more.get("errors") or [{"pointer": "", "detail": str(problem.detail)}]
                results.append({"status": problem.status_code, "errors": errors})
    return results


async def change_record(shelf: Shelf, record_id: UUID, body: BaseModel, if_match: str | None) -> BaseModel:
    """Set those fields that ``body`` names.

    Raises:
        Problem: 404 where there is none, 409 and 422 as for a new one, 412 where it changed since ``if_match``.
    """
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        repository = shelf.open(session)
        before = await _locked(shelf, repository, record_id, if_match)
        row = await guarded(change_row(shelf, repository, before, body.model_dump(exclude_unset=True)))
    return shelf.show(row)


async def delete_record(shelf: Shelf, record_id: UUID, if_match: str | None) -> None:
    """Delete a record.

    Raises:
        Problem: 404 where there is none, 409 where others need it, 412 where it changed since ``if_match``.
    """
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        repository = shelf.open(session)
        row = await _locked(shelf, repository, record_id, if_match)
        try:
            await repository.remove(record_id)
        except IntegrityError as error:
            if isinstance(error.orig, pg_errors.ForeignKeyViolation):
                raise Problem(
                    409,
                    "still-needed",
                    f"other records need this {shelf.resource.noun}",
                    hint="move or delete them first",
                ) from None
            raise
        await tell(shelf, repository, shelf.resource.events.deleted(row), row)
        note(shelf, repository, "delete", record_id)


async def change_row(shelf: Shelf, repository: RecordRepository, before: Row[Any], changes: dict[str, Any]) -> Row[Any]:
    """Write what differs from a locked row, with events and audit; a change of nothing is none."""
    resource = shelf.resource
    if "custom" in changes:
        changes["custom"] = await read_custom(repository, resource, before.custom | (changes["custom"] or {}))
    changes = await resource.settle(repository, changes, before)
    differing = {name: value for name, value in changes.items() if before._mapping[name] != value}
    if not differing:
        return before
    row = await repository.change(before.id, differing)
    await tell(shelf, repository, resource.events.changed(before, row, sorted(differing)), row)
    note(shelf, repository, "change", row.id, {"fields": sorted(differing)})
    return row


async def tell(shelf: Shelf, repository: RecordRepository, told: Told, row: Row[Any]) -> None:
    """Emit events about a record."""
    if told:
        await emit_many(repository.session, repository.tenant_id, [(data, row.id) for data in told], shelf.request_id)


def note(
    shelf: Shelf, repository: RecordRepository, action: str, record_id: UUID, details: Mapping[str, Any] | None = None
) -> None:
    """Put a change into the audit trail: which fields, and never their values."""
    noun = shelf.resource.noun.replace(" ", "_")
    note_change(repository.session, f"{noun}.{action}", noun, record_id, actor=shelf.actor, details=details)


async def add_row(shelf: Shelf, repository: RecordRepository, body: BaseModel) -> Row[Any]:
    """Store a new record in the repository's transaction, with events and audit."""
    resource, values = shelf.resource, body.model_dump()
    if resource.custom_entity is not None:
        values["custom"] = await read_custom(repository, resource, values.get("custom") or {})
    row = await repository.add(await resource.settle(repository, values, None))
    await tell(shelf, repository, resource.events.created(row), row)
    note(shelf, repository, "create", row.id)
    return row


async def _locked(shelf: Shelf, repository: RecordRepository, record_id: UUID, if_match: str | None) -> Row[Any]:
    row = await repository.lock(record_id)
    if row is None:
        raise not_found(shelf.resource.noun)
    if if_match is not None and if_match not in ("*", version_of(row)):
        raise Problem(
            412, "changed-meanwhile", f"the {shelf.resource.noun} was changed since you read it", hint="read it again"
        )
    return row


async def guarded(work: Any) -> Row[Any]:
    """The row that ``work`` gives; what the database refuses as a problem that names the field."""
    try:
        row: Row[Any] = await work
    except IntegrityError as error:
        raise _refusal(error) from None
    return row


def _refusal(error: IntegrityError) -> Exception:
    cause = error.orig
    if not isinstance(cause, pg_errors.IntegrityError):
        return error
    # by the constraint's name: under row-level security the database does not tell the key
    name = (cause.diag.constraint_name or "").removeprefix(f"{cause.diag.table_name}_")
    found = _CONSTRAINT.match(name)
    field = found["columns"] if found else ""
    if isinstance(cause, pg_errors.ForeignKeyViolation):
        return unusable_field(f"/{field}", f"no such {field.removesuffix('_id')}")
    if isinstance(cause, pg_errors.UniqueViolation):
        fault = {"pointer": f"/{field}", "detail": "is taken already"}
        return Problem(409, "taken", "such a record stands already", errors=[fault])
    if isinstance(cause, pg_errors.NotNullViolation):
        return unusable_field(f"/{cause.diag.column_name}", "can't be emptied")
    if isinstance(cause, pg_errors.CheckViolation):
        return unusable_field("", f"breaks the rule {cause.diag.constraint_name}")
    return error


def _wanted(resource: Resource, asked: dict[str, Any], limit: int, after: tuple[Any, UUID] | None) -> Wanted:
    custom = {}
    for text in asked.get("custom", []):
        name, separator, value = text.partition(":")
        if not separator or not name:
            raise unusable_field("custom", "write name:value")
        custom[name] = value
    since = {name: asked[f"{name.removesuffix('_at')}_since"] for name in ("created_at", "updated_at")
             if f"{name.removesuffix('_at')}_since" in asked}  # fmt: skip
    return Wanted(
        order=asked["sort"],
        limit=limit,
        equal={name: asked[name] for name in resource.filters if name in asked},
        since=since,
        before={"created_at": asked["created_before"]} if "created_before" in asked else {},
        text=asked.get("q"),
        searched=resource.searched,
        tag=asked.get("tag"),
        custom=custom,
        after=after,
    )
