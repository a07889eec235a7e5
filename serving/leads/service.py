"""What can be done with leads. SQL is the repository's, HTTP the endpoints'."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import errors as pg_errors
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError, IntegrityError

from serving.assignment.choosing import choose_owner
from serving.auth.subject import Subject
from serving.kit.audit import note_change
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases, as_platform
from serving.kit.problems import not_found, unusable_field
from serving.leads.repository import LeadRepository, Position, ScoredLeadRepository, position_of
from serving.leads.schemas import Lead, LeadCreate, LeadPage, LeadQuery, LeadUpdate
from serving.outbox import emit
from tekup.audit.record import ActorKind
from tekup.clock import utc_now
from tekup.contracts.events import LeadAssigned, LeadCreated, LeadStatusChanged

_TIME_OF_STATUS = {"contacted": "contacted_at", "qualified": "qualified_at", "won": "won_at", "lost": "lost_at"}
_OF_SCORE = (
    "probability",
    "probability_low",
    "probability_high",
    "has_enough_data",
    "is_out_of_distribution",
    "expected_value_cents",
    "grade",
    "scored_at",
)


async def list_leads(databases: Databases, subject: Subject, query: LeadQuery, cursors: CursorSigner) -> LeadPage:
    """One page; by score the warehouse chooses and orders, by time the operational database does."""
    after = None
    if query.cursor is not None:
        key, last_id = cursors.open(subject.tenant_id, query.question, query.cursor)
        after = Position(datetime.fromisoformat(key) if isinstance(key, str) else key, UUID(last_id))
    if query.needs_scores:
        items, last = await _scored_page(databases, subject, query, after)
    else:
        items, last = await _plain_page(databases, subject, query, after)
    if last is None:
        return LeadPage(items=items, next_cursor=None)
    key = last.key.isoformat() if isinstance(last.key, datetime) else last.key
    return LeadPage(items=items, next_cursor=cursors.make(subject.tenant_id, query.question, [key, str(last.id)]))


async def _plain_page(
    databases: Databases, subject: Subject, query: LeadQuery, after: Position | None
) -> tuple[list[Lead], Position | None]:
    async with databases.operational(subject.context) as session:
        rows = await LeadRepository(session, subject.tenant_id).page(
            status=query.status,
            source=query.source,
            ascending=query.sort == "created_at",
            after=after,
            limit=query.limit + 1,
        )
    shown = rows[: query.limit]
    scores = await _scores_of(databases, subject, [row.id for row in shown])
    last = position_of(shown[-1]) if len(rows) > query.limit else None
    return [_lead(row, scores.get(row.id)) for row in shown], last


async def _scored_page(
    databases: Databases, subject: Subject, query: LeadQuery, after: Position | None
) -> tuple[list[Lead], Position | None]:
    """Chosen as of the last build, shown as of now: a lead that has changed since or is gone falls out of the page."""
    async with databases.warehouse(subject.context) as session:
        scores = await ScoredLeadRepository(session, subject.tenant_id).page(
            status=query.status,
            source=query.source,
            grade=query.grade,
            key_name=query.score_key,
            ascending=not query.sort.startswith("-"),
            after=after,
            limit=query.limit + 1,
        )
    shown = scores[: query.limit]
    async with databases.operational(subject.context) as session:
        rows = await LeadRepository(session, subject.tenant_id).find_many([score.lead_id for score in shown])
    items = [_lead(rows[score.lead_id], score) for score in shown if score.lead_id in rows]
    if query.status is not None:
        items = [lead for lead in items if lead.status == query.status]
    last = Position(shown[-1].key, shown[-1].lead_id) if len(scores) > query.limit else None
    return items, last


async def get_lead(databases: Databases, subject: Subject, lead_id: UUID) -> Lead:
    """One lead with its last score.

    Raises:
        Problem: 404 where the tenant has no such lead.
    """
    async with databases.operational(subject.context) as session:
        row = await LeadRepository(session, subject.tenant_id).find(lead_id)
    if row is None:
        raise not_found("lead")
    return _lead(row, (await _scores_of(databases, subject, [lead_id])).get(lead_id))


async def get_leads(databases: Databases, subject: Subject, lead_ids: Sequence[UUID]) -> dict[UUID, Lead]:
    """Leads with their last scores, as many of these as the subject may see."""
    async with databases.operational(subject.context) as session:
        rows = await LeadRepository(session, subject.tenant_id).find_many(lead_ids)
    scores = await _scores_of(databases, subject, list(rows))
    return {lead_id: _lead(row, scores.get(lead_id)) for lead_id, row in rows.items()}


async def find_facts(databases: Databases, subject: Subject, lead_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """All columns of each of these leads, as many as the subject may know of.

    They are for a model to read, also for a caller who may not see who a lead is: they go into no answer.
    """
    async with databases.operational(subject.context.with_permission("persons:read")) as session:
        rows = await LeadRepository(session, subject.tenant_id).find_many(lead_ids)
    return {lead_id: row._asdict() for lead_id, row in rows.items()}


async def create_lead(databases: Databases, subject: Subject, body: LeadCreate, request_id: str) -> Lead:
    """Store a lead, its LeadCreated event and its audit entry in one transaction; without an owner, rules name one.

    Raises:
        Problem: 422 where the campaign or the owner is none of the tenant's.
    """
    values = body.model_dump()
    if values["email"] is not None:
        values["email"] = values["email"].strip().lower()
    try:
        async with databases.operational(subject.context, read_only=False) as session:
            row = await add_row(LeadRepository(session, subject.tenant_id), values, request_id)
    except IntegrityError as error:
        raise _unknown_reference(error) from None
    return _lead(row, None)


async def change_lead(databases: Databases, subject: Subject, lead_id: UUID, body: LeadUpdate, request_id: str) -> Lead:
    """Set a lead's status with its time, its LeadStatusChanged event and its audit entry in one transaction.

    Raises:
        Problem: 404 where the tenant has no such lead, 422 where the owner is none of the tenant's.
    """
    try:
        async with databases.operational(subject.context, read_only=False) as session:
            repository = LeadRepository(session, subject.tenant_id)
            before = await repository.lock(lead_id)
            if before is None:
                raise not_found("lead")
            row = await change_row(repository, before, body, request_id)
    except IntegrityError as error:
        raise _unknown_reference(error) from None
    return _lead(row, (await _scores_of(databases, subject, [lead_id])).get(lead_id))


async def add_row(
    repository: LeadRepository,
    values: dict[str, Any],
    request_id: str | None,
    actor: tuple[ActorKind, str] | None = None,
) -> Row[Any]:
    """Store a lead in the repository's transaction, with its events, its audit entry and an owner."""
    session, tenant_id = repository.session, repository.tenant_id
    row = await repository.add(values)
    created = LeadCreated(lead_id=row.id, source=row.source, status=row.status)
    await emit(session, tenant_id, created, row.id, request_id)
    note_change(session, "lead.create", "lead", row.id, actor=actor, after=values)
    if row.owner_id is not None:
        await _tell_assigned(repository, row, None, request_id)
        return row
    choice = await choose_owner(session, tenant_id, "lead", row._asdict())
    return row if choice is None else await give(repository, row, choice.owner_id, choice.rule_id, request_id, actor)


async def change_row(
    repository: LeadRepository,
    before: Row[Any],
    body: LeadUpdate,
    request_id: str | None,
    actor: tuple[ActorKind, str] | None = None,
) -> Row[Any]:
    """Change a locked lead in the repository's transaction, with its events and its audit entry."""
    session, tenant_id = repository.session, repository.tenant_id
    row = await repository.change(before.id, _changes(before, body))
    if row.status != before.status:
        moved = LeadStatusChanged(lead_id=row.id, before=before.status, after=row.status)
        await emit(session, tenant_id, moved, row.id, request_id)
    if row.owner_id is not None and row.owner_id != before.owner_id:
        await _tell_assigned(repository, row, None, request_id)
    action = "lead.change" if row.status == before.status else "lead.status"
    note_change(session, action, "lead", row.id, actor=actor, before=before._asdict(), after=row._asdict())
    return row


async def give(
    repository: LeadRepository,
    lead: Row[Any],
    owner_id: UUID,
    rule_id: UUID | None,
    request_id: str | None,
    actor: tuple[ActorKind, str] | None = None,
) -> Row[Any]:
    """Make a user the owner of a locked lead, with the event and the audit entry."""
    # also a lead that its giver no longer sees when it is another's
    async with as_platform(repository.session):
        row = await repository.change(lead.id, {"owner_id": owner_id, "updated_at": utc_now()})
    await _tell_assigned(repository, row, rule_id, request_id)
    details = {"owner_id": str(owner_id), "rule_id": None if rule_id is None else str(rule_id)}
    note_change(repository.session, "lead.assign", "lead", row.id, actor=actor, details=details)
    return row


async def _tell_assigned(
    repository: LeadRepository, lead: Row[Any], rule_id: UUID | None, request_id: str | None
) -> None:
    told = LeadAssigned(lead_id=lead.id, owner_id=lead.owner_id, rule_id=rule_id)
    await emit(repository.session, repository.tenant_id, told, lead.id, request_id)


def _changes(before: Row[Any], body: LeadUpdate) -> dict[str, Any]:
    """Columns to set: a status that is reached again keeps its first time, and won and lost exclude each other."""
    changes: dict[str, Any] = {"status": body.status, "updated_at": utc_now()}
    if body.value_cents is not None:
        changes |= {"value_cents": body.value_cents, "currency": body.currency}
    if body.owner_id is not None:
        changes["owner_id"] = body.owner_id
    column = _TIME_OF_STATUS.get(body.status)
    if column is not None and getattr(before, column) is None:
        changes[column] = utc_now()
    for other in {"won_at", "lost_at"} - {column}:
        if getattr(before, other) is not None:
            changes[other] = None
    return changes


async def _scores_of(databases: Databases, subject: Subject, ids: list[UUID]) -> dict[UUID, Row[Any]]:
    if not ids:
        return {}
    async with databases.warehouse(subject.context) as session:
        return await ScoredLeadRepository(session, subject.tenant_id).scores_of(ids)


def _lead(row: Row[Any], score: Row[Any] | None) -> Lead:
    facts = {name: getattr(row, name) for name in Lead.model_fields if name in row._mapping}
    if score is not None:
        facts |= {name: getattr(score, name) for name in _OF_SCORE}
    return Lead.model_construct(**facts)


def _unknown_reference(error: DBAPIError) -> Exception:
    if isinstance(error.orig, pg_errors.ForeignKeyViolation):
        field = "owner_id" if "owner_id" in (error.orig.diag.constraint_name or "") else "campaign_id"
        return unusable_field(f"/{field}", f"no such {field.removesuffix('_id')}")
    return error
