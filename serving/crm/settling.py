"""What is checked or completed before a record of the CRM is stored, beyond its shape."""

from typing import Any

from sqlalchemy import Row, update

from serving.assignment.choosing import choose_owner
from serving.kit.problems import unusable_field
from serving.links.service import check_campaign_name
from serving.models.crm import campaigns, deals, pipelines, stages
from serving.records.repository import RecordRepository
from tekup.clock import utc_now

DEEPEST = 20


async def settle_company(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """No company belongs to itself, directly or through others."""
    if values.get("domain") is not None:
        values["domain"] = values["domain"].strip().lower() or None
    parent_id, own_id = values.get("parent_id"), None if before is None else before.id
    for _ in range(DEEPEST):
        if parent_id is None:
            return values
        if parent_id == own_id:
            raise unusable_field("/parent_id", "a company can't belong to itself or to one of its own")
        parent = await repository.find(parent_id)
        if parent is None:
            raise unusable_field("/parent_id", "no such company")
        parent_id = parent.parent_id
    raise unusable_field("/parent_id", f"companies stand at most {DEEPEST} deep")


async def settle_deal(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """A deal's stage says in which pipeline it is, whether it is won or lost, and when it ended; rules say whose."""
    currency = values.get("currency", before.currency if before is not None else None)
    amount = values.get("amount_cents", before.amount_cents if before is not None else None)
    if amount is not None and currency is None:
        raise unusable_field("/currency", "an amount needs a currency")
    if "stage_id" not in values or (before is not None and values["stage_id"] == before.stage_id):
        return values
    stage = await repository.of(stages).find(values["stage_id"])
    if stage is None:
        raise unusable_field("/stage_id", "no such stage")
    status = "won" if stage.is_won else "lost" if stage.is_lost else "open"
    is_same = before is not None and before.status == status
    closed_at = before.closed_at if before is not None and is_same else None if status == "open" else utc_now()
    values = {**values, "pipeline_id": stage.pipeline_id, "status": status, "closed_at": closed_at}
    if before is None and values.get("owner_id") is None:
        record = {**dict.fromkeys(deals.c.keys()), "created_at": utc_now(), **values}
        choice = await choose_owner(repository.session, repository.tenant_id, "deal", record)
        values["owner_id"] = None if choice is None else choice.owner_id
    return values


async def settle_pipeline(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """One pipeline of a tenant is the default: the last that was made so."""
    if values.get("is_default"):
        statement = update(pipelines).where(pipelines.c.tenant_id == repository.tenant_id, pipelines.c.is_default)
        await repository.session.execute(statement.values(is_default=False))
    return values


async def settle_activity(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """An activity happened now unless it says otherwise, and only a task has a time by which it is to be done."""
    if before is None:
        return {**values, "occurred_at": values["occurred_at"] or utc_now()}
    if before.kind != "task":
        for name in ("due_at", "completed_at"):
            if values.get(name) is not None:
                raise unusable_field(f"/{name}", "only a task has it")
    return values


async def settle_campaign(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """A campaign ends after it began, also where only one of the two is changed."""
    await check_campaign_name(repository.session, repository.tenant_id, values.get("utm_campaign"))
    told = dict(before._mapping) | values if before is not None else values
    if told["starts_on"] is not None and told["ends_on"] is not None and told["ends_on"] < told["starts_on"]:
        raise unusable_field("/ends_on", "lies before starts_on")
    return values


async def settle_spend(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """Spend is told in the currency of its campaign."""
    if before is not None:
        return values
    campaign = await repository.of(campaigns).find(values["campaign_id"])
    if campaign is None:
        raise unusable_field("/campaign_id", "no such campaign")
    if campaign.currency != values["currency"]:
        raise unusable_field("/currency", f"the campaign's currency is {campaign.currency}")
    return values


async def settle_custom_field(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """Only a field of kind choice has choices."""
    if before is not None and before.kind != "choice" and values.get("choices"):
        raise unusable_field("/choices", "only a field of kind choice has choices")
    return values
