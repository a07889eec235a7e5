"""What a rule can do to a record, in the transaction of whoever runs it. When it is done is the engine's decision."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.assignment.choosing import choose_owner
from serving.automation.entities import Entity
from serving.automation.schemas import (
    Action,
    AddTag,
    Assign,
    CreateActivity,
    Emit,
    MoveStage,
    RemoveTag,
    SetFields,
)
from serving.crm.resources import ACTIVITY
from serving.crm.schemas import ActivityCreate
from serving.kit.databases import Databases
from serving.kit.problems import Problem, faults_of, unusable_field
from serving.leads import service as lead_service
from serving.leads.repository import LeadRepository
from serving.leads.schemas import LeadUpdate
from serving.outbox import emit
from serving.records import service as record_service
from serving.records.service import Shelf
from tekup.clock import utc_now
from tekup.contracts.automation_events import AutomationSignalled

Done: TypeAlias = dict[str, Any]
"""What an action did, as the log tells it: ids and names of fields, no values."""
_ACTIONS: TypeAdapter[list[Action]] = TypeAdapter(list[Action])
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Bench:
    """Where an action works: one record in one transaction, on behalf of one firing."""

    session: AsyncSession
    databases: Databases
    shelf: Shelf
    entity: Entity
    rule_id: UUID
    run_id: UUID

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose record it is."""
        return self.shelf.subject.tenant_id

    async def lock(self, record_id: UUID) -> Row[Any] | None:
        """The record as it is now, kept from others until the transaction ends."""
        if self.entity.resource is None:
            return await LeadRepository(self.session, self.tenant_id).lock(record_id)
        return await self.shelf.open(self.session).lock(record_id)

    async def change(self, record: Row[Any], values: Mapping[str, Any]) -> Done:
        """Set fields of the record, as its own service does."""
        body: Any
        if self.entity.resource is None:
            body = _read(LeadUpdate, {"status": record.status, **values})
            repository = LeadRepository(self.session, self.tenant_id)
            changed = lead_service.change_row(repository, record, body, self.shelf.request_id, self.shelf.actor)
        else:
            body = _read(self.entity.update, values)
            given = body.model_dump(exclude_unset=True)
            changed = record_service.change_row(self.shelf, self.shelf.open(self.session), record, given)
        row = await record_service.guarded(changed)
        differing = [name for name in sorted(values) if row._mapping[name] != record._mapping[name]]
        return {"entity_id": str(record.id), "fields": differing}


def read_actions(stored: list[dict[str, Any]]) -> list[Action]:
    """The actions of a stored rule."""
    return _ACTIONS.validate_python(stored)


async def act(bench: Bench, record: Row[Any], action: Action) -> Done:
    """Do one action; what it did.

    Raises:
        Problem: the record does not allow it, or what the action names is gone.
    """
    return {"do": action.do, **await _DOING[type(action)](bench, record, action)}


async def _create_activity(bench: Bench, record: Row[Any], action: CreateActivity) -> Done:
    links: dict[str, Any] = {name: record._mapping.get(name) for name in ("lead_id", "contact_id", "deal_id")}
    if bench.entity.noun in ("lead", "contact", "deal"):
        links[f"{bench.entity.noun}_id"] = record.id
    owner = record._mapping.get("owner_id") if action.owner == "record_owner" else action.owner
    minutes = action.due_in_minutes
    due = None if minutes is None else utc_now() + timedelta(minutes=minutes)
    body = _read(
        ActivityCreate,
        {
            "kind": action.kind,
            "subject": fill_in(action.subject, record)[:500],
            "body": None if action.body is None else fill_in(action.body, record)[:20_000],
            "due_at": due,
            "owner_id": owner,
            **links,
        },
    )
    shelf = Shelf(ACTIVITY, bench.databases, bench.shelf.subject, bench.shelf.request_id, bench.shelf.actor)
    row = await record_service.guarded(record_service.add_row(shelf, shelf.open(bench.session), body))
    return {"activity_id": str(row.id)}


async def _set_fields(bench: Bench, record: Row[Any], action: SetFields) -> Done:
    return await bench.change(record, action.fields)


async def _move_stage(bench: Bench, record: Row[Any], action: MoveStage) -> Done:
    return await bench.change(record, {"stage_id": action.stage_id}) | {"stage_id": str(action.stage_id)}


async def _assign(bench: Bench, record: Row[Any], action: Assign) -> Done:
    owner_id = action.user_id
    if owner_id is None:
        choice = await choose_owner(bench.session, bench.tenant_id, bench.entity.noun, record._asdict())
        if choice is None:
            raise unusable_field("/user_id", "no rule of assignment has anybody for it")
        owner_id = choice.owner_id
    return await bench.change(record, {"owner_id": owner_id}) | {"owner_id": str(owner_id)}


async def _add_tag(bench: Bench, record: Row[Any], action: AddTag) -> Done:
    tags = record.tags if action.tag in record.tags else [*record.tags, action.tag]
    return await bench.change(record, {"tags": tags})


async def _remove_tag(bench: Bench, record: Row[Any], action: RemoveTag) -> Done:
    return await bench.change(record, {"tags": [tag for tag in record.tags if tag != action.tag]})


async def _emit(bench: Bench, record: Row[Any], action: Emit) -> Done:
    told = AutomationSignalled(
        signal=action.name,
        rule_id=bench.rule_id,
        run_id=bench.run_id,
        entity_type=bench.entity.noun,
        entity_id=record.id,
    )
    event_id = await emit(bench.session, bench.tenant_id, told, bench.run_id, bench.shelf.request_id)
    return {"event_id": str(event_id), "name": action.name}


_DOING: Mapping[type[Any], Callable[[Bench, Row[Any], Any], Awaitable[Done]]] = {
    CreateActivity: _create_activity,
    SetFields: _set_fields,
    MoveStage: _move_stage,
    Assign: _assign,
    AddTag: _add_tag,
    RemoveTag: _remove_tag,
    Emit: _emit,
}


def fill_in(template: str, record: Row[Any]) -> str:
    """The template with the record's values in place of `{field}`; what is not known is left empty."""
    values = record._mapping

    def value_of(found: re.Match[str]) -> str:
        value = values.get(found[1])
        return "" if value is None else str(value)

    return _PLACEHOLDER.sub(value_of, template)


def unknown_placeholders(template: str, entity: Entity) -> list[str]:
    """Placeholders that name no field of the record."""
    return sorted({name for name in _PLACEHOLDER.findall(template) if name not in entity.table.c})


def _read(model: type[Any], values: Mapping[str, Any]) -> Any:
    """The values as a request's body.

    Raises:
        Problem: 422 that names the first field that can't be used.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem(422, "unusable-input", "the action can't be done", errors=faults_of(error)) from None
