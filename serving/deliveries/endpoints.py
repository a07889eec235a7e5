"""Routes of outgoing webhooks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from serving.deliveries.auth import EndpointReader, EndpointWriter
from serving.deliveries.schemas import (
    DeliveryPage,
    DeliveryWithAttempts,
    Queued,
    ReplayRange,
    Webhook,
    WebhookCreate,
    WebhookUpdate,
    WebhookWithSecret,
)
from serving.deliveries.service import OutgoingDesk

router = APIRouter(tags=["webhooks out"])
_ENDPOINTS = "/v1/webhook-endpoints"


def _desk(request: Request) -> OutgoingDesk:
    desk: OutgoingDesk = request.app.state.outgoing_desk
    return desk


@router.post(_ENDPOINTS, status_code=201)
async def create_endpoint(
    request: Request, response: Response, subject: EndpointWriter, body: WebhookCreate
) -> WebhookWithSecret:
    """Have events sent to an address, signed with the secret that this answer alone shows (Standard Webhooks).

    The endpoint is sent what the scopes of your token may see. An address must be https and of the public internet.
    """
    made = await _desk(request).create(subject, body)
    response.headers["location"] = f"{_ENDPOINTS}/{made.id}"
    return made


@router.get(_ENDPOINTS)
async def list_endpoints(request: Request, subject: EndpointReader) -> list[Webhook]:
    """List the endpoints, with what fails and what was disabled."""
    return await _desk(request).list(subject)


@router.get(_ENDPOINTS + "/{webhook_id}")
async def get_endpoint(request: Request, subject: EndpointReader, webhook_id: UUID) -> Webhook:
    """One endpoint, without its secret."""
    return await _desk(request).get(subject, webhook_id)


@router.patch(_ENDPOINTS + "/{webhook_id}")
async def change_endpoint(request: Request, subject: EndpointWriter, webhook_id: UUID, body: WebhookUpdate) -> Webhook:
    """Change an endpoint's address, types or description, or enable it again."""
    return await _desk(request).change(subject, webhook_id, body)


@router.delete(_ENDPOINTS + "/{webhook_id}", status_code=204)
async def delete_endpoint(request: Request, subject: EndpointWriter, webhook_id: UUID) -> None:
    """Delete an endpoint; what is on its way to it is dropped."""
    await _desk(request).remove(subject, webhook_id)


@router.post(_ENDPOINTS + "/{webhook_id}/secret")
async def rotate_secret(request: Request, subject: EndpointWriter, webhook_id: UUID) -> WebhookWithSecret:
    """Give an endpoint a new secret. For 24 hours deliveries bear both signatures."""
    return await _desk(request).rotate(subject, webhook_id)


@router.post(_ENDPOINTS + "/{webhook_id}/ping", status_code=202)
async def ping_endpoint(request: Request, subject: EndpointWriter, webhook_id: UUID) -> dict[str, UUID]:
    """Send a test event (`WebhookPinged`) to this endpoint alone; its deliveries show what came of it."""
    return {"event_id": await _desk(request).ping(subject, webhook_id)}


@router.post(_ENDPOINTS + "/{webhook_id}/replay", status_code=202)
async def replay_endpoint(request: Request, subject: EndpointWriter, webhook_id: UUID, body: ReplayRange) -> Queued:
    """Send an endpoint the events of a range of positions again, under their old ids."""
    return Queued(deliveries=await _desk(request).replay(subject, webhook_id, body))


@router.get(_ENDPOINTS + "/{webhook_id}/deliveries")
async def list_deliveries(
    request: Request,
    subject: EndpointReader,
    webhook_id: UUID,
    state: Annotated[str | None, Query(pattern="^(waiting|delivered|dead)$")] = None,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """List what was sent to an endpoint, the newest first."""
    return await _desk(request).deliveries(subject, webhook_id, state, before, limit)


@router.get("/v1/webhook-deliveries/{delivery_id}")
async def get_delivery(request: Request, subject: EndpointReader, delivery_id: UUID) -> DeliveryWithAttempts:
    """One delivery with every try: status, time taken, error, and how the answer began."""
    return await _desk(request).delivery(subject, delivery_id)


@router.post("/v1/webhook-deliveries/{delivery_id}/retry", status_code=202)
async def retry_delivery(request: Request, subject: EndpointWriter, delivery_id: UUID) -> Queued:
    """Try a delivery again now, also a dead one or one that was delivered."""
    await _desk(request).retry(subject, delivery_id)
    return Queued(deliveries=1)
