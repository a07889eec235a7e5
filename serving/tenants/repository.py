"""SQL of the tenant's own row."""

import json
from typing import Any

from sqlalchemy import Row, text

from serving.kit.repository import TenantRepository
from serving.models.operational import tenants


class TenantRowRepository(TenantRepository):
    """The one row."""

    async def find(self) -> Row[Any] | None:
        """The tenant's row."""
        return await self.fetch_one(self.rows_of(tenants))

    async def merge_settings(self, changes: dict[str, Any]) -> bool:
        """Set settings, and take away those that are None; whether the row is there and may be changed."""
        done = await self.session.execute(
            text(
                "update app.tenants set settings = jsonb_strip_nulls(settings || cast(:changes as jsonb)), "
                "updated_at = now() where tenant_id = :tenant_id returning id"
            ),
            {"tenant_id": self.tenant_id, "changes": json.dumps(changes)},
        )
        return done.one_or_none() is not None
