"""How long an answer may take to begin. A stream that has begun lives as long as its reader."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.kit.problems import Problem, problem_of

_TOO_LONG = Problem(
    503, "took-too-long", "the answer took too long", hint="ask for less, or try again", headers={"retry-after": "5"}
)


class DeadlineLayer:
    """ASGI middleware: gives a request up, with whatever the database does for it, when its time is over."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                deadline.reschedule(None)
            await send(message)

        deadline = asyncio.timeout(self._seconds)
        try:
            async with deadline:
                await self._app(scope, receive, send_on)
        except TimeoutError:
            if has_begun or not deadline.expired():
                raise
            await problem_of(_TOO_LONG)(scope, receive, send)
