"""SQL of touchpoints: those of one request in one statement."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from serving.kit.repository import TenantRepository
from serving.models.crm import campaigns, touchpoints


class TouchpointRepository(TenantRepository):
    """The tenant's touchpoints."""

    async def add(self, rows: Sequence[dict[str, Any]]) -> set[UUID]:
        """Store those that are not stored yet; the ids of those that were."""
        statement = insert(touchpoints).on_conflict_do_nothing().returning(touchpoints.c.id)
        added = await self.session.execute(statement, [{"tenant_id": self.tenant_id, **row} for row in rows])
        return set(added.scalars())

    async def known(self, table: Table, ids: Collection[UUID]) -> set[UUID]:
        """Those of the ids that the tenant has."""
        if not ids:
            return set()
        rows = await self.session.execute(self.rows_of(table, table.c.id).where(table.c.id.in_(ids)))
        return set(rows.scalars())

    async def campaigns_called(self, names: Collection[str]) -> dict[str, UUID]:
        """The newest campaign of each UTM name."""
        if not names:
            return {}
        table = campaigns
        query = self.rows_of(table, table.c.utm_campaign, table.c.id).where(table.c.utm_campaign.in_(names))
        rows = await self.fetch_all(query.order_by(table.c.created_at, table.c.id))
        return {row.utm_campaign: row.id for row in rows}
