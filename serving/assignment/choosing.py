"""Choosing an owner by the rules, in the transaction of the record. A rule's turns are taken one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.assignment.repository import AssignmentRepository
from serving.automation.conditions import judge
from serving.kit.databases import as_platform


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a record, and by which rule."""

    owner_id: UUID
    rule_id: UUID


async def choose_owner(
    session: AsyncSession, tenant_id: UUID, entity: str, record: Mapping[str, Any], *, but: UUID | None = None
) -> Choice | None:
    """The owner that the rules say, never ``but``; None where no rule has anybody.

    Loads are those of all records, also where the caller may see his own alone.
    """
    async with as_platform(session):
        repository = AssignmentRepository(session, tenant_id)
        rules = await repository.enabled_for(entity)
        if not rules:
            return None
        custom = await repository.custom_kinds(entity)
        values = {**record, "custom": {**dict.fromkeys(custom), **(record.get("custom") or {})}}
        for rule in rules:
            if judge(rule.condition, entity, values, {}).holds:
                owner = await _by_rule(repository, rule, but)
                if owner is not None:
                    return Choice(owner, rule.id)
    return None


async def _by_rule(repository: AssignmentRepository, rule: Row[Any], but: UUID | None) -> UUID | None:
    # the turn's row is the lock: loads that are read after it count what those before assigned
    turn = await repository.take_turn(rule.id)
    able = await repository.active({*rule.user_ids, *([rule.fallback_user_id] if rule.fallback_user_id else [])})
    able.discard(but)  # type: ignore[arg-type]  # None is in no set of users
    wanted = [user for user in rule.user_ids if user in able]
    loads = await repository.loads(rule.entity, wanted) if wanted else {}
    if rule.most_open is not None:
        wanted = [user for user in wanted if loads.get(user, 0) < rule.most_open]
    if not wanted:
        return rule.fallback_user_id if rule.fallback_user_id in able else None
    last: dict[str, int] = turn.last_turns
    chosen = _next(wanted, loads if rule.strategy == "least_loaded" else {}, last)
    known = {str(user) for user in rule.user_ids}
    await repository.note_turn(rule.id, {**{u: t for u, t in last.items() if u in known}, str(chosen): turn.turn})
    return chosen


def _next(users: Sequence[UUID], loads: Mapping[UUID, int], last: Mapping[str, int]) -> UUID:
    """The least loaded, of those whose last turn is longest ago, of those the first of the list."""
    return min(users, key=lambda user: (loads.get(user, 0), last.get(str(user), 0)))
