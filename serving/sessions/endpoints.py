"""Routes of the caller's own sessions."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from serving.auth.subject import Authenticator
from serving.kit.databases import AppDatabases
from serving.sessions import service as session_service
from serving.sessions.auth import Person, ProvenPerson
from serving.sessions.schemas import SessionList, SessionsEnded

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.get("")
async def list_own_sessions(subject: Person, databases: AppDatabases) -> SessionList:
    """Your live sessions with place, browser and time of last use, the last used first."""
    return await session_service.list_sessions(databases, subject.tenant_id, subject.id, subject.session_id)


@router.delete("")
async def end_other_sessions(request: Request, subject: ProvenPerson, databases: AppDatabases) -> SessionsEnded:
    """End all of your sessions but this one."""
    answer = await session_service.end_other_sessions(databases, subject, request.scope["request_id"])
    _forget(request, subject.tenant_id, subject.id)
    return answer


@router.delete("/{session_id}", status_code=204)
async def end_own_session(
    request: Request, subject: ProvenPerson, databases: AppDatabases, session_id: UUID
) -> Response:
    """End one of your sessions."""
    await session_service.end_session(databases, subject, session_id, request.scope["request_id"])
    _forget(request, subject.tenant_id, subject.id)
    return Response(status_code=204)


def _forget(request: Request, tenant_id: UUID, user_id: UUID) -> None:
    authenticator: Authenticator = request.app.state.authenticator
    authenticator.forget(tenant_id, user_id)
