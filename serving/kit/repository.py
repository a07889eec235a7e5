"""The base of repositories: every select carries the tenant, as the planner wants. No table is known here.

Row-level security holds without it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Row, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from tekup.tenancy import TenantContext


class TenantRepository:
    """Reads and writes one tenant's rows in one session."""

    def __init__(self, session: AsyncSession, tenant_id: UUID) -> None:
        self.session = session
        self.tenant_id = tenant_id

    @property
    def context(self) -> TenantContext:
        """Whom the session's transactions speak for."""
        context: TenantContext = self.session.info["context"]
        return context

    def rows_of(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """A select from ``table`` of this tenant's rows (all columns where none are named)."""
        return select(*(columns or table.columns)).select_from(table).where(table.c.tenant_id == self.tenant_id)

    async def fetch_one(self, statement: Executable) -> Row[Any] | None:
        """The one row of a statement, or None."""
        row: Row[Any] | None = (await self.session.execute(statement)).one_or_none()
        return row

    async def fetch_exactly_one(self, statement: Executable) -> Row[Any]:
        """The one row that a statement must give."""
        row: Row[Any] = (await self.session.execute(statement)).one()
        return row

    async def fetch_all(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a statement."""
        rows: Sequence[Row[Any]] = (await self.session.execute(statement)).all()
        return rows
