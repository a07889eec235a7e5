"""What a person can do with rules besides storing them: try one, see its triggers, have a failed firing tried again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.subject import Subject
from serving.automation.actions import read_actions
from serving.automation.conditions import field_types
from serving.automation.engine import fire, judge_rule, make_bench
from serving.automation.entities import TRIGGERS, Entity, entity_of
from serving.automation.repository import AutomationRepository
from serving.automation.schemas import Action, DryRun, DryRunItem, DryRunRequest, Run, Trigger, TriggerField, Triggers
from serving.automation.settling import check_rule
from serving.kit.audit import note_change, savepoint
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.models.automation import automation_rules
from serving.records.repository import RecordRepository
from tekup.contracts.events import read_event_data
from tekup.errors import TekupError
from tekup.ids import uuid7
from tekup.tenancy import TenantContext

MOST_TRIED = 50
"""So many of the matches of a dry run are really done and undone; of the others only the match is told."""


class _Undo(Exception):
    """Raised to take back what a dry run did."""


async def list_triggers(databases: Databases, subject: Subject) -> Triggers:
    """The types of events that rules can begin with, with what a condition may name and what may be done."""
    items = []
    async with databases.operational(subject.context) as session:
        repository = AutomationRepository(session, subject.tenant_id)
        custom = {noun: await repository.custom_kinds(noun) for noun in ("contact", "company", "deal")}
    for name, kind in sorted(TRIGGERS.items()):
        entity = entity_of(name)
        fields = field_types(entity.noun, entity.table, kind, custom.get(entity.noun, {}))
        items.append(
            Trigger(
                event_type=name,
                description=(kind.__doc__ or "").strip(),
                entity=entity.noun,
                actions=sorted(entity.actions),
                fields=[TriggerField(name=field, type=told) for field, told in fields.items()],
            )
        )
    return Triggers(items=items)


async def dry_run(databases: Databases, subject: Subject, body: DryRunRequest) -> DryRun:
    """Do what a rule would do, tell it, and take it back.

    Raises:
        Problem: 404 no such rule; 403 and 422 as for storing it.
    """
    async with databases.operational(subject.context, read_only=False) as session:
        repository = AutomationRepository(session, subject.tenant_id)
        trigger, condition, actions = await _rule_of(repository, body)
        records = RecordRepository(session, subject.tenant_id, automation_rules)
        entity = await check_rule(records, trigger, condition, actions)
        custom = await repository.custom_kinds(entity.custom_entity) if entity.custom_entity else {}
        candidates = await _candidates(repository, trigger, body)
        stored = [action.model_dump(mode="json") for action in actions]
        trial = _Trial(databases, session, subject, entity, condition, stored, custom)
        items = [await trial.of(*candidate) for candidate in candidates]
        note_change(session, "automation_rule.dry_run", "automation_rule", body.rule_id or "draft")
    return DryRun(looked_at=len(items), matched=sum(item.holds for item in items), items=items)


async def retry_run(databases: Databases, subject: Subject, run_id: UUID) -> Run:
    """Have a failed firing tried again, with the rule as it is now.

    Raises:
        Problem: 404 no such run, 409 it did not fail, or its record is gone.
    """
    async with databases.operational(TenantContext.system(subject.tenant_id), read_only=False) as session:
        repository = AutomationRepository(session, subject.tenant_id)
        run = await repository.lock_run(run_id)
        if run is None:
            raise not_found("automation run")
        if run.outcome != "failed":
            raise Problem(409, "not-failed", f"the run is {run.outcome}; only a failed one can be tried again")
        rule = await repository.find_rule(run.rule_id)
        assert rule is not None  # runs go with their rule
        bench = make_bench(databases, session, subject, entity_of(run.event_type), rule.id, run.id)
        record = await bench.lock(run.entity_id)
        if record is None:
            raise Problem(409, "record-gone", f"the {run.entity_type} is gone")
        done, error = await fire(bench, record, rule.actions)
        row = await repository.end_run(run.id, "failed" if error else "done", done, error)
        note_change(session, "automation_run.retry", "automation_run", run.id, details={"outcome": row.outcome})
    return Run.model_construct(**{name: row._mapping[name] for name in Run.model_fields})


class _Trial:
    """A rule on trial."""

    def __init__(
        self,
        databases: Databases,
        session: AsyncSession,
        subject: Subject,
        entity: Entity,
        condition: str,
        actions: list[dict[str, Any]],
        custom: Mapping[str, str],
    ) -> None:
        self._databases, self._session, self._subject = databases, session, subject
        self._entity, self._condition, self._actions, self._custom = entity, condition, actions, custom
        self._left = MOST_TRIED

    async def of(self, event: Row[Any] | None, record_id: UUID) -> DryRunItem:
        """What would happen for one event, or one record without one."""
        bench = make_bench(self._databases, self._session, self._subject, self._entity, uuid7(), uuid7())
        made = DryRunItem(
            event_id=event.id if event else None,
            occurred_at=event.occurred_at if event else None,
            entity_id=record_id, holds=False, fault=None, outcome="gone", actions=[], error=None,
        )  # fmt: skip
        record = await bench.lock(record_id)
        if record is None:
            return made
        told = _told(event)
        verdict = judge_rule(self._condition, self._entity, record, told, self._custom)
        made.holds, made.fault, made.outcome = verdict.holds, verdict.fault, "no_match"
        if not verdict.holds:
            return made
        if self._left <= 0:
            made.outcome = "not_tried"
            return made
        self._left -= 1
        try:
            async with savepoint(self._session):
                made.actions, made.error = await fire(bench, record, self._actions)
                raise _Undo
        except _Undo:
            made.outcome = "would_fail" if made.error else "would_do"
        return made


def _told(event: Row[Any] | None) -> dict[str, Any]:
    if event is None:
        return {}
    try:
        return read_event_data(event.event_type, event.schema_version, dict(event.payload)).model_dump(by_alias=True)
    except (TekupError, ValueError):
        # emptied by an erasure, or of a version that is gone
        return {}


async def _rule_of(repository: AutomationRepository, body: DryRunRequest) -> tuple[str, str, list[Action]]:
    if body.rule_id is None:
        if body.trigger is None or not body.actions:
            raise unusable_field("/trigger", "give rule_id, or trigger and actions")
        return body.trigger, body.condition, body.actions
    rule = await repository.find_rule(body.rule_id)
    if rule is None:
        raise not_found("automation rule")
    return rule.trigger, rule.condition, read_actions(rule.actions)


async def _candidates(
    repository: AutomationRepository, trigger: str, body: DryRunRequest
) -> list[tuple[Row[Any] | None, UUID]]:
    if body.record_ids:
        return [(None, record_id) for record_id in body.record_ids]
    return [(event, event.aggregate_id) for event in await repository.latest_events(trigger, body.limit)]
