"""The outermost layer of a request: id, trace, size limit, security headers, access log, metrics.

Errors that nobody caught end here. No route is known.
"""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.kit.lifecycle import VERSION
from serving.kit.metrics import Metrics
from serving.kit.problems import Problem, problem_response, unexpected_response
from serving.kit.traces import trace_of
from tekup.ids import uuid7

LARGEST_BODY_BYTES = 20_000_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_DOCS = ("/docs", "/redoc")
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "interest-cohort=(), geolocation=(), camera=(), microphone=()",
    "api-version": VERSION,
}
_ONLY_TLS = "max-age=63072000; includeSubDomains"
_POLICY = "default-src 'none'; frame-ancestors 'none'"
# the documentation page loads its script and style from the address that FastAPI writes into it
_DOCS_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; connect-src 'self'; "
    "img-src 'self' data: https://fastapi.tiangolo.com; "
    "script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net"
)
_log = structlog.get_logger("serving.access")


class RequestLayer:
    """ASGI middleware around the whole application.

    ``is_tls`` tells browsers never to come without TLS.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, is_tls: bool = False) -> None:
        self._app = app
        self._metrics = metrics
        self._is_tls = is_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        scope["trace_id"] = trace_of(Headers(scope=scope).getlist("traceparent"))
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _add_headers(headers, scope["path"], request_id)
                if self._is_tls:
                    headers["strict-transport-security"] = _ONLY_TLS
            await send(message)

        try:
            if _announced_bytes(scope) > LARGEST_BODY_BYTES:
                await problem_response(413, _TOO_LARGE.code, _TOO_LARGE.detail)(scope, receive, send_with_headers)
            else:
                await self._app(scope, _limited(receive), send_with_headers)
        except Exception as error:
            if status:
                raise
            await unexpected_response(request_id, error)(scope, receive, send_with_headers)
        finally:
            self._note(scope, status or 499, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Log the route's template and never the query or headers: those may carry secrets and names."""
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self._metrics.note_request(scope["method"], route, status, seconds)
        _log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            request_id=scope["request_id"],
            trace_id=scope["trace_id"],
        )


_TOO_LARGE = Problem(413, "too-large", f"the body is larger than {LARGEST_BODY_BYTES // 1_000_000} MB")


def _announced_bytes(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """Count what comes in, for bodies that do not announce their size."""
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY_BYTES:
            raise _TOO_LARGE
        return message

    return receive_limited


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid7())


def _add_headers(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["x-request-id"] = request_id
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers["content-security-policy"] = _DOCS_POLICY if path.startswith(_DOCS) else _POLICY
    if "cache-control" not in headers:
        headers["cache-control"] = "no-store"
