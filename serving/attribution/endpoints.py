"""Routes of attribution."""

from typing import Annotated

from fastapi import APIRouter, Query

from serving.attribution import service as attribution_service
from serving.attribution.auth import AttributionReader
from serving.attribution.schemas import Attribution, AttributionQuery
from serving.kit.databases import AppDatabases

router = APIRouter(prefix="/v1/attribution", tags=["attribution"])


@router.get("")
async def get_attribution(
    subject: AttributionReader, databases: AppDatabases, query: Annotated[AttributionQuery, Query()]
) -> Attribution:
    """Which channels earned what, by attribution model, with their spend and return.

    Filters: `model`, `channel`, `currency`. A channel without credit has no line; a tenant without conversions has
    none at all.
    """
    return await attribution_service.get_attribution(databases, subject, query)
