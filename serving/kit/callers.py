"""The layer that finds out who calls, from where and what for, and whether he may call that often.

Whether he may do what he asks is decided by the routes.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.kit.access import Access, Caller, current_access
from serving.kit.addresses import Network, client_address
from serving.kit.buckets import Verdict
from serving.kit.problems import Problem, problem_of
from serving.kit.rate_limits import RateLimiter, class_of, headers_of

Resolve: TypeAlias = Callable[[Scope, str], Awaitable[Caller | None]]
"""From a request and its bearer token to the caller, or nobody."""
PURPOSE = "x-purpose"
_PURPOSE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class CallerLayer:
    """ASGI middleware within the request layer and around everything that wants to know the caller."""

    def __init__(self, app: ASGIApp, *, resolve: Resolve, proxies: Sequence[Network]) -> None:
        self._app, self._resolve, self._proxies = app, resolve, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        address = client_address(scope, self._proxies)
        if scope.get("client"):
            scope["client"] = (address, scope["client"][1])
        try:
            caller, verdict = await self._admit(scope, address)
            access = Access(scope, caller, address, _purpose(scope))
        except Problem as problem:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1013, "reason": problem.code})
            else:
                await problem_of(problem)(scope, receive, send)
            return
        mark = current_access.set(access)
        try:
            await self._app(scope, receive, _with_headers(send, verdict))
        finally:
            current_access.reset(mark)

    async def _admit(self, scope: Scope, address: str) -> tuple[Caller | None, Verdict | None]:
        limiter: RateLimiter = scope["app"].state.rate_limiter
        route_class = class_of(scope.get("method", "GET"), scope["path"])
        verdict = await limiter.admit_address(route_class, address) if route_class else None
        token = _bearer(scope)
        if token is None:
            return None, verdict
        try:
            caller = await self._resolve(scope, token)
        except Exception:
            # what went wrong is told by the route, which asks again
            return None, verdict
        if caller is not None and route_class:
            verdict = await limiter.admit_caller(route_class, caller) or verdict
        return caller, verdict


def _bearer(scope: Scope) -> str | None:
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _purpose(scope: Scope) -> str | None:
    """What the caller says it is for; it goes into the audit trail."""
    given = Headers(scope=scope).get(PURPOSE)
    if given is None:
        return None
    try:
        text = given.encode("latin-1").decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not _PURPOSE.fullmatch(text):
        raise Problem(400, "purpose-unusable", "X-Purpose must be 1 to 200 characters of UTF-8 on one line")
    return text


def _with_headers(send: Send, verdict: Verdict | None) -> Send:
    if verdict is None:
        return send

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in headers_of(verdict).items():
                headers[name] = value
        await send(message)

    return send_with_headers
