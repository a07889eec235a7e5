"""SQL of the rules of naming, and of campaigns by their UTM name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func
from sqlalchemy.dialects.postgresql import insert

from serving.kit.repository import TenantRepository
from serving.models.crm import campaigns
from serving.models.workspace import utm_rules


class LinkRepository(TenantRepository):
    """The tenant's rules and campaigns."""

    async def rules(self) -> Row[Any] | None:
        """The rules, where they were set."""
        return await self.fetch_one(self.rows_of(utm_rules))

    async def set_rules(self, values: Mapping[str, Any]) -> Row[Any]:
        """Put rules in place of those there are."""
        statement = insert(utm_rules).values(tenant_id=self.tenant_id, **values)
        statement = statement.on_conflict_do_update(
            index_elements=["tenant_id"], set_={**values, "updated_at": func.now()}
        )
        return await self.fetch_exactly_one(statement.returning(utm_rules))

    async def campaign(self, campaign_id: UUID) -> Row[Any] | None:
        """A campaign."""
        return await self.fetch_one(self.rows_of(campaigns).where(campaigns.c.id == campaign_id))

    async def campaign_called(self, utm_campaign: str) -> UUID | None:
        """The newest campaign of a UTM name."""
        query = self.rows_of(campaigns, campaigns.c.id).where(campaigns.c.utm_campaign == utm_campaign)
        row = await self.fetch_one(query.order_by(campaigns.c.created_at.desc(), campaigns.c.id).limit(1))
        return None if row is None else row.id
