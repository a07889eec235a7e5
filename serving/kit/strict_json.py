"""JSON bodies that parsers may read differently, or that cost too much to read, are refused before any route sees them.

What a route's body means is not known here.
"""

import asyncio
import json
import math
import re
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.kit.problems import Problem, problem_of

DEEPEST = 32
LONGEST_NUMBER = 40
LARGEST_INTEGER = 2**63
ON_THE_LOOP_BYTES = 100_000
"""Larger bodies are checked in a thread, so that other requests go on meanwhile."""
RAW_PATHS = ("/v1/webhooks/",)
"""What vendors send is proven over its bytes and read by the vendor's own format."""

# characters that show one text and mean another (bidirectional overrides), that end strings elsewhere (NUL) or that
# no text holds (other controls, non-characters, lone surrogates); plain, or as an escape
_HOSTILE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
    r"|(?<!\\)(?:\\\\)*\\u(?:000[0-8be-f]|001[0-9a-f]|202[a-e]|206[6-9]|fff[ef]"
    r"|d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})",
    re.IGNORECASE,
)


def check_json(body: bytes) -> None:
    """Refuse a body that is no JSON in the strict sense of RFC 8259 and I-JSON (RFC 7493).

    Raises:
        Problem: 422, with what is wrong and never with what was sent.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _refused("it is not UTF-8") from None
    if (b"\\u" in body or not body.isascii() or _has_controls(body)) and _HOSTILE.search(text):
        raise _refused("it holds control characters, direction overrides or lone surrogates")
    _check_depth(text)
    try:
        json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except (ValueError, RecursionError):
        raise _refused("it is not JSON") from None


_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})


def _has_controls(body: bytes) -> bool:
    return len(body.translate(None, _CONTROLS)) != len(body)


def _check_depth(text: str) -> None:
    """Count nesting before parsing: the parser would go as deep as the stack allows."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for token in _STRUCTURE.finditer(text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > DEEPEST:
                raise _refused(f"it is nested more than {DEEPEST} deep")
        elif mark in "]}":
            depth -= 1


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("a name stands twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or not -LARGEST_INTEGER <= int(text) < LARGEST_INTEGER:
        raise _refused("a number is too large")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if len(text) > LONGEST_NUMBER or not math.isfinite(number):
        raise _refused("a number is too large or too long")
    return number


def _constant(text: str) -> float:
    raise _refused(f"{text} is no JSON")


def _refused(why: str) -> Problem:
    return Problem(422, "unusable-input", "the request can't be used", errors=[{"pointer": "", "detail": why}])


class StrictJsonLayer:
    """ASGI middleware: reads JSON bodies whole, checks them and hands them on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_json(scope) or scope["path"].startswith(RAW_PATHS):
            await self._app(scope, receive, send)
            return
        try:
            body, messages = await _read(receive)
            if len(body) > ON_THE_LOOP_BYTES:
                await asyncio.to_thread(check_json, body)
            elif body:
                check_json(body)
        except Problem as problem:
            await problem_of(problem)(scope, receive, send)
            return
        await self._app(scope, _replay(messages, receive), send)


def _has_json(scope: Scope) -> bool:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def _read(receive: Receive) -> tuple[bytes, list[Message]]:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            # the caller went away: the route is told so in its turn
            return b"", [message]
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            body = b"".join(parts)
            return body, [{"type": "http.request", "body": body, "more_body": False}]


def _replay(messages: list[Message], receive: Receive) -> Receive:
    async def receive_again() -> Message:
        return messages.pop(0) if messages else await receive()

    return receive_again
