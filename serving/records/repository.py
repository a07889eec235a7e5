"""SQL of records: one table of one tenant. What the columns mean is not known here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, any_, delete, func, insert, or_, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from serving.kit.repository import TenantRepository
from tekup.ids import uuid7


@dataclass(frozen=True)
class Wanted:
    """Which rows of a list, in what order, from where on."""

    order: str
    limit: int
    equal: Mapping[str, Any] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    before: Mapping[str, datetime] = field(default_factory=dict)
    text: str | None = None
    searched: tuple[str, ...] = ()
    tag: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    after: tuple[Any, UUID] | None = None


class RecordRepository(TenantRepository):
    """The tenant's rows of one table; ``seen`` is what is read, where that is not the table itself."""

    def __init__(self, session: AsyncSession, tenant_id: UUID, table: Table, seen: Table | None = None) -> None:
        super().__init__(session, tenant_id)
        self.table = table
        self.seen = table if seen is None else seen

    async def page(self, wanted: Wanted) -> Sequence[Row[Any]]:
        """One page by keyset: the order's column, then the id."""
        columns, name = self.seen.c, wanted.order.removeprefix("-")
        key = columns[name]
        conditions = self._conditions(wanted)
        if wanted.after is not None:
            here, there = tuple_(key, columns.id), tuple_(*wanted.after)
            conditions.append(here < there if wanted.order.startswith("-") else here > there)
        order = (key.desc(), columns.id.desc()) if wanted.order.startswith("-") else (key, columns.id)
        return await self.fetch_all(
            self.rows_of(self.seen).where(and_(True, *conditions)).order_by(*order).limit(wanted.limit)
        )

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        columns = self.seen.c
        found: list[ColumnElement[bool]] = [columns[name] == value for name, value in wanted.equal.items()]
        found += [columns[name] >= moment for name, moment in wanted.since.items()]
        found += [columns[name] < moment for name, moment in wanted.before.items()]
        if wanted.text is not None:
            found.append(or_(*(columns[name].icontains(wanted.text, autoescape=True) for name in wanted.searched)))
        if wanted.tag is not None:
            found.append(any_(columns.tags) == wanted.tag)
        found += [columns.custom.op("->>")(name) == value for name, value in wanted.custom.items()]
        return found

    async def find(self, record_id: UUID) -> Row[Any] | None:
        """The record as the caller may see it."""
        return await self.fetch_one(self.rows_of(self.seen).where(self.seen.c.id == record_id))

    async def find_many(self, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
        """The records with these ids, as many as the caller may see."""
        return await self.fetch_all(self.rows_of(self.seen).where(self.seen.c.id.in_(ids)))

    async def first_of_each(self, column: str, owners: Sequence[UUID], limit: int) -> Sequence[Row[Any]]:
        """The latest ``limit`` records of each of those that ``column`` names."""
        c = self.seen.c
        place = func.row_number().over(partition_by=c[column], order_by=(c.created_at.desc(), c.id.desc()))
        chosen = self.rows_of(self.seen, c.id, place.label("place")).where(c[column].in_(owners)).subquery()
        query = self.rows_of(self.seen).join(chosen, and_(chosen.c.id == c.id, chosen.c.place <= limit))
        return await self.fetch_all(query.order_by(chosen.c.place))

    async def lock(self, record_id: UUID) -> Row[Any] | None:
        """The record, kept from others until the transaction ends."""
        return await self.fetch_one(self.rows_of(self.table).where(self.table.c.id == record_id).with_for_update())

    async def add(self, values: Mapping[str, Any]) -> Row[Any]:
        """Insert a record; its id is made here unless it is given."""
        statement = insert(self.table).values({"tenant_id": self.tenant_id, "id": uuid7(), **values})
        return await self.fetch_exactly_one(statement.returning(self.table))

    async def change(self, record_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
        """Set columns of a record."""
        table = self.table
        statement = update(table).where(table.c.tenant_id == self.tenant_id, table.c.id == record_id)
        return await self.fetch_exactly_one(statement.values({**values, "updated_at": func.now()}).returning(table))

    async def remove(self, record_id: UUID) -> None:
        """Delete a record."""
        table = self.table
        await self.session.execute(delete(table).where(table.c.tenant_id == self.tenant_id, table.c.id == record_id))

    def of(self, table: Table) -> "RecordRepository":
        """The same tenant's rows of another table, in the same transaction."""
        return RecordRepository(self.session, self.tenant_id, table)
