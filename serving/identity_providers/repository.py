"""SQL of identity providers and of the accounts at them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, update

from serving.kit.repository import TenantRepository
from serving.models.sign_in import external_identities, identity_providers


class ProviderRepository(TenantRepository):
    """Identity providers of one tenant."""

    async def list_all(self) -> list[Row[Any]]:
        """The tenant's providers by name."""
        p = identity_providers.c
        return list(await self.fetch_all(self.rows_of(identity_providers).order_by(p.name, p.id)))

    async def find(self, provider_id: UUID) -> Row[Any] | None:
        """One provider."""
        return await self.fetch_one(self.rows_of(identity_providers).where(identity_providers.c.id == provider_id))

    async def add(self, **values: Any) -> None:
        """Store a provider."""
        await self.session.execute(insert(identity_providers).values(tenant_id=self.tenant_id, **values))

    async def change(self, provider_id: UUID, **values: Any) -> bool:
        """Change a provider's columns; False where there is none."""
        p = identity_providers.c
        row = await self.fetch_one(
            update(identity_providers)
            .where(p.tenant_id == self.tenant_id, p.id == provider_id)
            .values(**values, updated_at=func.now())
            .returning(p.id)
        )
        return row is not None

    async def delete(self, provider_id: UUID) -> bool:
        """Forget a provider with the accounts at it; False where there is none."""
        p = identity_providers.c
        row = await self.fetch_one(
            delete(identity_providers).where(p.tenant_id == self.tenant_id, p.id == provider_id).returning(p.id)
        )
        return row is not None

    async def owner_of(self, provider_id: UUID, subject: str) -> UUID | None:
        """Whose the account at the provider is; its use is noted."""
        e = external_identities.c
        row = await self.fetch_one(
            update(external_identities)
            .where(e.tenant_id == self.tenant_id, e.provider_id == provider_id, e.subject == subject)
            .values(last_used_at=func.now())
            .returning(e.user_id)
        )
        return None if row is None else row.user_id

    async def link(self, provider_id: UUID, subject: str, user_id: UUID) -> None:
        """Remember that the account at the provider is this user's."""
        await self.session.execute(
            insert(external_identities).values(
                tenant_id=self.tenant_id, provider_id=provider_id, subject=subject, user_id=user_id
            )
        )
