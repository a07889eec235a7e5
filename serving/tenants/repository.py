"""SQL of the tenant's own row."""

from typing import Any

from sqlalchemy import Row

from serving.kit.repository import TenantRepository
from serving.models.operational import tenants


class TenantRowRepository(TenantRepository):
    """The one row."""

    async def find(self) -> Row[Any] | None:
        """The tenant's row."""
        return await self.fetch_one(self.rows_of(tenants))
