"""Routes of campaigns beside those that every resource has."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request

from serving.campaigns import service as campaign_service
from serving.campaigns.auth import CampaignReader, CampaignWriter
from serving.campaigns.schemas import DaySpend, Pacing
from serving.crm.resources import SPEND
from serving.crm.schemas import Spend
from serving.kit.databases import AppDatabases
from serving.kit.problems import ProblemDocument
from serving.records.routes import shelf_of

router = APIRouter(
    prefix="/v1/campaigns/{campaign_id}", tags=["campaigns"], responses={404: {"model": ProblemDocument}}
)


@router.put("/spend/{spend_date}")
async def put_spend(
    request: Request,
    subject: CampaignWriter,
    databases: AppDatabases,
    campaign_id: UUID,
    spend_date: date,
    body: DaySpend,
) -> Spend:
    """Tell what a campaign cost on a day. Telling it again corrects it, or changes nothing: send a day as often as you
    learn of it."""
    shelf = shelf_of(SPEND, request, subject, databases)
    spend: Spend = await campaign_service.put_spend(shelf, campaign_id, spend_date, body)
    return spend


@router.get("/pacing")
async def get_pacing(subject: CampaignReader, databases: AppDatabases, campaign_id: UUID) -> Pacing:
    """Whether the budget is spent as fast as its time passes, and where it is heading."""
    return await campaign_service.get_pacing(databases, subject, campaign_id)
