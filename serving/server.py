"""The API's process: `python -m serving.server --host H --port P`. What the application is made of is not known here.

On SIGTERM it first stops being ready (`/readyz`), ends open streams and closes each kept-alive connection after its
next answer, for `TEKUP_DRAIN_SECONDS`; then it takes no connection any more and finishes what is under way. A
balancer that looks at `/readyz` more often than that sends nothing into the void.
"""

import argparse
import asyncio
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.app import create_app
from tekup.settings import current_settings

FINISH_SECONDS = 5
"""How long requests that are under way may take once no new one is taken."""


class DrainingServer(uvicorn.Server):
    """A server that drains before it stops; a second signal stops it at once."""

    def __init__(self, config: uvicorn.Config, application: FastAPI, seconds: float) -> None:
        super().__init__(config)
        self._application, self._seconds = application, seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # uvicorn's own type
        """Start, and remember the loop that a signal must reach."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, stop at the second."""
        state = self._application.state
        if self._loop is None or not self.started or getattr(state, "is_draining", False):
            super().handle_exit(sig, frame)
            return
        state.is_draining = True
        self._loop.call_soon_threadsafe(self._drain, sig)

    def _drain(self, sig: int) -> None:
        assert self._loop is not None
        self._application.state.event_desk.watch.end_all("the server stops: come back, to another one")
        self._loop.call_later(self._seconds, super().handle_exit, sig, None)


class ClosingLayer:
    """Asks clients to close their connection after the answer, while the server drains."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app, self._state = app, application.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and getattr(self._state, "is_draining", False):
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_closing if scope["type"] == "http" else send)


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description="Serve the HTTP API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    settings = current_settings()
    application = create_app(settings)
    config = uvicorn.Config(
        ClosingLayer(application, application),
        host=chosen.host,
        port=chosen.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    DrainingServer(config, application, settings.drain_seconds).run()


if __name__ == "__main__":
    main()
