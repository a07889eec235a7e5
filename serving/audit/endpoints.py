"""Routes of the audit trail."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from serving.audit import service as audit_service
from serving.audit.auth import AuditReader
from serving.audit.schemas import AuditHeads, AuditPage, AuditQuery
from serving.kit.cursors import CursorSigner
from serving.kit.databases import AppDatabases

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("")
async def list_audit_entries(
    request: Request, subject: AuditReader, databases: AppDatabases, query: Annotated[AuditQuery, Query()]
) -> AuditPage:
    """Who read or changed what in your tenant, newest first.

    Filters: `actor_id`, `action`, `entity_type`, `entity_id`, `request_id`, `since`, `until`. Page with `next_cursor`.
    """
    cursors: CursorSigner = request.app.state.cursors
    return await audit_service.list_entries(databases, subject, query, cursors)


@router.get("/heads")
async def list_audit_heads(subject: AuditReader, databases: AppDatabases) -> AuditHeads:
    """The newest seals of your trail. Keep them: `tekup audit verify --heads` then finds a trail that was cut."""
    return await audit_service.list_heads(databases, subject)
