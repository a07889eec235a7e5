"""A lead that arrives becomes a contact of the CRM, or is found to be one by its e-mail."""

from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.outbox import emit
from serving.reactions.repository import ReactionRepository
from tekup.contracts.envelope import Event
from tekup.contracts.events import ContactCreated, LeadLinkedToContact


async def link(session: AsyncSession, event: Event) -> None:
    """Find or make the lead's contact. A lead without e-mail and name is nobody yet."""
    repository = ReactionRepository(session, event.tenant_id)
    lead = await repository.lock_lead(event.aggregate_id)
    if lead is None or lead.contact_id is not None or not (lead.email or lead.full_name):
        return
    contact_id = await repository.find_contact(lead.email) if lead.email else None
    if contact_id is None:
        contact_id = await repository.add_contact(lead)
        made = ContactCreated(contact_id=contact_id, lead_id=lead.id, company_id=lead.company_id)
        await emit(session, event.tenant_id, made, contact_id, event.trace_id)
    await repository.link(lead.id, contact_id)
    linked = LeadLinkedToContact(lead_id=lead.id, contact_id=contact_id)
    await emit(session, event.tenant_id, linked, lead.id, event.trace_id)


CONSUMER = Consumer("contacts", {"LeadCreated": link})
