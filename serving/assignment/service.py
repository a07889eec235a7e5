"""Handing out records that are there already, one transaction for all, and who has how many."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.assignment.choosing import choose_owner
from serving.assignment.repository import AssignmentRepository
from serving.assignment.schemas import (
    MOST_AT_ONCE,
    Assigned,
    AssignmentItem,
    AssignmentRequest,
    AssignmentResults,
    Load,
    Loads,
)
from serving.auth.subject import Subject
from serving.kit.audit import savepoint
from serving.kit.databases import Databases, as_platform
from serving.kit.problems import FieldFault, unusable_field
from tekup.tenancy import TenantContext


class Giver(Protocol):
    """How records of one kind are locked and given to somebody."""

    async def lock(self, session: AsyncSession, record_id: UUID) -> Row[Any] | None:
        """The record, kept from others."""

    async def give(self, session: AsyncSession, record: Row[Any], owner_id: UUID, rule_id: UUID | None) -> None:
        """Make somebody its owner, with event and audit."""


class _Undo(Exception):
    """Raised to take a dry run back."""


async def show_loads(databases: Databases, subject: Subject, entity: Assigned) -> Loads:
    """How many open records each active user has."""
    async with databases.operational(TenantContext.system(subject.tenant_id)) as session:
        repository = AssignmentRepository(session, subject.tenant_id)
        loads, active = await repository.loads(entity), await repository.active_users()
    counts = sorted(((loads.get(user, 0), user) for user in active), key=lambda one: (-one[0], one[1]))
    return Loads(items=[Load(user_id=user, open_count=count) for count, user in counts])


async def assign(
    databases: Databases, subject: Subject, entity: Assigned, giver: Giver, body: AssignmentRequest
) -> AssignmentResults:
    """Give records to a user, or to whom the rules say.

    Raises:
        Problem: 422 where the user is not there.
    """
    results = AssignmentResults(items=[])
    try:
        async with databases.operational(subject.context, read_only=False) as session, savepoint(session):
            repository = AssignmentRepository(session, subject.tenant_id)
            if body.user_id is not None and not await repository.active([body.user_id]):
                raise unusable_field("/user_id", "no such active user")
            for record_id in await _ids(session, repository, entity, body):
                results.items.append(await _assign_one(session, subject, entity, giver, record_id, body))
            if body.is_dry_run:
                raise _Undo
    except _Undo:
        pass
    return results


async def _ids(
    session: AsyncSession, repository: AssignmentRepository, entity: Assigned, body: AssignmentRequest
) -> Sequence[UUID]:
    if body.from_user_id is None:
        return list(dict.fromkeys(body.ids))
    async with as_platform(session):
        return await repository.open_of(entity, body.from_user_id, MOST_AT_ONCE)


async def _assign_one(
    session: AsyncSession,
    subject: Subject,
    entity: Assigned,
    giver: Giver,
    record_id: UUID,
    body: AssignmentRequest,
) -> AssignmentItem:
    record = await giver.lock(session, record_id)
    if record is None:
        fault = FieldFault(pointer="", detail=f"no such {entity}")
        return AssignmentItem(id=record_id, status=404, errors=[fault])
    owner_id, rule_id = body.user_id, None
    if owner_id is None:
        choice = await choose_owner(session, subject.tenant_id, entity, record._asdict(), but=body.from_user_id)
        if choice is None:
            fault = FieldFault(pointer="", detail="no rule has anybody for it")
            return AssignmentItem(id=record_id, status=409, owner_id=record.owner_id, errors=[fault])
        owner_id, rule_id = choice.owner_id, choice.rule_id
    if owner_id != record.owner_id:
        await giver.give(session, record, owner_id, rule_id)
    return AssignmentItem(id=record_id, status=200, owner_id=owner_id, rule_id=rule_id)
