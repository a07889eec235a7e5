"""SQL of links that work once: invitations and password resets. What a mail says is not known here."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, update

from serving.kit.repository import TenantRepository
from serving.models.operational import users
from serving.models.sign_in import one_time_links
from tekup.clock import utc_now
from tekup.directory.opaque import Opaque, make_opaque
from tekup.ids import uuid7

Kind = Literal["invitation", "password_reset"]
PREFIXES: dict[str, str] = {"invitation": "in_", "password_reset": "pr_"}
LIFETIMES: dict[str, timedelta] = {"invitation": timedelta(days=3), "password_reset": timedelta(minutes=30)}


class LinkRepository(TenantRepository):
    """Links of one tenant's users."""

    async def make(self, kind: Kind, user_id: UUID, made_by: UUID | None) -> tuple[UUID, str]:
        """A link's id and text, which is stored nowhere; earlier ones of its kind for the user are over."""
        await self.revoke(kind, one_time_links.c.user_id == user_id)
        link_id = uuid7()
        text, secret_hash = make_opaque(PREFIXES[kind], self.tenant_id, link_id)
        await self.session.execute(
            insert(one_time_links).values(
                tenant_id=self.tenant_id,
                id=link_id,
                kind=kind,
                user_id=user_id,
                secret_hash=secret_hash,
                made_by=made_by,
                expires_at=utc_now() + LIFETIMES[kind],
            )
        )
        return link_id, text

    async def owner_of(self, kind: Kind, token: Opaque) -> UUID | None:
        """Whose open link it is; it stays open."""
        row = await self.fetch_one(
            self.rows_of(one_time_links, one_time_links.c.user_id).where(*self._open(kind, token))
        )
        return None if row is None else row.user_id

    async def use(self, kind: Kind, token: Opaque) -> UUID | None:
        """Spend a link; whose it was, or None where it is over or another request spent it first."""
        row = await self.fetch_one(
            update(one_time_links)
            .where(one_time_links.c.tenant_id == self.tenant_id, *self._open(kind, token))
            .values(used_at=func.now())
            .returning(one_time_links.c.user_id)
        )
        return None if row is None else row.user_id

    async def revoke(self, kind: Kind, *which: Any) -> list[UUID]:
        """End open links; whose they were."""
        c = one_time_links.c
        rows = await self.fetch_all(
            update(one_time_links)
            .where(c.tenant_id == self.tenant_id, c.kind == kind, c.used_at.is_(None), c.revoked_at.is_(None), *which)
            .values(revoked_at=func.now())
            .returning(c.user_id)
        )
        return [row.user_id for row in rows]

    async def list_invitations(self) -> list[Row[Any]]:
        """Open invitations with whom they invite, newest first; expired ones too, since they can be sent again."""
        c, u = one_time_links.c, users.c
        query = (
            self.rows_of(one_time_links, c.id, c.user_id, c.created_at, c.expires_at, c.made_by, u.email, u.full_name,
                u.role)
            .join(users, and_(u.tenant_id == c.tenant_id, u.id == c.user_id))
            .where(c.kind == "invitation", c.used_at.is_(None), c.revoked_at.is_(None), u.status == "invited")
        )  # fmt: skip
        return list(await self.fetch_all(query.order_by(c.created_at.desc(), c.id)))

    def _open(self, kind: Kind, token: Opaque) -> tuple[Any, ...]:
        c = one_time_links.c
        return (
            c.id == token.id,
            c.kind == kind,
            c.secret_hash == token.secret_hash,
            c.used_at.is_(None),
            c.revoked_at.is_(None),
            c.expires_at > func.now(),
        )
