"""SQL of forms and submissions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from serving.kit.repository import TenantRepository
from serving.models.forms import form_submissions, forms
from serving.models.operational import tenants


class FormRepository(TenantRepository):
    """The tenant's forms and what was sent in."""

    async def find_open(self, form_id: UUID, public_key: str) -> Row[Any] | None:
        """The form with this key, where it is enabled and its tenant is active."""
        tenant = await self.fetch_one(self.rows_of(tenants, tenants.c.status))
        if tenant is None or tenant.status != "active":
            return None
        table = forms
        query = self.rows_of(table).where(table.c.id == form_id, table.c.public_key == public_key, table.c.is_enabled)
        return await self.fetch_one(query)

    async def find_submission(self, submission_id: UUID) -> Row[Any] | None:
        """What was sent in under this id."""
        table = form_submissions
        return await self.fetch_one(self.rows_of(table).where(table.c.id == submission_id))

    async def add_submission(self, values: Mapping[str, Any]) -> bool:
        """Store a submission; False where its id or its challenge was used before."""
        statement = insert(form_submissions).values(tenant_id=self.tenant_id, **values).on_conflict_do_nothing()
        done = await self.session.execute(statement.returning(form_submissions.c.id))
        return done.scalar_one_or_none() is not None
