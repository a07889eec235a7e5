"""Streams over a WebSocket. What is in a stream is not decided here."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from serving.auth.subject import Authenticator
from serving.events.service import EventDesk
from serving.events.sse import SEND_SECONDS
from serving.events.streams import Behind, Ended, Frame, Heartbeat, Missed, Stream, follow
from serving.kit.problems import Problem

TOKEN_SECONDS = 10.0
LONGEST_TOKEN = 10_000
SIGN_IN_NEEDED, NOT_ALLOWED, UNUSABLE, TOO_MANY = 4401, 4403, 4422, 4429
_COME_BACK, _POLICY = 1012, 1008
_CODES = {401: SIGN_IN_NEEDED, 403: NOT_ALLOWED, 422: UNUSABLE, 429: TOO_MANY}


async def serve_socket(socket: WebSocket, desk: EventDesk) -> None:
    """Answer one connection: token, then events until either side has enough.

    The token comes in the Authorization header, or, since browsers can't set one, as the first message
    `{"token": "…"}`. Query: `after`, `type`, `aggregate`, as for the stream.
    """
    if not _is_own_origin(socket):
        await socket.close(_POLICY)
        return
    await socket.accept()
    token = await _token(socket)
    authenticator: Authenticator = socket.app.state.authenticator
    subject = await authenticator.authenticate(token) if token else None
    if subject is None:
        await socket.close(SIGN_IN_NEEDED, "a valid token is needed")
        return
    try:
        query = socket.query_params
        stream = await desk.open(
            subject, token, _after(query.get("after")), query.getlist("type"), query.getlist("aggregate")
        )
    except Problem as problem:
        detail = problem.more.get("errors", [{}])[0].get("detail", problem.detail)
        await socket.close(_CODES.get(problem.status_code, _POLICY), detail[:120])
        return
    try:
        await _converse(socket, desk, stream)
    finally:
        desk.close(stream)


async def _converse(socket: WebSocket, desk: EventDesk, stream: Stream) -> None:
    listening = asyncio.create_task(_listen(socket, stream))
    try:
        async for frame in follow(desk.feeds, stream):
            if socket.client_state is not WebSocketState.CONNECTED:
                return
            async with asyncio.timeout(SEND_SECONDS):
                await socket.send_text(_encode(frame))
            if isinstance(frame, Ended):
                await socket.close(_COME_BACK if frame.come_back else SIGN_IN_NEEDED, frame.reason[:120])
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        # gone, or so slow that it may come back with its last position
        with contextlib.suppress(RuntimeError):
            await socket.close(_POLICY, "too slow: come back with the position of your last event")
    finally:
        listening.cancel()


async def _listen(socket: WebSocket, stream: Stream) -> None:
    """Wait for the client to leave; what it says meanwhile is not asked for."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                break
    stream.end("the client left", come_back=True)


async def _token(socket: WebSocket) -> str:
    scheme, _, given = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    try:
        async with asyncio.timeout(TOKEN_SECONDS):
            told = orjson.loads((await socket.receive_text())[:LONGEST_TOKEN])
    except (TimeoutError, ValueError, WebSocketDisconnect, KeyError):
        return ""
    token = told.get("token") if isinstance(told, dict) else None
    return token if isinstance(token, str) else ""


def _after(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem(422, "unusable-input", "after must be a whole number")
    return int(text)


def _is_own_origin(socket: WebSocket) -> bool:
    """A page of another site may not use the connection; programs send no Origin."""
    origin = socket.headers.get("origin")
    if origin is None:
        return True
    allowed: Sequence[str] = socket.app.state.settings.event_origins.split(",")
    return urlsplit(origin).netloc == socket.headers.get("host") or origin in [one.strip() for one in allowed]


def _encode(frame: Frame) -> str:
    body: dict[str, Any]
    match frame:
        case Heartbeat(pos):
            body = {"kind": "heartbeat", "pos": pos}
        case Behind(events):
            body = {"kind": "behind", "events": events}
        case Missed(first, last):
            body = {"kind": "missed", "first": first, "last": last}
        case Ended(reason, come_back):
            body = {"kind": "ended", "reason": reason, "come_back": come_back}
        case _:
            body = {"kind": "event", "pos": frame.pos, "event": frame.to_cloudevent()}
    return orjson.dumps(body).decode()
