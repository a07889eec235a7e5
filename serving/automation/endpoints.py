"""Routes of automation: rules and their log as every resource has them, trials, triggers and retries."""

from uuid import UUID

from fastapi import APIRouter

from serving.automation import service as automation_service
from serving.automation.auth import AutomationReader, AutomationWriter
from serving.automation.resources import RULE, RUN
from serving.automation.schemas import DryRun, DryRunRequest, Run, Triggers
from serving.kit.databases import AppDatabases
from serving.records.routes import reading_router, resource_router

router = APIRouter()
automation = APIRouter(tags=["automation"])


@automation.get("/v1/automation-rules/triggers")
async def list_triggers(subject: AutomationReader, databases: AppDatabases) -> Triggers:
    """Types of events that a rule can begin with: what its condition may name, with types, and what it may do."""
    return await automation_service.list_triggers(databases, subject)


@automation.post("/v1/automation-rules/dry-run")
async def try_rule(subject: AutomationWriter, databases: AppDatabases, body: DryRunRequest) -> DryRun:
    """Try a rule, stored or not, on the latest events of its type or on records that you name.

    The actions are really done, so that what a record would not allow is told, and taken back. The first 50 matches
    are tried so; the others are told as matches. Records are looked at as they are now.
    """
    return await automation_service.dry_run(databases, subject, body)


@automation.post("/v1/automation-runs/{record_id}/retry")
async def retry_run(subject: AutomationWriter, databases: AppDatabases, record_id: UUID) -> Run:
    """Try a failed firing again, with the rule as it stands now."""
    return await automation_service.retry_run(databases, subject, record_id)


# before the resources' own routes, whose /{record_id} would take their place
router.include_router(automation)
router.include_router(resource_router(RULE))
router.include_router(reading_router(RUN))
