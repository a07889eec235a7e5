"""Routes of touchpoints, and the script that sends them from web pages."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import FileResponse

from serving.kit.databases import AppDatabases
from serving.touchpoints import service as touchpoint_service
from serving.touchpoints.auth import Collector
from serving.touchpoints.schemas import TouchpointBatch, TouchpointCreate, TouchpointReceipt

SCRIPT = Path(__file__).with_name("collector.js")

router = APIRouter(prefix="/v1/touchpoints", tags=["touchpoints"])


@router.post("", status_code=202)
async def collect_touchpoints(
    request: Request,
    subject: Collector,
    databases: AppDatabases,
    body: TouchpointCreate | TouchpointBatch,
    user_agent: Annotated[str | None, Header(max_length=2_000)] = None,
    origin: Annotated[str | None, Header(max_length=2_000)] = None,
) -> TouchpointReceipt:
    """Store one touchpoint, or up to 1,000 as `items`.

    `verdicts` says of each what became of it: `stored`, `known` (sent before), `without_consent`, `bot`,
    `unknown_lead` or `unknown_contact`. Send your own `id`s, and sending again after a lost answer does no harm.
    """
    # only a web page's request comes from the visitor's own program; a server's tells of its library
    visiting = user_agent if origin is not None else None
    items = body.items if isinstance(body, TouchpointBatch) else [body]
    return await touchpoint_service.collect(databases, subject, items, visiting, request.scope["request_id"])


@router.get("/collector.js", response_class=FileResponse)
async def get_collector() -> FileResponse:
    """The script that sends page views from your web pages, once the visitor has consented."""
    return FileResponse(
        SCRIPT,
        media_type="text/javascript; charset=utf-8",
        headers={"cache-control": "public, max-age=3600", "cross-origin-resource-policy": "cross-origin"},
    )
