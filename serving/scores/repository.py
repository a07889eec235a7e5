"""SQL of stored scores and of features by lead."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, MetaData, Row, Table, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from serving.kit.repository import TenantRepository
from serving.models.operational import given_scores
from serving.models.warehouse import lead_score
from tekup.ids import uuid7


class ScoreRepository(TenantRepository):
    """The tenant's scores and features in the warehouse."""

    async def find_stored(self, lead_id: UUID) -> Row[Any] | None:
        """The lead's score of the last batch."""
        query = self.rows_of(lead_score).where(lead_score.c.lead_id == lead_id)
        return await self.fetch_one(query)

    async def find_many_stored(self, lead_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
        """The scores of these leads of the last batch."""
        return await self.fetch_all(self.rows_of(lead_score).where(lead_score.c.lead_id.in_(lead_ids)))

    async def features_of(self, lead_ids: Sequence[UUID], names: Sequence[str]) -> dict[UUID, Mapping[str, Any]]:
        """The named features of these leads from the table that training reads, as many as were built."""
        table = feature_table(names)
        query = self.rows_of(table, table.c.lead_id, *(table.c[name] for name in names))
        rows = await self.session.execute(query.where(table.c.lead_id.in_(lead_ids)))
        return {row.lead_id: row._mapping for row in rows}


class GivenScoreRepository(TenantRepository):
    """The tenant's scores that the API gave of stored leads, in the operational database."""

    async def keep(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert them."""
        own = [{"tenant_id": self.tenant_id, "id": uuid7(), **row} for row in rows]
        await self.session.execute(insert(given_scores), own)


def feature_table(names: Sequence[str]) -> Table:
    """`marts.ftr_lead` with the columns that a model asks for: the model decides, so no list is kept here."""
    return Table(
        "ftr_lead",
        MetaData(schema="marts"),
        Column("tenant_id", PG_UUID),
        Column("lead_id", PG_UUID),
        *(Column(name) for name in names),
    )
