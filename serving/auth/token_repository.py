"""SQL of API tokens and clients as they are administered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, tuple_, update

from serving.auth.repository import AuthRepository, StoredToken
from serving.models.operational import api_tokens


class TokenRepository(AuthRepository):
    """Tokens and clients of one tenant."""

    async def page(self, after: tuple[datetime, UUID] | None, limit: int) -> list[Row[Any]]:
        """Tokens and clients, newest first, from after a position on."""
        t = api_tokens.c
        query = self._shown().order_by(t.created_at.desc(), t.id.desc()).limit(limit)
        if after is not None:
            query = query.where(tuple_(t.created_at, t.id) < tuple_(*after))
        return list(await self.fetch_all(query))

    async def find(self, token_id: UUID) -> Row[Any] | None:
        """One token or client, without its secret."""
        return await self.fetch_one(self._shown().where(api_tokens.c.id == token_id))

    async def add(self, **values: Any) -> None:
        """Store a token or client."""
        await self.session.execute(insert(api_tokens).values(tenant_id=self.tenant_id, **values))

    async def revoke(self, token_id: UUID) -> bool:
        """End a token or client for good; False where it has ended or never was."""
        t = api_tokens.c
        row = await self.fetch_one(
            update(api_tokens)
            .where(t.tenant_id == self.tenant_id, t.id == token_id, t.revoked_at.is_(None))
            .values(revoked_at=func.now(), updated_at=func.now())
            .returning(t.id)
        )
        return row is not None

    async def everything(self) -> list[tuple[UUID, str, StoredToken]]:
        """Every token and client that was not revoked, with its maker's state."""
        t = api_tokens.c
        rows = await self.fetch_all(
            self.rows_of(api_tokens, t.id, t.name).where(t.revoked_at.is_(None)).order_by(t.name)
        )
        found = [(row.id, row.name, await self.find_token(row.id)) for row in rows]
        return [(token_id, name, stored) for token_id, name, stored in found if stored is not None]

    def _shown(self) -> Any:
        t = api_tokens.c
        return self.rows_of(
            api_tokens, t.id, t.name, t.kind, t.scopes, t.created_by, t.created_at, t.expires_at, t.last_used_at,
            t.revoked_at,
        )  # fmt: skip
