"""SQL of what reactions look up and change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from serving.kit.repository import TenantRepository
from tekup.ids import uuid7


class ReactionRepository(TenantRepository):
    """The tenant's leads, contacts and tasks."""

    async def lock_lead(self, lead_id: UUID) -> Row[Any] | None:
        """A lead, kept from others until the transaction ends."""
        return await self._find(
            "select * from app.leads where tenant_id = :tenant_id and id = :id for update", id=lead_id
        )

    async def find_contact(self, email: str) -> UUID | None:
        """The oldest contact with an e-mail."""
        found = await self._find(
            "select id from app.contacts where tenant_id = :tenant_id and email = :email order by created_at limit 1",
            email=email,
        )
        return None if found is None else found.id

    async def add_contact(self, lead: Row[Any]) -> UUID:
        """A contact of what is known of a lead."""
        contact_id = uuid7()
        first, _, last = (lead.full_name or "").strip().rpartition(" ")
        await self._do(
            "insert into app.contacts (tenant_id, id, company_id, email, first_name, last_name, job_title, language, "
            "has_marketing_consent) values (:tenant_id, :id, :company_id, :email, :first_name, :last_name, "
            ":job_title, :language, :consent)",
            id=contact_id, company_id=lead.company_id, email=lead.email, first_name=first or last or None,
            last_name=last if first else None, job_title=lead.job_title, language=lead.language,
            consent=lead.has_marketing_consent,
        )  # fmt: skip
        return contact_id

    async def link(self, lead_id: UUID, contact_id: UUID) -> None:
        """Say which contact a lead is."""
        await self._do(
            "update app.leads set contact_id = :contact_id where tenant_id = :tenant_id and id = :id",
            id=lead_id,
            contact_id=contact_id,
        )

    async def has_task(self, lead_id: UUID) -> bool:
        """Whether the lead has a task already, open or done."""
        found = await self._find(
            "select id from app.activities where tenant_id = :tenant_id and lead_id = :id and kind = 'task' limit 1",
            id=lead_id,
        )
        return found is not None

    async def add_task(self, lead: Row[Any], subject: str, due_at: datetime) -> UUID:
        """A task about a lead."""
        task_id = uuid7()
        await self._do(
            "insert into app.activities "
            "(tenant_id, id, kind, lead_id, contact_id, owner_id, subject, occurred_at, due_at) "
            "values (:tenant_id, :id, 'task', :lead_id, :contact_id, :owner_id, :subject, now(), :due_at)",
            id=task_id, lead_id=lead.id, contact_id=lead.contact_id, owner_id=lead.owner_id, subject=subject,
            due_at=due_at,
        )  # fmt: skip
        return task_id

    async def lock_open_task(self, task_id: UUID, due_at: datetime) -> Row[Any] | None:
        """A task that is not done yet and is still due at this time."""
        return await self._find(
            "select lead_id, due_at from app.activities where tenant_id = :tenant_id and id = :id "
            "and kind = 'task' and completed_at is null and due_at = :due_at for update",
            id=task_id,
            due_at=due_at,
        )

    async def _find(self, statement: str, **arguments: Any) -> Row[Any] | None:
        done = await self.session.execute(text(statement), {"tenant_id": self.tenant_id, **arguments})
        return done.one_or_none()

    async def _do(self, statement: str, **arguments: Any) -> None:
        await self.session.execute(text(statement), {"tenant_id": self.tenant_id, **arguments})
