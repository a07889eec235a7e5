"""A promising lead that arrives gets a task, and the task's time is told when it comes."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.jobs.queue import defer
from serving.kit.databases import Databases
from serving.outbox import emit
from serving.reactions.repository import ReactionRepository
from tekup.clock import utc_now
from tekup.contracts.envelope import Event
from tekup.contracts.events import LeadScored, TaskDue, TaskScheduled
from tekup.ids import derived_uuid
from tekup.tenancy import TenantContext

TASK = "remind_of_task"
DUE_AFTER = {"A": timedelta(hours=1), "B": timedelta(hours=24)}
"""When a lead of this grade should have been called; leads of other grades are left to the list."""


async def schedule(session: AsyncSession, event: Event) -> None:
    """One open task for a lead that nobody has contacted yet."""
    scored = event.data
    assert isinstance(scored, LeadScored)
    if scored.occasion != "arrival" or scored.grade not in DUE_AFTER:
        return
    repository = ReactionRepository(session, event.tenant_id)
    lead = await repository.lock_lead(scored.lead_id)
    if lead is None or lead.status != "new" or await repository.has_task(lead.id):
        return
    due_at = utc_now() + DUE_AFTER[scored.grade]
    task_id = await repository.add_task(lead, f"Follow up: lead of grade {scored.grade}", due_at)
    told = TaskScheduled(task_id=task_id, lead_id=lead.id, contact_id=lead.contact_id, due_at=due_at)
    await emit(session, event.tenant_id, told, task_id, event.trace_id)


async def plan_reminder(session: AsyncSession, event: Event) -> None:
    """Have the time of a task told when it comes, whoever scheduled it."""
    scheduled = event.data
    assert isinstance(scheduled, TaskScheduled)
    due_at = scheduled.due_at
    await defer(session, TASK, {"task_id": str(scheduled.task_id), "due_at": due_at.isoformat()}, at=due_at)


CONSUMER = Consumer("follow-up", {"LeadScored": schedule, "TaskScheduled": plan_reminder})


class Reminder:
    """The job that tells that a task is due."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def remind(self, tenant_id: str, task_id: str, due_at: str) -> None:
        """Tell it once, and not of a task that is done, gone or put off."""
        tenant, task = UUID(tenant_id), UUID(task_id)
        async with self._databases.operational(TenantContext.system(tenant), read_only=False) as session:
            repository = ReactionRepository(session, tenant)
            found = await repository.lock_open_task(task, datetime.fromisoformat(due_at))
            if found is not None:
                told = TaskDue(task_id=task, lead_id=found.lead_id, due_at=found.due_at)
                # a job that runs twice tells the same event
                await emit(session, tenant, told, task, event_id=derived_uuid("TaskDue", task, due_at))
