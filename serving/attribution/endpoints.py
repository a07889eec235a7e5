"""Routes of attribution."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from serving.attribution import service as attribution_service
from serving.attribution.auth import AttributionReader
from serving.attribution.schemas import (
    Attribution,
    AttributionModels,
    AttributionPaths,
    AttributionQuery,
    PathQuery,
    TransitionQuery,
    Transitions,
)
from serving.kit.databases import AppDatabases

router = APIRouter(prefix="/v1/attribution", tags=["attribution"])


@router.get("")
async def get_attribution(
    request: Request,
    subject: AttributionReader,
    databases: AppDatabases,
    query: Annotated[AttributionQuery, Query()],
) -> Attribution:
    """Which channels, campaigns or days earned what, by attribution model, with their spend and return.

    `level` is `channel`, `campaign` or `day`; `from` and `to` narrow it to some days of conversions and spend. Filters:
    `model`, `channel`, `campaign_id`, `currency`. Sums over any level are the same. Intervals come by channel over all
    days. A channel without credit and spend has no line; a tenant without conversions has none at all. Page with
    `next_cursor`; a cursor is good only for the same filters.
    """
    return await attribution_service.get_attribution(databases, subject, query, request.app.state.cursors)


@router.get("/paths")
async def list_attribution_paths(
    request: Request, subject: AttributionReader, databases: AppDatabases, query: Annotated[PathQuery, Query()]
) -> AttributionPaths:
    """The channels in order that led to sales, the commonest first, with how often they led nowhere.

    The 200 commonest paths stand one by one, all others on a last line, so that the sums are those of the sales.
    """
    return await attribution_service.list_paths(databases, subject, query, request.app.state.cursors)


@router.get("/transitions")
async def list_attribution_transitions(
    request: Request, subject: AttributionReader, databases: AppDatabases, query: Annotated[TransitionQuery, Query()]
) -> Transitions:
    """How journeys go from channel to channel, for a Sankey: the Markov chain of order 1, counts and probabilities."""
    return await attribution_service.list_transitions(databases, subject, query, request.app.state.cursors)


@router.get("/models")
async def list_attribution_models(subject: AttributionReader, databases: AppDatabases) -> AttributionModels:
    """Every attribution model with its meaning and its parameters, and whether there is credit by it."""
    return await attribution_service.list_models(databases, subject)
