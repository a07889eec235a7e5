"""Sessions as signing in sees them: begun, carried on, replaced, and told as tokens. Nothing is proven here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.access_tokens import LIFETIME, AccessTokens
from serving.auth.refusals import sign_in_refused
from serving.auth.repository import AuthRepository
from serving.auth.schemas import AccessToken, TenantChoice
from serving.auth.session_repository import SessionRepository, SessionRow
from serving.auth.subject import Subject
from tekup.clock import utc_now
from tekup.settings import Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from, and under which id our log knows the request."""

    address: str
    agent: str
    request_id: str


class Admission:
    """Begins sessions and tells them as an access token and a refresh token."""

    def __init__(self, access_tokens: AccessTokens, settings: Settings) -> None:
        self._access_tokens = access_tokens
        self._lifetime = timedelta(hours=settings.session_hours)
        self._idle = timedelta(minutes=settings.session_idle_minutes)

    async def begin(
        self,
        session: AsyncSession,
        tenant_id: UUID,
        user_id: UUID,
        methods: Iterable[str],
        scopes: frozenset[str] | None,
        caller: Caller,
    ) -> AccessToken:
        """A new session of a user who has proven all that was asked."""
        place = (caller.address, caller.agent)
        made = await SessionRepository(session, tenant_id).begin(user_id, methods, scopes, self._lifetime, place)
        repository = AuthRepository(session, tenant_id)
        await repository.note_sign_in(user_id)
        await repository.write_audit(
            "user",
            user_id,
            "user.sign_in",
            request_id=caller.request_id,
            entity_type="session",
            entity_id=str(made.id),
            details={"methods": made.methods},
        )
        answer = await self.carry_on(session, tenant_id, made)
        if answer is None:
            raise sign_in_refused()
        return answer

    async def replace(
        self, session: AsyncSession, subject: Subject, methods: Iterable[str], caller: Caller
    ) -> AccessToken:
        """A new session in place of the subject's, which ends; it lasts no longer than the old one would have."""
        assert subject.session_id is not None
        repository = SessionRepository(session, subject.tenant_id)
        old = await repository.touch(subject.session_id)
        await repository.end_one(subject.id, subject.session_id, reason="proven anew")
        made = await repository.begin(
            subject.id,
            subject.methods | set(methods),
            None if old.scopes is None else frozenset(old.scopes),
            old.expires_at - utc_now(),
            (caller.address, caller.agent),
        )
        await AuthRepository(session, subject.tenant_id).write_audit(
            "user", subject.id, "session.step_up", request_id=caller.request_id, details={"methods": made.methods}
        )
        answer = await self.carry_on(session, subject.tenant_id, made)
        if answer is None:
            raise sign_in_refused()
        return answer

    async def carry_on(self, session: AsyncSession, tenant_id: UUID, row: SessionRow) -> AccessToken | None:
        """The next tokens of a session; None where its user or tenant was shut meanwhile."""
        now = utc_now()
        found = await AuthRepository(session, tenant_id).find_session(row.user_id, row.id)
        if found is None:
            return None
        refresh_until = min(now + self._idle, row.expires_at)
        access_token = await self._access_tokens.issue_to_user(
            tenant_id, row.user_id, row.id, found.role, found.scopes, found.methods, found.authenticated_at
        )
        return AccessToken(
            access_token=access_token,
            expires_in=int(min(LIFETIME, row.expires_at - now).total_seconds()),
            scope=" ".join(sorted(found.scopes)),
            tenant=TenantChoice(id=tenant_id, name=found.tenant_name),
            role=found.role,
            refresh_token=await SessionRepository(session, tenant_id).make_refresh_token(row.id, refresh_until),
            refresh_expires_in=int((refresh_until - now).total_seconds()),
            session_id=row.id,
        )
