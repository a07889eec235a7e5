"""SQL of merges and duplicates."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, insert, text, update

from serving.kit.repository import TenantRepository
from serving.models.crm import activities, companies, contacts, deals, identities, record_merges, touchpoints
from serving.models.operational import leads
from tekup.ids import uuid7

HOLDERS: Mapping[str, tuple[tuple[Table, str], ...]] = {
    "contact": ((leads, "contact_id"), (deals, "contact_id"), (activities, "contact_id"),
                (touchpoints, "contact_id"), (identities, "contact_id")),
    "company": ((contacts, "company_id"), (leads, "company_id"), (deals, "company_id"), (companies, "parent_id")),
}  # fmt: skip
"""Where a record is named, and by which column."""
MOST_GROUPS = 200


class MergeRepository(TenantRepository):
    """The tenant's merges."""

    async def move(self, entity: str, from_id: UUID, to_id: UUID) -> dict[str, list[str]]:
        """Let all that names one record name another; the ids of what was moved, by table."""
        moved = {}
        for table, column in HOLDERS[entity]:
            statement = update(table).where(table.c.tenant_id == self.tenant_id, table.c[column] == from_id)
            rows = await self.session.execute(statement.values({column: to_id}).returning(table.c.id))
            if ids := [str(record_id) for record_id in rows.scalars()]:
                moved[table.name] = ids
        return moved

    async def move_back(self, entity: str, moved: Mapping[str, list[str]], kept_id: UUID, merged_id: UUID) -> None:
        """Let those of the moved records that still name the kept one name the merged one again."""
        for table, column in HOLDERS[entity]:
            ids = [UUID(text) for text in moved.get(table.name, ())]
            if ids:
                named = (table.c.tenant_id == self.tenant_id, table.c[column] == kept_id, table.c.id.in_(ids))
                await self.session.execute(update(table).where(*named).values({column: merged_id}))

    async def remember(self, values: Mapping[str, Any]) -> Row[Any]:
        """Store a merge."""
        statement = insert(record_merges).values({"tenant_id": self.tenant_id, "id": uuid7(), **values})
        return await self.fetch_exactly_one(statement.returning(record_merges))

    async def lock_merge(self, merge_id: UUID) -> Row[Any] | None:
        """The merge, kept from others until the transaction ends."""
        table = record_merges
        return await self.fetch_one(self.rows_of(table).where(table.c.id == merge_id).with_for_update())

    async def mark_undone(self, merge_id: UUID) -> Row[Any]:
        """Note that a merge was undone; what it held of the record goes with it."""
        table = record_merges
        statement = update(table).where(table.c.tenant_id == self.tenant_id, table.c.id == merge_id)
        values = {"undone_at": func.now(), "merged_record": {}}
        return await self.fetch_exactly_one(statement.values(values).returning(table))

    async def list_merges(self, entity: str, kept_id: UUID) -> Sequence[Row[Any]]:
        """The merges into a record, the last first."""
        table = record_merges
        query = self.rows_of(table).where(table.c.entity == entity, table.c.kept_id == kept_id)
        return await self.fetch_all(query.order_by(table.c.merged_at.desc()).limit(MOST_GROUPS))

    async def duplicates(self, table: Table, key: ColumnElement[str]) -> list[list[UUID]]:
        """Groups of records whose key is the same, the largest first."""
        ids = func.array_agg(text("id order by created_at, id"))
        query = self.rows_of(table, ids.label("ids"))
        query = query.where(key.is_not(None), key != "").group_by(key).having(func.count() > 1)
        rows = await self.fetch_all(query.order_by(func.count().desc(), func.min(key)).limit(MOST_GROUPS))
        return [list(row.ids) for row in rows]
