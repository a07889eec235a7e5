"""SQL of predictions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, tuple_

from serving.kit.repository import TenantRepository
from serving.models.warehouse import fct_lead_prediction, fct_subscription_churn


class PredictionRepository(TenantRepository):
    """The tenant's predictions in the warehouse."""

    async def of_lead(self, lead_id: UUID) -> Row[Any] | None:
        """What is predicted of a lead, None where nothing is."""
        return await self.fetch_one(self.rows_of(fct_lead_prediction).where(fct_lead_prediction.c.lead_id == lead_id))

    async def churn_page(
        self, *, customer_id: str | None, least: float, after: tuple[float, str] | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Subscriptions from the most endangered on, after a position."""
        churn = fct_subscription_churn.c
        query = self.rows_of(fct_subscription_churn).where(churn.probability >= least)
        if customer_id is not None:
            query = query.where(churn.customer_id == customer_id)
        key = tuple_(churn.probability, churn.subscription_id)
        if after is not None:
            query = query.where(key < after)
        ordered = query.order_by(churn.probability.desc(), churn.subscription_id.desc())
        return await self.fetch_all(ordered.limit(limit))
