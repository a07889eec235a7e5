"""SQL of a campaign's spend."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func

from serving.kit.repository import TenantRepository
from serving.models.crm import campaign_spend, campaigns


class CampaignRepository(TenantRepository):
    """The tenant's campaigns."""

    async def find(self, campaign_id: UUID) -> Row[Any] | None:
        """One campaign."""
        return await self.fetch_one(self.rows_of(campaigns).where(campaigns.c.id == campaign_id))

    async def lock(self, campaign_id: UUID) -> Row[Any] | None:
        """One campaign, kept from others until the transaction ends, so that its days are told one after another."""
        query = self.rows_of(campaigns).where(campaigns.c.id == campaign_id)
        return await self.fetch_one(query.with_for_update())

    async def day(self, campaign_id: UUID, day: date) -> Row[Any] | None:
        """What the campaign cost on a day."""
        query = self.rows_of(campaign_spend).where(
            campaign_spend.c.campaign_id == campaign_id, campaign_spend.c.spend_date == day
        )
        return await self.fetch_one(query)

    async def spent(self, campaign_id: UUID) -> tuple[int, date | None]:
        """All that it cost, and the last day of which that is known."""
        columns = campaign_spend.c
        query = self.rows_of(
            campaign_spend, func.coalesce(func.sum(columns.amount_cents), 0), func.max(columns.spend_date)
        ).where(columns.campaign_id == campaign_id)
        row: Any = await self.fetch_exactly_one(query)
        return int(row[0]), row[1]
