"""Routes of assignment: rules as every resource has them, loads, and handing out leads and deals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.assignment import service as assignment_service
from serving.assignment.auth import DealAssigner, LeadAssigner, RuleReader
from serving.assignment.resources import ASSIGNMENT_RULE
from serving.assignment.schemas import Assigned, AssignmentRequest, AssignmentResults, Loads
from serving.crm.resources import DEAL
from serving.kit.databases import AppDatabases
from serving.leads import service as lead_service
from serving.leads.repository import LeadRepository
from serving.records import service as record_service
from serving.records.routes import resource_router, shelf_of
from serving.records.service import Shelf

router = APIRouter()
assignment = APIRouter(tags=["assignment"])


class _Leads:
    """Gives leads."""

    def __init__(self, tenant_id: UUID, request_id: str) -> None:
        self._tenant_id, self._request_id = tenant_id, request_id

    async def lock(self, session: AsyncSession, record_id: UUID) -> Row[Any] | None:
        return await LeadRepository(session, self._tenant_id).lock(record_id)

    async def give(self, session: AsyncSession, record: Row[Any], owner_id: UUID, rule_id: UUID | None) -> None:
        repository = LeadRepository(session, self._tenant_id)
        await lead_service.give(repository, record, owner_id, rule_id, self._request_id)


class _Deals:
    """Gives deals."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def lock(self, session: AsyncSession, record_id: UUID) -> Row[Any] | None:
        return await self._shelf.open(session).lock(record_id)

    async def give(self, session: AsyncSession, record: Row[Any], owner_id: UUID, rule_id: UUID | None) -> None:
        await record_service.change_row(self._shelf, self._shelf.open(session), record, {"owner_id": owner_id})


@assignment.get("/v1/assignment-rules/loads")
async def show_loads(subject: RuleReader, databases: AppDatabases, entity: Annotated[Assigned, Query()]) -> Loads:
    """How many open leads, or deals, each active user has, the largest load first."""
    return await assignment_service.show_loads(databases, subject, entity)


@assignment.post("/v1/leads/assignments")
async def assign_leads(
    request: Request, subject: LeadAssigner, databases: AppDatabases, body: AssignmentRequest
) -> AssignmentResults:
    """Give leads to a user, or to whom the rules say: up to 500 by id, or the open ones of a user who leaves."""
    giver = _Leads(subject.tenant_id, request.scope["request_id"])
    return await assignment_service.assign(databases, subject, "lead", giver, body)


@assignment.post("/v1/deals/assignments")
async def assign_deals(
    request: Request, subject: DealAssigner, databases: AppDatabases, body: AssignmentRequest
) -> AssignmentResults:
    """Give deals to a user, or to whom the rules say: up to 500 by id, or the open ones of a user who leaves."""
    giver = _Deals(shelf_of(DEAL, request, subject, databases))
    return await assignment_service.assign(databases, subject, "deal", giver, body)


# before the resource's own routes, whose /{record_id} would take their place
router.include_router(assignment)
router.include_router(resource_router(ASSIGNMENT_RULE))
