"""SQL of attribution credit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from serving.kit.repository import TenantRepository
from serving.models.warehouse import fct_attribution_credit


class CreditRepository(TenantRepository):
    """The tenant's credit in the warehouse."""

    async def list_models(self) -> list[str]:
        """The models that credit exists for."""
        c = fct_attribution_credit.c
        rows = await self.session.execute(self.rows_of(fct_attribution_credit, c.model).distinct().order_by(c.model))
        return [row.model for row in rows]

    async def list_credit(self, *, model: str | None, channel: str | None, currency: str | None) -> Sequence[Row[Any]]:
        """Credit by model, then value."""
        c = fct_attribution_credit.c
        query = self.rows_of(fct_attribution_credit)
        for column, wanted in ((c.model, model), (c.channel, channel), (c.currency, currency)):
            if wanted is not None:
                query = query.where(column == wanted)
        query = query.order_by(c.model, c.value_cents.desc(), c.channel, c.currency)
        return await self.fetch_all(query)
