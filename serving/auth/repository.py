"""SQL of signing in and of checking a caller, each in the context of the tenant that the caller claims."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, text, update

from serving.kit.repository import TenantRepository
from serving.models.operational import api_tokens, audit_log, tenants, users
from tekup.ids import uuid7

USE_NOTED_EVERY = "1 minute"


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An API token as stored, with its tenant's state."""

    secret_hash: bytes
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    tenant_status: str


@dataclass(frozen=True, slots=True)
class Member:
    """A user's present state, with his tenant's."""

    role: str
    status: str
    tenant_status: str


class AuthRepository(TenantRepository):
    """Tokens and users of the claimed tenant."""

    async def find_token(self, token_id: UUID) -> StoredToken | None:
        """The tenant's API token with this id."""
        t = api_tokens.c
        query = self.rows_of(
            api_tokens, t.secret_hash, t.scopes, t.expires_at, t.revoked_at, tenants.c.status.label("tenant_status")
        ).join(tenants, tenants.c.tenant_id == t.tenant_id)
        row = (await self.session.execute(query.where(t.id == token_id))).one_or_none()
        if row is None:
            return None
        return StoredToken(
            bytes(row.secret_hash), frozenset(row.scopes), row.expires_at, row.revoked_at, row.tenant_status
        )

    async def note_token_use(self, token_id: UUID) -> None:
        """Remember that the token was used, at most once a minute so that reading does not become writing."""
        t = api_tokens.c
        stale = or_(t.last_used_at.is_(None), t.last_used_at < func.now() - text(f"interval '{USE_NOTED_EVERY}'"))
        await self.session.execute(
            update(api_tokens)
            .where(t.tenant_id == self.tenant_id, t.id == token_id, stale)
            .values(last_used_at=func.now())
        )

    async def find_member(self, user_id: UUID) -> Member | None:
        """The tenant's user with this id."""
        u = users.c
        query = self.rows_of(users, u.role, u.status, tenants.c.status.label("tenant_status")).join(
            tenants, tenants.c.tenant_id == u.tenant_id
        )
        row = (await self.session.execute(query.where(u.id == user_id))).one_or_none()
        return None if row is None else Member(row.role, row.status, row.tenant_status)

    async def note_sign_in(self, user_id: UUID) -> None:
        """Remember when the user last signed in."""
        u = users.c
        await self.session.execute(
            update(users).where(u.tenant_id == self.tenant_id, u.id == user_id).values(last_sign_in_at=func.now())
        )

    async def write_audit(self, actor_kind: str, actor_id: UUID, action: str, **more: Any) -> None:
        """Append to the tenant's audit log, in the transaction of what is audited."""
        await self.session.execute(
            insert(audit_log).values(
                tenant_id=self.tenant_id,
                id=uuid7(),
                actor_kind=actor_kind,
                actor_id=str(actor_id),
                action=action,
                **more,
            )
        )
