"""SQL of kept scores and of feedback."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert

from serving.kit.repository import TenantRepository
from serving.models.operational import given_scores, lead_feedback
from serving.models.warehouse import lead_score_history, lead_score_input
from tekup.ids import uuid7

MOST_SCORES = 100


class FeedbackRepository(TenantRepository):
    """The tenant's feedback and the scores that the API gave, in the operational database."""

    async def add(self, values: Mapping[str, Any]) -> Row[Any]:
        """Insert feedback."""
        statement = insert(lead_feedback).values(tenant_id=self.tenant_id, id=uuid7(), **values)
        return await self.fetch_exactly_one(statement.returning(lead_feedback))

    async def feedback_on(self, lead_id: UUID) -> Sequence[Row[Any]]:
        """What was said of a lead's scores, newest first."""
        query = self.rows_of(lead_feedback).where(lead_feedback.c.lead_id == lead_id)
        return await self.fetch_all(query.order_by(lead_feedback.c.given_at.desc()).limit(MOST_SCORES))

    async def given(self, lead_id: UUID) -> Sequence[Row[Any]]:
        """The scores that the API gave of a lead, newest first."""
        query = self.rows_of(given_scores).where(given_scores.c.lead_id == lead_id)
        return await self.fetch_all(query.order_by(given_scores.c.given_at.desc()).limit(MOST_SCORES))


class HistoryRepository(TenantRepository):
    """The tenant's scores of the nightly batch, in the warehouse."""

    async def history(self, lead_id: UUID) -> Sequence[Row[Any]]:
        """A lead's scores, newest first."""
        query = self.rows_of(lead_score_history).where(lead_score_history.c.lead_id == lead_id)
        return await self.fetch_all(query.order_by(lead_score_history.c.scored_at.desc()).limit(MOST_SCORES))

    async def inputs(self, lead_id: UUID) -> dict[int, Mapping[str, Any]]:
        """The lead's inputs by their hash."""
        rows = await self.fetch_all(self.rows_of(lead_score_input).where(lead_score_input.c.lead_id == lead_id))
        return {row.input_hash: row.features for row in rows}
