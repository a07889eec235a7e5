"""A day's spend that may be told again, the pace of a budget, and links that carry a campaign's name."""

import re
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from serving.auth.subject import Subject
from serving.campaigns.repository import CampaignRepository
from serving.campaigns.schemas import CampaignLink, DaySpend, LinkQuery, Pacing
from serving.crm.resources import SPEND
from serving.kit.databases import Databases
from serving.kit.problems import not_found, unusable_field
from serving.records.service import Shelf, change_row, note, tell
from tekup.clock import utc_now
from tekup.pacing import pace_of

_MEDIUMS = {
    "paid_search": "cpc", "paid_social": "paid_social", "display": "display", "email": "email", "referral": "referral",
    "events": "offline", "organic_social": "social",
}  # fmt: skip


async def put_spend(shelf: Shelf, campaign_id: UUID, day: date, told: DaySpend) -> Any:
    """Store a day's spend or correct it; telling the same again changes nothing.

    Raises:
        Problem: 404; 422 where the currency is not the campaign's, or the day lies ahead.
    """
    if day > utc_now().date():
        raise unusable_field("/spend_date", "lies in the future")
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        repository = CampaignRepository(session, shelf.subject.tenant_id)
        campaign = await repository.lock(campaign_id)
        if campaign is None:
            raise not_found("campaign")
        if campaign.currency != told.currency:
            raise unusable_field("/currency", f"the campaign's currency is {campaign.currency}")
        records, values = shelf.open(session), told.model_dump()
        before = await repository.day(campaign_id, day)
        if before is not None:
            row = await change_row(shelf, records, before, values)
        else:
            row = await records.add({"campaign_id": campaign_id, "spend_date": day, **values})
            await tell(shelf, records, SPEND.events.created(row), row)
            note(shelf, records, "create", row.id)
    return shelf.show(row)


async def get_pacing(databases: Databases, subject: Subject, campaign_id: UUID) -> Pacing:
    """How a budget goes, by the last day of which spend is known.

    Raises:
        Problem: 404.
    """
    async with databases.operational(subject.context) as session:
        repository = CampaignRepository(session, subject.tenant_id)
        campaign = await repository.find(campaign_id)
        if campaign is None:
            raise not_found("campaign")
        spent, until = await repository.spent(campaign_id)
    pace = pace_of(campaign.budget_cents, spent, campaign.starts_on, campaign.ends_on, until or utc_now().date())
    return Pacing(
        budget_cents=campaign.budget_cents,
        spent_cents=spent,
        currency=campaign.currency,
        spent_rate=None if pace is None else pace.spent_rate,
        time_rate=None if pace is None else pace.time_rate,
        expected_cents=None if pace is None else pace.expected_cents,
        verdict="unknown" if pace is None else pace.verdict,
        until=until,
    )


async def make_link(databases: Databases, subject: Subject, campaign_id: UUID, query: LinkQuery) -> CampaignLink:
    """A link whose touchpoints belong to the campaign; what the page's address already asks for stays.

    Raises:
        Problem: 404; 422 where the campaign has no `utm_campaign`.
    """
    async with databases.operational(subject.context) as session:
        campaign = await CampaignRepository(session, subject.tenant_id).find(campaign_id)
    if campaign is None:
        raise not_found("campaign")
    if not campaign.utm_campaign:
        raise unusable_field("utm_campaign", f"the campaign has none; set one, such as {slug_of(campaign.name)}")
    medium = query.medium or _MEDIUMS.get(campaign.channel, campaign.channel)
    utm = {
        "utm_source": query.source, "utm_medium": medium, "utm_campaign": campaign.utm_campaign,
        "utm_content": query.content, "utm_term": query.term,
    }  # fmt: skip
    parts = urlsplit(str(query.page))
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in utm]
    asked = urlencode(kept + [(name, value) for name, value in utm.items() if value])
    return CampaignLink(url=urlunsplit(parts._replace(query=asked)), utm_campaign=campaign.utm_campaign)


def slug_of(name: str) -> str:
    """A name as it can stand in a link: small letters, digits and dashes.

    >>> slug_of("Forår 2026: på tilbud!")
    'foraar-2026-paa-tilbud'
    """
    plain = name.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "campaign"
