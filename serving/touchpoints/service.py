"""Taking touchpoints in: without consent or from a bot none is kept, and each once however often it comes."""

from functools import cache
from typing import Any

from crawlerdetect import CrawlerDetect

from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.models.crm import contacts_without_people
from serving.models.operational import leads_without_people
from serving.outbox import emit_many
from serving.touchpoints.repository import TouchpointRepository
from serving.touchpoints.schemas import TouchpointCreate, TouchpointReceipt, Verdict
from tekup.clock import utc_now
from tekup.contracts.events import TouchpointRecorded
from tekup.ids import uuid7

UNKNOWN = "unknown"
"""The channel of what names none: the warehouse's rules find it."""
_NOT_KEPT = {"user_agent", "has_consent"}


async def collect(
    databases: Databases, subject: Subject, items: list[TouchpointCreate], user_agent: str | None, request_id: str
) -> TouchpointReceipt:
    """Store what may be stored, with its events, in one transaction."""
    verdicts: list[Verdict | None] = [_refusal(item, item.user_agent or user_agent) for item in items]
    # leads and contacts are only looked for, which shows nobody who they are
    context = subject.context.with_permission("leads:read").with_permission("contacts:read")
    async with databases.operational(context, read_only=False) as session:
        repository = TouchpointRepository(session, subject.tenant_id)
        wanted = [item for item, verdict in zip(items, verdicts, strict=True) if verdict is None]
        known_leads = await repository.known(leads_without_people, {i.lead_id for i in wanted if i.lead_id})
        known_contacts = await repository.known(contacts_without_people, {i.contact_id for i in wanted if i.contact_id})
        names = {item.utm_campaign for item in wanted if item.utm_campaign}
        by_name = await repository.campaigns_called(names)
        rows: dict[int, dict[str, Any]] = {}
        for place, item in enumerate(items):
            if verdicts[place] is not None:
                continue
            if item.lead_id is not None and item.lead_id not in known_leads:
                verdicts[place] = "unknown_lead"
            elif item.contact_id is not None and item.contact_id not in known_contacts:
                verdicts[place] = "unknown_contact"
            else:
                rows[place] = _row(item) | {"campaign_id": by_name.get(item.utm_campaign or "")}
        added = await repository.add(list(rows.values())) if rows else set()
        told = []
        for place, row in rows.items():
            # of two with one id in a request, the first was stored
            is_new = row["id"] in added
            added.discard(row["id"])
            verdicts[place] = "stored" if is_new else "known"
            if is_new:
                names_of_event = ("kind", "channel", "lead_id", "occurred_at")
                event = TouchpointRecorded(touchpoint_id=row["id"], **{name: row[name] for name in names_of_event})
                told.append((event, row["id"]))
        await emit_many(session, subject.tenant_id, told, request_id)
    return TouchpointReceipt(stored=len(told), verdicts=[verdict for verdict in verdicts if verdict is not None])


def _refusal(item: TouchpointCreate, user_agent: str | None) -> Verdict | None:
    if not item.has_consent:
        return "without_consent"
    return "bot" if user_agent and is_bot(user_agent) else None


@cache
def _crawlers() -> CrawlerDetect:
    return CrawlerDetect()


def is_bot(user_agent: str) -> bool:
    """Whether a browser's name is that of a crawler."""
    return bool(_crawlers().isCrawler(user_agent))


def _row(item: TouchpointCreate) -> dict[str, Any]:
    values = item.model_dump(exclude=_NOT_KEPT)
    return values | {
        "id": item.id or uuid7(),
        "occurred_at": item.occurred_at or utc_now(),
        "channel": item.channel or UNKNOWN,
    }
