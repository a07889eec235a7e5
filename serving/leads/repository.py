"""SQL of leads: the operational rows, and the scores beside them in the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, and_, tuple_, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from serving.kit.repository import TenantRepository
from serving.leads.schemas import ScoreKey
from serving.models.operational import leads, leads_without_people
from serving.models.warehouse import fct_lead_score, lead_score
from tekup.ids import uuid7


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort key and the id of its last row."""

    key: Any
    id: UUID


class LeadRepository(TenantRepository):
    """The tenant's leads in the operational database; without the people in them for who may not see those."""

    @property
    def _leads(self) -> Table:
        return leads if self.context.sees_people else leads_without_people

    async def find(self, lead_id: UUID) -> Row[Any] | None:
        """The lead with this id."""
        return await self.fetch_one(self.rows_of(self._leads).where(self._leads.c.id == lead_id))

    async def find_many(self, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
        """The leads with these ids, as many as there are."""
        rows = await self.session.execute(self.rows_of(self._leads).where(self._leads.c.id.in_(ids)))
        return {row.id: row for row in rows}

    async def page(
        self, *, status: str | None, source: str | None, ascending: bool, after: Position | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Leads by time of creation."""
        table = self._leads
        query = _filtered(self.rows_of(table), (table.c.status, status), (table.c.source, source))
        query = _keyset(query, table.c.created_at, table.c.id, ascending, after)
        return await self.fetch_all(query.limit(limit))

    async def add(self, values: dict[str, Any]) -> Row[Any]:
        """Insert a lead."""
        statement = pg_insert(leads).values(tenant_id=self.tenant_id, id=uuid7(), **values).returning(leads)
        return await self.fetch_exactly_one(statement)

    async def lock(self, lead_id: UUID) -> Row[Any] | None:
        """The lead with this id, kept from others until the transaction ends."""
        query = self.rows_of(leads).where(leads.c.id == lead_id).with_for_update()
        return await self.fetch_one(query)

    async def change(self, lead_id: UUID, values: dict[str, Any]) -> Row[Any]:
        """Set columns of a lead."""
        mine = and_(leads.c.tenant_id == self.tenant_id, leads.c.id == lead_id)
        return await self.fetch_exactly_one(update(leads).where(mine).values(**values).returning(leads))


class ScoredLeadRepository(TenantRepository):
    """The tenant's scored leads in the warehouse."""

    async def scores_of(self, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
        """The last score of each of these leads, as many as were scored."""
        s = lead_score.c
        query = self.rows_of(lead_score).where(s.lead_id.in_(ids))
        return {row.lead_id: row for row in await self.session.execute(query)}

    async def page(
        self,
        *,
        status: str | None,
        source: str | None,
        grade: str | None,
        key_name: ScoreKey | None,
        ascending: bool,
        after: Position | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """Scored leads as of the last build, by something of the score (who lacks it is left out) or by their time."""
        s = fct_lead_score.c
        key: ColumnElement[Any] = s.created_at if key_name is None else s[key_name]
        query = self.rows_of(fct_lead_score, *s, key.label("key"))
        if key_name is not None:
            query = query.where(key.is_not(None))
        query = _filtered(query, (s.status, status), (s.source, source), (s.grade, grade))
        query = _keyset(query, key, s.lead_id, ascending, after)
        return await self.fetch_all(query.limit(limit))


def _filtered(query: Select[Any], *filters: tuple[ColumnElement[Any], str | None]) -> Select[Any]:
    for column, wanted in filters:
        if wanted is not None:
            query = query.where(column == wanted)
    return query


def _keyset(
    query: Select[Any], key: ColumnElement[Any], row_id: ColumnElement[Any], ascending: bool, after: Position | None
) -> Select[Any]:
    if after is not None:
        here, there = tuple_(key, row_id), (after.key, after.id)
        query = query.where(here > there if ascending else here < there)
    return query.order_by(*((key, row_id) if ascending else (key.desc(), row_id.desc())))


def position_of(row: Row[Any]) -> Position:
    """The position after an operational row."""
    created_at: datetime = row.created_at
    return Position(created_at, row.id)
