"""SQL of checking a caller, each in the context of the tenant that the caller claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, text, update

from serving.kit.audit import note_change
from serving.kit.repository import TenantRepository
from serving.models.operational import api_tokens, tenants, users
from serving.models.sign_in import roles, sessions
from tekup.audit.record import ActorKind
from tekup.directory.roles import BUILT_IN

USE_NOTED_EVERY = "1 minute"
MFA_REQUIRED = "mfa_required"
"""Name of the tenant's setting that makes a second factor a condition of every scope."""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An API token or client as stored, with the state of its tenant and of the user who made it."""

    kind: str
    secret_hash: bytes
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    tenant_name: str
    tenant_status: str
    maker_status: str | None
    maker_scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Member:
    """A user's present state, with his tenant's."""

    email: str
    full_name: str
    role: str
    role_scopes: frozenset[str]
    password_hash: str | None
    is_active: bool
    tenant_name: str
    tenant_domain: str


@dataclass(frozen=True, slots=True)
class Session:
    """A live session of an active user in an active tenant."""

    tenant_name: str
    email: str
    role: str
    scopes: frozenset[str]
    methods: frozenset[str]
    authenticated_at: datetime


def scopes_of(role: str, own: list[str] | None) -> frozenset[str]:
    """The scopes of a role: a built-in one's, or those that the tenant gave its own."""
    built_in = BUILT_IN.get(role)
    return built_in.scopes if built_in is not None else frozenset(own or ())


def _is_mfa_required(settings: dict[str, Any]) -> bool:
    return settings.get(MFA_REQUIRED) is True


class AuthRepository(TenantRepository):
    """Tokens, sessions and users of the claimed tenant."""

    async def find_token(self, token_id: UUID) -> StoredToken | None:
        """The tenant's API token or client with this id."""
        t, maker = api_tokens.c, users.c
        query = (
            self.rows_of(
                api_tokens,
                t.kind,
                t.secret_hash,
                t.scopes,
                t.expires_at,
                t.revoked_at,
                t.created_by,
                tenants.c.name,
                tenants.c.status.label("tenant_status"),
                maker.status.label("maker_status"),
                maker.role.label("maker_role"),
                roles.c.scopes.label("own_scopes"),
            )
            .join(tenants, tenants.c.tenant_id == t.tenant_id)
            .outerjoin(users, and_(maker.tenant_id == t.tenant_id, maker.id == t.created_by))
            .outerjoin(roles, and_(roles.c.tenant_id == t.tenant_id, roles.c.name == maker.role))
        )
        row = (await self.session.execute(query.where(t.id == token_id))).one_or_none()
        if row is None:
            return None
        is_made_by_user = row.created_by is not None
        return StoredToken(
            row.kind,
            bytes(row.secret_hash),
            frozenset(row.scopes),
            row.expires_at,
            row.revoked_at,
            row.name,
            row.tenant_status,
            row.maker_status if is_made_by_user else None,
            scopes_of(row.maker_role, row.own_scopes) if is_made_by_user else None,
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
        query = (
            self.rows_of(
                users, u.email, u.full_name, u.role, u.password_hash, u.status, tenants.c.name, tenants.c.domain,
                tenants.c.status.label("tenant_status"), roles.c.scopes.label("own_scopes"),
            )
            .join(tenants, tenants.c.tenant_id == u.tenant_id)
            .outerjoin(roles, and_(roles.c.tenant_id == u.tenant_id, roles.c.name == u.role))
        )  # fmt: skip
        row = (await self.session.execute(query.where(u.id == user_id))).one_or_none()
        if row is None:
            return None
        return Member(
            row.email,
            row.full_name,
            row.role,
            scopes_of(row.role, row.own_scopes),
            row.password_hash,
            row.status == "active" and row.tenant_status == "active",
            row.name,
            row.domain,
        )

    async def find_session(self, user_id: UUID, session_id: UUID) -> Session | None:
        """The user's session, where it, the user and the tenant are all alive.

        Where the tenant asks for a second factor, a session without one opens nothing but what needs no scope:
        enough to enrol.
        """
        s, u = sessions.c, users.c
        query = (
            self.rows_of(
                sessions, s.scopes, s.methods, s.authenticated_at, u.email, u.role, tenants.c.name, tenants.c.settings,
                roles.c.scopes.label("own_scopes"),
            )
            .join(users, and_(u.tenant_id == s.tenant_id, u.id == s.user_id))
            .join(tenants, tenants.c.tenant_id == s.tenant_id)
            .outerjoin(roles, and_(roles.c.tenant_id == u.tenant_id, roles.c.name == u.role))
            .where(s.id == session_id, s.user_id == user_id, s.ended_at.is_(None), s.expires_at > func.now())
            .where(u.status == "active", tenants.c.status == "active")
        )  # fmt: skip
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            return None
        methods, scopes = frozenset(row.methods), scopes_of(row.role, row.own_scopes)
        if _is_mfa_required(row.settings) and "mfa" not in methods:
            scopes = frozenset()
        if row.scopes is not None:
            scopes &= frozenset(row.scopes)
        return Session(row.name, row.email, row.role, scopes, methods, row.authenticated_at)

    async def note_sign_in(self, user_id: UUID) -> None:
        """Remember when the user last signed in."""
        u = users.c
        await self.session.execute(
            update(users).where(u.tenant_id == self.tenant_id, u.id == user_id).values(last_sign_in_at=func.now())
        )

    async def write_audit(
        self,
        actor_kind: ActorKind,
        actor_id: UUID,
        action: str,
        *,
        entity_type: str = "user",
        entity_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        """Note what somebody did who is no caller yet; it is written with the session's COMMIT.

        ``request_id`` is that of the present request in any case.
        """
        note_change(
            self.session,
            action,
            entity_type,
            entity_id or actor_id,
            actor=(actor_kind, str(actor_id)),
            details=details,
        )
