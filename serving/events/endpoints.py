"""Routes of the log, its streams and its consumers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response, WebSocket

from serving.consumers import desk as consumer_desk
from serving.consumers.schemas import ConsumerState, ParkedPage
from serving.events import service as event_service
from serving.events.auth import ConsumerMender, ConsumerReader, Listener
from serving.events.schemas import Aggregates, EventPage, EventType, Position, ReplayAnswer, ReplayRequest, Types
from serving.events.service import EventDesk
from serving.events.sockets import serve_socket
from serving.events.sse import StreamResponse
from serving.kit.databases import AppDatabases
from serving.kit.problems import unusable_field
from tekup.contracts.asyncapi import build_asyncapi

router = APIRouter(prefix="/v1/events", tags=["events"])


def _desk(request: Request) -> EventDesk:
    desk: EventDesk = request.app.state.event_desk
    return desk


@router.get("")
async def list_events(
    subject: Listener,
    databases: AppDatabases,
    after: Annotated[Position, Query(description="The position after which the page begins.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    type: Types = [],  # noqa: B006  # the parameter's name is the API's; FastAPI copies the default
    aggregate: Aggregates = [],  # noqa: B006
) -> EventPage:
    """List events in the order in which they took effect, as CloudEvents."""
    return await event_service.list_events(
        databases, subject, after=after, limit=limit, types=type, aggregates=aggregate
    )


@router.get("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def stream_events(
    request: Request,
    subject: Listener,
    after: Annotated[
        Position | None, Query(description="Begin after this position; without it, with what comes.")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="Takes precedence over `after`.")] = None,
    type: Types = [],  # noqa: B006
    aggregate: Aggregates = [],  # noqa: B006
) -> Response:
    """Send events as they happen (Server-Sent Events), each with its position as `id` and a CloudEvent as `data`.

    A client that comes back with `Last-Event-ID` goes on where it stopped. Besides events named by their type there
    are `tekup.behind` (the client is slow; nothing is lost), `tekup.missed` (events between two positions are no
    longer kept) and `tekup.ended` (with the reason, and whether to come back). A comment every 15 seconds says that
    the line is up. What a token may see is decided by its scopes, type by type; the stream ends within seconds of the
    token's expiry or revocation, the user's or the tenant's suspension.
    """
    desk = _desk(request)
    if last_event_id is not None:
        after = _position(last_event_id)
    token = request.headers["authorization"].partition(" ")[2].strip()
    stream = await desk.open(subject, token, after, type, aggregate)
    return StreamResponse(desk, stream)


@router.websocket("/ws")
async def socket_events(socket: WebSocket) -> None:
    """Send events as they happen over a WebSocket."""
    await serve_socket(socket, socket.app.state.event_desk)


@router.get("/types")
async def list_types(subject: Listener) -> list[EventType]:
    """List the types of events with the scope that each asks for."""
    return event_service.list_types()


@router.get("/types/{name}/{version}")
async def get_schema(subject: Listener, name: str, version: int) -> dict[str, Any]:
    """The JSON schema of a type's `data`."""
    return event_service.find_schema(name, version)


@router.get("/asyncapi.json")
async def get_asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of all events; as open as the OpenAPI document."""
    return build_asyncapi()


@router.get("/consumers")
async def list_consumers(subject: ConsumerReader, databases: AppDatabases) -> list[ConsumerState]:
    """How far each of the platform's consumers has come with the tenant's events."""
    return await consumer_desk.list_consumers(databases, subject.context)


@router.post("/consumers/{consumer}/replay")
async def replay(subject: ConsumerMender, databases: AppDatabases, consumer: str, body: ReplayRequest) -> ReplayAnswer:
    """Have a consumer do its effects again from a position on.

    Effects of the platform's own consumers find what is there already; a webhook endpoint is sent the events again.
    """
    count = await consumer_desk.replay(databases, subject.context, consumer, body.from_pos)
    return ReplayAnswer(consumer=consumer, events=count)


@router.get("/dead-letters")
async def list_dead_letters(
    subject: ConsumerReader,
    databases: AppDatabases,
    consumer: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[str | None, Query(pattern="^(waiting|dead)$")] = None,
    after: Annotated[str | None, Query(pattern=r"^\d{1,18}:[a-z0-9_-]{1,100}$", description="`next_after`.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ParkedPage:
    """List events that a consumer could not work with and those behind them, with the error and the next try."""
    place = None
    if after is not None:
        pos, _, name = after.partition(":")
        place = (int(pos), name)
    return await consumer_desk.list_parked(
        databases, subject.context, consumer=consumer, state=state, after=place, limit=limit
    )


@router.post("/dead-letters/{consumer}/{event_id}/retry", status_code=202)
async def retry_dead_letter(
    subject: ConsumerMender, databases: AppDatabases, consumer: str, event_id: UUID
) -> dict[str, str]:
    """Try an event again at once; those of its aggregate behind it follow."""
    await consumer_desk.retry(databases, subject.context, consumer, event_id)
    return {"state": "waiting"}


@router.delete("/dead-letters/{consumer}/{event_id}", status_code=204)
async def discard_dead_letter(subject: ConsumerMender, databases: AppDatabases, consumer: str, event_id: UUID) -> None:
    """Give up on an event for this consumer; those of its aggregate behind it go on."""
    await consumer_desk.discard(databases, subject.context, consumer, event_id)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise unusable_field("last-event-id", "must be the id of an event of this stream: a whole number")
    return int(text)
