"""Routes of leads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from serving.kit.cursors import CursorSigner
from serving.kit.databases import AppDatabases
from serving.leads import service as lead_service
from serving.leads.auth import LeadReader, LeadWriter
from serving.leads.schemas import Lead, LeadCreate, LeadPage, LeadQuery, LeadUpdate

router = APIRouter(prefix="/v1/leads", tags=["leads"])


@router.get("")
async def list_leads(
    request: Request, subject: LeadReader, databases: AppDatabases, query: Annotated[LeadQuery, Query()]
) -> LeadPage:
    """List leads, newest first, or the most promising first with `sort=-probability`.

    Filters: `status`, `source`, `grade`. Sorting by probability or filtering by grade lists scored leads only, chosen
    as of the last build and shown as they are now. Page with `next_cursor`; a cursor is good only for the same
    filters and order.
    """
    cursors: CursorSigner = request.app.state.cursors
    return await lead_service.list_leads(databases, subject, query, cursors)


@router.post("", status_code=201)
async def create_lead(
    request: Request, response: Response, subject: LeadWriter, databases: AppDatabases, body: LeadCreate
) -> Lead:
    """Store a new lead. A `LeadCreated` event goes out with it, or neither does."""
    lead = await lead_service.create_lead(databases, subject, body, request.scope["request_id"])
    response.headers["location"] = f"/v1/leads/{lead.id}"
    return lead


@router.get("/{lead_id}")
async def get_lead(subject: LeadReader, databases: AppDatabases, lead_id: UUID) -> Lead:
    """One lead with its last score."""
    return await lead_service.get_lead(databases, subject, lead_id)


@router.patch("/{lead_id}")
async def change_lead(
    request: Request, subject: LeadWriter, databases: AppDatabases, lead_id: UUID, body: LeadUpdate
) -> Lead:
    """Move a lead to another status, and note its value.

    The time of each step is noted when it is first reached. `won` and `lost` exclude each other, and leaving either
    takes its time back. A `LeadStatusChanged` event goes out where the status really changed.
    """
    return await lead_service.change_lead(databases, subject, lead_id, body, request.scope["request_id"])
