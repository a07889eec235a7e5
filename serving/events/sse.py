"""Streams as Server-Sent Events. What is in a stream is not decided here."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.types import Message, Receive, Scope, Send

from serving.events.service import EventDesk
from serving.events.streams import Behind, Ended, Frame, Heartbeat, Missed, Stream, follow

SEND_SECONDS = 30.0
"""How long a client may leave what it was sent unread. It may then come back with the id of its last event."""
COME_BACK_MILLISECONDS = 2000


class StreamResponse(EventSourceResponse):
    """One stream as a response, which closes the stream when it ends, however it ends."""

    def __init__(self, desk: EventDesk, stream: Stream) -> None:
        self._desk, self._stream = desk, stream
        # proxies that buffer would hold events back
        super().__init__(self._chunks(), headers={"cache-control": "no-store", "x-accel-buffering": "no"})

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield f"retry: {COME_BACK_MILLISECONDS}\nid: {self._stream.pos}\n: open\n\n".encode()
        async for frame in follow(self._desk.feeds, self._stream):
            yield encode(frame)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        async def notice_leaving() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            self._stream.end("the client left", come_back=True)

        # sending tells of a client that is gone, but in a quiet stream only with the next heartbeat
        leaving = asyncio.create_task(notice_leaving())
        try:
            await super().__call__(scope, receive, send_in_time)
        except* TimeoutError:
            pass  # the server cuts a response that is not whole
        finally:
            leaving.cancel()
            self._desk.close(self._stream)


def encode(frame: Frame) -> bytes:
    """A frame as it goes over the wire."""
    match frame:
        case Heartbeat(pos):
            # an id without data moves the client's Last-Event-ID past what it may not see, and is no event
            return f"id: {pos}\n: here\n\n".encode()
        case Behind(events):
            return _named("tekup.behind", {"events": events})
        case Missed(first, last):
            return _named("tekup.missed", {"first": first, "last": last})
        case Ended(reason, come_back):
            return _named("tekup.ended", {"reason": reason, "come_back": come_back})
        case _:
            data = orjson.dumps(frame.to_cloudevent()).decode()
            return format_sse_event(data_str=data, event=frame.type, id=str(frame.pos))


def _named(name: str, body: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=orjson.dumps(body).decode(), event=name)
