"""Running rules when an event comes. A rule fires once for an event, in the transaction in which the event is handled.

What a record does not allow is entered in the log as failed, with nothing done, and the next rule goes on. Anything
else that goes wrong raises: the event is tried again and becomes a dead letter (docs/events.md).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.subject import Subject
from serving.automation.actions import Bench, Done, act, read_actions
from serving.automation.conditions import Verdict, judge
from serving.automation.entities import TRIGGERS, Entity, entity_of
from serving.automation.repository import AutomationRepository
from serving.consumers.consumer import Consumer
from serving.crm.resources import ACTIVITY
from serving.kit.audit import savepoint
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from serving.records.service import Shelf
from tekup.contracts.envelope import Event
from tekup.ids import derived_uuid, uuid7
from tekup.tenancy import EVERYTHING, SYSTEM

MARK = "rule-"
"""The trace of events that a firing caused is this and the firing's id."""
DEEPEST = 5
"""So many firings may cause each other."""
PLATFORM = derived_uuid("reaction", "automation")


def automation_consumer(databases: Databases) -> Consumer:
    """Runs the tenants' rules."""

    async def run(session: AsyncSession, event: Event) -> None:
        await run_rules(databases, session, event)

    return Consumer("automation", dict.fromkeys(TRIGGERS, run))


async def run_rules(databases: Databases, session: AsyncSession, event: Event) -> None:
    """Run the rules that begin with this event, in their order."""
    repository = AutomationRepository(session, event.tenant_id)
    rules = await repository.enabled_for(event.type)
    if not rules:
        return
    entity = entity_of(event.type)
    told = event.data.model_dump(mode="python", by_alias=True)
    cause = await _cause_of(repository, event)
    line = [*cause.line, cause.rule_id] if cause else []
    custom = await repository.custom_kinds(entity.custom_entity) if entity.custom_entity else {}
    for rule in rules:
        bench = make_bench(databases, session, _platform(event.tenant_id), entity, rule.id, uuid7())
        record = await bench.lock(event.aggregate_id)
        if record is None:
            return
        if not judge_rule(rule.condition, entity, record, told, custom).holds:
            continue
        values = {
            "id": bench.run_id, "rule_id": rule.id, "event_id": event.id, "event_type": event.type,
            "entity_type": entity.noun, "entity_id": record.id, "outcome": "done",
            "caused_by": cause.id if cause else None, "depth": len(line) + 1,
            "line": line,
        }  # fmt: skip
        if not await repository.begin_run(values):
            continue
        if (why := _stopped(rule.id, line)) is not None:
            await repository.end_run(bench.run_id, "stopped", [], why)
            continue
        done, error = await fire(bench, record, rule.actions)
        await repository.end_run(bench.run_id, "failed" if error else "done", done, error)


def make_bench(
    databases: Databases, session: AsyncSession, subject: Subject, entity: Entity, rule_id: UUID, run_id: UUID
) -> Bench:
    """Where a firing works."""
    actor = ("system", f"automation_rule:{rule_id}")
    shelf = Shelf(entity.resource or ACTIVITY, databases, subject, f"{MARK}{run_id}", actor)  # type: ignore[arg-type]
    return Bench(session, databases, shelf, entity, rule_id, run_id)


def judge_rule(
    condition: str, entity: Entity, record: Row[Any], told: Mapping[str, Any], custom: Mapping[str, str]
) -> Verdict:
    """Whether a condition holds for a record; its own fields that have no value are null."""
    values = dict(record._mapping)
    if entity.custom_entity:
        values["custom"] = {**dict.fromkeys(custom), **(values["custom"] or {})}
    return judge(condition, entity.noun, values, told)


async def fire(bench: Bench, record: Row[Any], actions: list[dict[str, Any]]) -> tuple[list[Done], str | None]:
    """Do all actions or, where the record does not allow one, none; what was done, or why not."""
    done: list[Done] = []
    try:
        async with savepoint(bench.session):
            for action in read_actions(actions):
                done.append(await act(bench, record, action))
                now = await bench.lock(record.id)
                assert now is not None  # it is locked
                record = now
    except Problem as problem:
        faults = [f"{one['pointer']}: {one['detail']}" for one in problem.more.get("errors") or []]
        return [], f"action {len(done) + 1}: " + "; ".join([str(problem.detail), *faults])[:1_000]
    return done, None


def _stopped(rule_id: UUID, line: list[UUID]) -> str | None:
    if rule_id in line:
        return "the rule would fire because of itself"
    return f"more than {DEEPEST} firings in a row" if len(line) >= DEEPEST else None


async def _cause_of(repository: AutomationRepository, event: Event) -> Row[Any] | None:
    """The firing that caused an event, which knows the rules that led to it."""
    if event.trace_id is None or not event.trace_id.startswith(MARK):
        return None
    try:
        run_id = UUID(event.trace_id.removeprefix(MARK))
    except ValueError:
        return None
    return await repository.find_run(run_id)


def _platform(tenant_id: UUID) -> Subject:
    return Subject(tenant_id, "token", PLATFORM, EVERYTHING, SYSTEM)
