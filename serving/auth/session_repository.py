"""SQL of sessions and of the refresh tokens that carry them on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, update
from sqlalchemy.sql.elements import ColumnElement

from serving.kit.repository import TenantRepository
from serving.models.sign_in import refresh_tokens, sessions
from tekup.clock import utc_now
from tekup.directory.opaque import Opaque, make_opaque
from tekup.ids import uuid7

PREFIX = "rt_"
SESSIONS_PER_USER = 20
"""Beyond these a user's oldest session ends."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """What of a session goes into its access tokens."""

    id: UUID
    user_id: UUID
    scopes: list[str] | None
    methods: list[str]
    authenticated_at: datetime
    expires_at: datetime


class SessionRepository(TenantRepository):
    """Sessions of one tenant."""

    async def begin(
        self,
        user_id: UUID,
        methods: Iterable[str],
        scopes: frozenset[str] | None,
        lifetime: timedelta,
        place: tuple[str, str],
    ) -> SessionRow:
        """A new session of the user; his oldest ones beyond the limit end."""
        now = utc_now()
        address, agent = place
        made = SessionRow(
            uuid7(), user_id, None if scopes is None else sorted(scopes), sorted(methods), now, now + lifetime
        )
        await self.session.execute(
            insert(sessions).values(
                tenant_id=self.tenant_id,
                id=made.id,
                user_id=user_id,
                scopes=made.scopes,
                methods=made.methods,
                authenticated_at=now,
                address=address[:64],
                user_agent=agent[:300],
                expires_at=made.expires_at,
            )
        )
        s = sessions.c
        kept = self._live(s.user_id == user_id).order_by(s.started_at.desc(), s.id.desc()).limit(SESSIONS_PER_USER)
        await self.end(s.user_id == user_id, s.id.not_in(kept), reason="too many sessions")
        return made

    async def make_refresh_token(self, session_id: UUID, expires_at: datetime) -> str:
        """A refresh token of the session; its text is stored nowhere."""
        token_id = uuid7()
        text, secret_hash = make_opaque(PREFIX, self.tenant_id, token_id)
        await self.session.execute(
            insert(refresh_tokens).values(
                tenant_id=self.tenant_id,
                id=token_id,
                session_id=session_id,
                secret_hash=secret_hash,
                expires_at=expires_at,
            )
        )
        return text

    async def spend(self, token: Opaque) -> UUID | None:
        """The session of a refresh token, spent in this one statement; None where it can't be spent (again).

        Of several who spend the same token at once, one gets the session: the others wait for the row and find it used.
        """
        r = refresh_tokens.c
        alive = self._live(sessions.c.tenant_id == r.tenant_id, sessions.c.id == r.session_id).exists()
        row = await self.fetch_one(
            update(refresh_tokens)
            .where(r.tenant_id == self.tenant_id, r.id == token.id, r.secret_hash == token.secret_hash)
            .where(r.used_at.is_(None), r.expires_at > func.now(), alive)
            .values(used_at=func.now())
            .returning(r.session_id)
        )
        return None if row is None else row.session_id

    async def end_reused(self, token: Opaque) -> UUID | None:
        """End the session of a refresh token that was spent before; its user, or None where there is nothing to end."""
        r, s = refresh_tokens.c, sessions.c
        spent = self.rows_of(refresh_tokens, r.session_id).where(
            r.id == token.id, r.secret_hash == token.secret_hash, r.used_at.is_not(None)
        )
        ended = await self.end(s.id.in_(spent), reason="refresh token used twice")
        return ended[0].user_id if ended else None

    async def touch(self, session_id: UUID) -> SessionRow:
        """Note that the session goes on."""
        s = sessions.c
        row = await self.fetch_exactly_one(
            update(sessions)
            .where(s.tenant_id == self.tenant_id, s.id == session_id)
            .values(last_used_at=func.now())
            .returning(s.id, s.user_id, s.scopes, s.methods, s.authenticated_at, s.expires_at)
        )
        return SessionRow(row.id, row.user_id, row.scopes, row.methods, row.authenticated_at, row.expires_at)

    async def add_methods(self, session_id: UUID, methods: list[str]) -> None:
        """Note what else the session's user has proven."""
        s = sessions.c
        await self.session.execute(
            update(sessions)
            .where(s.tenant_id == self.tenant_id, s.id == session_id)
            .values(authenticated_at=func.now(), methods=methods)
        )

    async def end(self, *which: ColumnElement[bool], reason: str) -> list[Row[Any]]:
        """End the live sessions among ``which``; their ids and users."""
        s = sessions.c
        rows = await self.fetch_all(
            update(sessions)
            .where(s.tenant_id == self.tenant_id, s.ended_at.is_(None), *which)
            .values(ended_at=func.now(), end_reason=reason)
            .returning(s.id, s.user_id)
        )
        return list(rows)

    async def end_of_user(self, user_id: UUID, *, reason: str, but: UUID | None = None) -> int:
        """End all of a user's sessions, perhaps but one; how many they were."""
        s = sessions.c
        which = [s.user_id == user_id] + ([s.id != but] if but is not None else [])
        return len(await self.end(*which, reason=reason))

    async def end_one(self, user_id: UUID, session_id: UUID, *, reason: str) -> bool:
        """End one of a user's sessions; whether it was alive."""
        s = sessions.c
        return bool(await self.end(s.id == session_id, s.user_id == user_id, reason=reason))

    async def list_live(self, user_id: UUID) -> list[Row[Any]]:
        """A user's live sessions, the last used first."""
        s = sessions.c
        query = self.rows_of(
            sessions, s.id, s.methods, s.address, s.user_agent, s.started_at, s.last_used_at, s.expires_at
        ).where(s.user_id == user_id, s.ended_at.is_(None), s.expires_at > func.now())
        return list(await self.fetch_all(query.order_by(s.last_used_at.desc(), s.id)))

    def _live(self, *which: ColumnElement[bool]) -> Any:
        s = sessions.c
        return self.rows_of(sessions, s.id).where(s.ended_at.is_(None), s.expires_at > func.now(), *which)
