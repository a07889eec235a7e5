"""The route of the search."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from serving.kit.databases import AppDatabases
from serving.search import service as search_service
from serving.search.auth import Searcher
from serving.search.schemas import SearchHits, SearchQuery

router = APIRouter(tags=["crm"])


@router.get("/v1/search")
async def search_records(
    request: Request, subject: Searcher, databases: AppDatabases, query: Annotated[SearchQuery, Query()]
) -> SearchHits:
    """Leads, contacts, companies, deals and activities that hold the words of `q`, the best first.

    Words are found by their stems in Danish and in English, as they stand, and by how they begin. Kinds that your
    token may not read are left out, and people where it lacks `persons:read`.
    """
    return await search_service.search(databases, subject, query, request.app.state.cursors)
