"""What is checked before a rule of assignment is stored."""

from typing import Any

from sqlalchemy import Row

from serving.assignment.repository import TABLES, AssignmentRepository
from serving.automation.conditions import check_condition
from serving.kit.problems import unusable_field
from serving.records.repository import RecordRepository
from tekup.errors import BadInput


async def settle_assignment_rule(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """Its condition can be read, and its users are there."""
    rows = AssignmentRepository(repository.session, repository.tenant_id)
    entity = before.entity if before is not None else values["entity"]
    if values.get("condition"):
        custom = await rows.custom_kinds(entity)
        try:
            check_condition(values["condition"], entity, TABLES[entity], None, custom)
        except BadInput as fault:
            raise unusable_field("/condition", fault.what) from None
    if "user_ids" in values:
        values["user_ids"] = list(dict.fromkeys(values["user_ids"]))
        active = await rows.active(values["user_ids"])
        for place, user_id in enumerate(values["user_ids"]):
            if user_id not in active:
                raise unusable_field(f"/user_ids/{place}", "no such active user")
    if values.get("fallback_user_id") is not None and not await rows.active([values["fallback_user_id"]]):
        raise unusable_field("/fallback_user_id", "no such active user")
    return values
