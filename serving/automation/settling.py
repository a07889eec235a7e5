"""What is checked before a rule is stored: that it can run, and that its maker may do all that it does."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row

from serving.automation.actions import read_actions, unknown_placeholders
from serving.automation.conditions import check_condition
from serving.automation.entities import TRIGGERS, Entity, entity_of
from serving.automation.repository import AutomationRepository
from serving.automation.schemas import Action, Assign, CreateActivity, Emit, MoveStage, SetFields
from serving.kit.problems import Problem, faults_of, unusable_field
from serving.models.crm import stages
from serving.models.operational import users
from serving.records.repository import RecordRepository
from tekup.errors import BadInput
from tekup.tenancy import TenantContext


async def settle_rule(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """Check trigger, condition and actions as they will stand."""
    told = {**(before._asdict() if before is not None else {}), **values}
    if before is not None and not {"condition", "actions"} & values.keys():
        if values.get("is_enabled"):
            await check_rule(repository, told["trigger"], told["condition"], read_actions(told["actions"]))
        return values
    actions = read_actions(told["actions"])
    await check_rule(repository, told["trigger"], told["condition"], actions)
    if "actions" in values:
        values = {**values, "actions": [action.model_dump(mode="json", exclude_none=True) for action in actions]}
        for given, action in zip(values["actions"], actions, strict=True):
            if isinstance(action, CreateActivity) and action.owner is None:
                given["owner"] = None
    return values


async def check_rule(repository: RecordRepository, trigger: str, condition: str, actions: list[Action]) -> Entity:
    """Refuse a rule that can't run, or does what its maker may not.

    Raises:
        Problem: 422 that names what to mend; 403 that names what the caller lacks.
    """
    if trigger not in TRIGGERS:
        raise unusable_field("/trigger", f"no such type of event; choose one of {', '.join(sorted(TRIGGERS))}")
    entity = entity_of(trigger)
    _check_rights(repository.context, trigger, entity, actions)
    custom = {}
    if entity.custom_entity:
        rows = AutomationRepository(repository.session, repository.tenant_id)
        custom = await rows.custom_kinds(entity.custom_entity)
    try:
        check_condition(condition, entity.noun, entity.table, TRIGGERS[trigger], custom)
    except BadInput as fault:
        raise unusable_field("/condition", fault.what) from None
    for place, action in enumerate(actions):
        await _check_action(repository, entity, action, f"/actions/{place}")
    return entity


def _check_rights(context: TenantContext, trigger: str, entity: Entity, actions: list[Action]) -> None:
    needed = {TRIGGERS[trigger].scope, f"{entity.plural}:read"}
    if {action.do for action in actions} - {"emit", "create_activity"}:
        needed.add(f"{entity.plural}:write")
    if any(isinstance(action, CreateActivity) for action in actions):
        needed.add("activities:write")
    missing = sorted(scope for scope in needed if not context.may(scope))
    # what a condition finds out of people is what its maker may see
    if entity.noun in ("lead", "contact", "activity") and not context.may("persons:read", f"{entity.plural}:write"):
        missing.append("persons:read")
    if missing:
        raise Problem(403, "scope-missing", f"a rule does what its maker may; you lack {' '.join(missing)}")


async def _check_action(repository: RecordRepository, entity: Entity, action: Action, pointer: str) -> None:
    if action.do not in entity.actions:
        offered = ", ".join(sorted(entity.actions))
        raise unusable_field(f"{pointer}/do", f"can't be done to a {entity.noun}; choose one of {offered}")
    if isinstance(action, MoveStage) and await repository.of(stages).find(action.stage_id) is None:
        raise unusable_field(f"{pointer}/stage_id", "no such stage")
    if isinstance(action, Assign) and action.user_id is None and entity.noun not in ("lead", "deal"):
        raise unusable_field(f"{pointer}/user_id", "name a user: rules of assignment are for leads and deals")
    if isinstance(action, Assign) and action.user_id is not None:
        await _check_user(repository, action.user_id, f"{pointer}/user_id")
    if isinstance(action, CreateActivity):
        if isinstance(action.owner, UUID):
            await _check_user(repository, action.owner, f"{pointer}/owner")
        if action.due_in_minutes is not None and action.kind != "task":
            raise unusable_field(f"{pointer}/due_in_minutes", "only a task has it")
        for name in ("subject", "body"):
            if unknown := unknown_placeholders(getattr(action, name) or "", entity):
                raise unusable_field(f"{pointer}/{name}", f"a {entity.noun} has no {', '.join(unknown)}")
    if isinstance(action, SetFields):
        _check_fields(entity, action, f"{pointer}/fields")
    if isinstance(action, Emit) and not repository.context.may("automation:write"):
        raise unusable_field(f"{pointer}/do", "needs automation:write")


async def _check_user(repository: RecordRepository, user_id: UUID, pointer: str) -> None:
    user = await repository.of(users).find(user_id)
    if user is None or user.status != "active":
        raise unusable_field(pointer, "no such active user")


def _check_fields(entity: Entity, action: SetFields, pointer: str) -> None:
    """The fields as a PATCH would take them; which custom fields there are is asked when they are set."""
    required = {"status": "new"} if entity.resource is None else {}
    try:
        entity.update.model_validate({**required, **action.fields})
    except ValidationError as error:
        raise Problem(422, "unusable-input", "the request can't be used", errors=faults_of(error, pointer)) from None
