"""SQL of applications' schemas and documents."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from serving.kit.repository import TenantRepository
from tekup.ids import uuid7


class DocumentRepository(TenantRepository):
    """One application of the tenant."""

    def __init__(self, session: Any, tenant_id: UUID, app_name: str) -> None:
        super().__init__(session, tenant_id)
        self._app_name = app_name

    async def find_schema(self, *, locks: bool = False) -> Row[Any] | None:
        """The application's schema; with ``locks`` it stays as it is until the transaction ends."""
        statement = (
            "select app_name, json_schema, updated_at from app.application_schemas "
            "where tenant_id = :tenant_id and app_name = :app_name {lock}"
        )
        return await self._one(statement.replace("{lock}", "for share" if locks else ""))

    async def set_schema(self, schema: dict[str, Any]) -> Row[Any]:
        """Store or replace the schema."""
        row = await self._one(
            "insert into app.application_schemas (tenant_id, app_name, json_schema) "
            "values (:tenant_id, :app_name, cast(:schema as jsonb)) on conflict (tenant_id, app_name) do update "
            "set json_schema = excluded.json_schema, updated_at = now() returning app_name, json_schema, updated_at",
            schema=json.dumps(schema),
        )
        assert row is not None
        return row

    async def page(self, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
        """Documents by id."""
        return await self._rows(
            "select id, app_name, data, created_at, updated_at from app.application_data "
            "where tenant_id = :tenant_id and app_name = :app_name "
            "and (cast(:after as uuid) is null or id > :after) order by id limit :limit",
            after=after,
            limit=limit,
        )

    async def find(self, document_id: UUID) -> Row[Any] | None:
        """A document."""
        return await self._one(
            "select id, app_name, data, created_at, updated_at from app.application_data "
            "where tenant_id = :tenant_id and app_name = :app_name and id = :id",
            id=document_id,
        )

    async def add(self, data: dict[str, Any]) -> Row[Any]:
        """Store a document."""
        row = await self._one(
            "insert into app.application_data (tenant_id, id, app_name, data) "
            "values (:tenant_id, :id, :app_name, cast(:data as jsonb)) "
            "returning id, app_name, data, created_at, updated_at",
            id=uuid7(),
            data=json.dumps(data),
        )
        assert row is not None
        return row

    async def replace(self, document_id: UUID, data: dict[str, Any]) -> Row[Any] | None:
        """Replace a document; None where there is none."""
        return await self._one(
            "update app.application_data set data = cast(:data as jsonb), updated_at = now() "
            "where tenant_id = :tenant_id and app_name = :app_name and id = :id "
            "returning id, app_name, data, created_at, updated_at",
            id=document_id,
            data=json.dumps(data),
        )

    async def remove(self, document_id: UUID) -> bool:
        """Delete a document; whether there was one."""
        gone = await self._rows(
            "delete from app.application_data where tenant_id = :tenant_id and app_name = :app_name and id = :id "
            "returning id",
            id=document_id,
        )
        return bool(gone)

    async def _one(self, statement: str, **arguments: Any) -> Row[Any] | None:
        rows = await self._rows(statement, **arguments)
        return rows[0] if rows else None

    async def _rows(self, statement: str, **arguments: Any) -> Sequence[Row[Any]]:
        values = {"tenant_id": self.tenant_id, "app_name": self._app_name, **arguments}
        return (await self.session.execute(text(statement), values)).all()
