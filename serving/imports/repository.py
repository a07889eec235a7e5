"""SQL of imports: what rows refer to by name, and the records that they match."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func

from serving.models.crm import companies, pipelines, stages
from serving.models.operational import users
from serving.records.own_fields import OwnFields
from serving.records.repository import RecordRepository


class ImportRepository(OwnFields):
    """The tenant's names."""

    async def company_of(self, domain: str) -> UUID | None:
        """The oldest company of a domain."""
        query = self.rows_of(companies, companies.c.id).where(companies.c.domain == domain)
        row = await self.fetch_one(query.order_by(companies.c.created_at, companies.c.id).limit(1))
        return None if row is None else row.id

    async def owner_of(self, email: str) -> UUID | None:
        """The user of an address."""
        row = await self.fetch_one(self.rows_of(users, users.c.id).where(users.c.email == email))
        return None if row is None else row.id

    async def stage_called(self, name: str) -> UUID | None:
        """The stage of a name, in the default pipeline first."""
        query = self.rows_of(stages, stages.c.id).join(
            pipelines, (pipelines.c.tenant_id == stages.c.tenant_id) & (pipelines.c.id == stages.c.pipeline_id)
        )
        query = query.where(func.lower(stages.c.name) == name.lower())
        row = await self.fetch_one(query.order_by(pipelines.c.is_default.desc(), stages.c.id).limit(1))
        return None if row is None else row.id

    async def lock_match(self, records: RecordRepository, column: str, value: Any) -> Row[Any] | None:
        """The oldest record with this value, kept from others until the transaction ends."""
        table = records.table
        query = self.rows_of(table).where(table.c[column] == value).order_by(table.c.created_at, table.c.id)
        return await self.fetch_one(query.limit(1).with_for_update())
