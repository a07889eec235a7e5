"""A tenant's own fields, for who has to know which there are."""

from serving.kit.repository import TenantRepository
from serving.models.crm import custom_fields


class OwnFields(TenantRepository):
    """A repository that knows the tenant's own fields."""

    async def custom_kinds(self, entity: str) -> dict[str, str]:
        """The tenant's own fields of a kind of record: name to kind."""
        table = custom_fields
        rows = await self.fetch_all(self.rows_of(table, table.c.name, table.c.kind).where(table.c.entity == entity))
        return {row.name: row.kind for row in rows}
