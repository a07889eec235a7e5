"""SQL of the audit trail of either database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, tuple_

from serving.kit.repository import TenantRepository
from serving.models import operational, warehouse
from tekup.db import Database


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended."""

    occurred_at: datetime
    id: UUID


class AuditRepository(TenantRepository):
    """The tenant's entries and seals in one database."""

    def table(self, database: Database) -> Table:
        """The table of entries."""
        return operational.audit_log if database is Database.OPERATIONAL else warehouse.audit_log

    async def page(
        self,
        database: Database,
        *,
        equal: dict[str, str],
        since: datetime | None,
        until: datetime | None,
        after: Position | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """Entries, newest first; ``equal`` names columns with the value that they must have."""
        table = self.table(database)
        query = self.rows_of(table)
        conditions: list[ColumnElement[bool]] = [table.c[name] == value for name, value in equal.items()]
        if since is not None:
            conditions.append(table.c.occurred_at >= since)
        if until is not None:
            conditions.append(table.c.occurred_at < until)
        if after is not None:
            conditions.append(tuple_(table.c.occurred_at, table.c.id) < (after.occurred_at, after.id))
        query = query.where(*conditions).order_by(table.c.occurred_at.desc(), table.c.id.desc())
        return await self.fetch_all(query.limit(limit))

    async def last_seal(self, database: Database) -> Row[Any] | None:
        """The newest seal."""
        table = operational.audit_seal if database is Database.OPERATIONAL else warehouse.audit_seal
        return await self.fetch_one(self.rows_of(table).order_by(table.c.number.desc()).limit(1))
