"""What a person may know and end of his sessions."""

from uuid import UUID

from serving.auth.repository import AuthRepository
from serving.auth.session_repository import SessionRepository
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import not_found
from serving.sessions.schemas import Session, SessionList, SessionsEnded
from tekup.tenancy import TenantContext


async def list_sessions(
    databases: Databases, tenant_id: UUID, user_id: UUID, current: UUID | None = None
) -> SessionList:
    """A user's live sessions, the last used first."""
    async with databases.operational(TenantContext.system(tenant_id)) as session:
        rows = await SessionRepository(session, tenant_id).list_live(user_id)
    return SessionList(
        items=[
            Session(
                id=row.id,
                is_current=row.id == current,
                methods=row.methods,
                address=row.address,
                user_agent=row.user_agent,
                started_at=row.started_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]
    )


async def end_session(databases: Databases, subject: Subject, session_id: UUID, request_id: str) -> None:
    """End one of the subject's sessions."""
    async with databases.operational(TenantContext.system(subject.tenant_id), read_only=False) as session:
        ended = await SessionRepository(session, subject.tenant_id).end_one(
            subject.id, session_id, reason="ended by its user"
        )
        if not ended:
            raise not_found("session")
        await AuthRepository(session, subject.tenant_id).write_audit(
            "user", subject.id, "session.end", entity_type="session", entity_id=str(session_id), request_id=request_id
        )


async def end_other_sessions(databases: Databases, subject: Subject, request_id: str) -> SessionsEnded:
    """End all of the subject's sessions but the one that asks."""
    async with databases.operational(TenantContext.system(subject.tenant_id), read_only=False) as session:
        ended = await SessionRepository(session, subject.tenant_id).end_of_user(
            subject.id, reason="ended by its user", but=subject.session_id
        )
        await AuthRepository(session, subject.tenant_id).write_audit(
            "user", subject.id, "session.end_others", details={"ended": ended}, request_id=request_id
        )
    return SessionsEnded(ended=ended)
