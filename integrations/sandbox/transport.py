"""Runs the sandbox under uvicorn and can cut a client's connection. It knows no vendor."""

import asyncio
import socket
from email.utils import formatdate
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integrations.sandbox.exchange import Clock

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(HttpToolsProtocol):
    """Remembers each client's transport, so that a fault can cut it in mid-answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if peer:
            _open[peer[0], peer[1]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _open.pop((self.client[0], self.client[1]), None)
        super().connection_lost(exc)


class VendorClock:
    """The vendors' clock: the given one, which a test may put ahead or behind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return self._clock() + self.ahead_seconds


class Dated:
    """Gives each answer a Date header by the vendors' clock."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", formatdate(self._clock(), usegmt=True).encode())]
            await send(message)

        await self._app(scope, receive, send_dated)


def cut_connection(scope: Any) -> None:
    """Abort the connection that a request came over, without an answer."""
    client = scope.get("client")
    transport = _open.get((client[0], client[1])) if client else None
    if transport is not None:
        transport.abort()


def listen(port: int) -> socket.socket:
    """Return a listening socket on the loopback address; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # asyncio turns Nagle's algorithm off only where the protocol is named; left on, each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    # From here on clients wait instead of being refused, even while the world is still being drawn.
    listener.listen(128)
    return listener


def make_server(app: Starlette) -> uvicorn.Server:
    """Return a quiet server for the app; run it with ``server.run(sockets=[listen(port)])``."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        loop="asyncio",
        lifespan="off",
        log_level="critical",
        access_log=False,
        date_header=False,
    )
    return uvicorn.Server(config)
