"""A day's spend that may be told again, and the pace of a budget."""

from datetime import date
from typing import Any
from uuid import UUID

from serving.auth.subject import Subject
from serving.campaigns.repository import CampaignRepository
from serving.campaigns.schemas import DaySpend, Pacing
from serving.crm.resources import SPEND
from serving.kit.databases import Databases
from serving.kit.problems import not_found, unusable_field
from serving.records.service import Shelf, change_row, note, tell
from tekup.clock import utc_now
from tekup.pacing import pace_of


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
