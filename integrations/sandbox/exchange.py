"""What every simulated vendor shares: a call, an answer, a refusal, JSON and time formats. No vendor's rules."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

JSON: TypeAlias = Any
Clock: TypeAlias = Callable[[], float]


def wall_clock() -> float:
    """Return seconds since the epoch."""
    return time.time()


@dataclass(frozen=True)
class Call:
    """One request as the vendors' handlers see it: the tenant is already known from the credential."""

    method: str
    path: str
    parts: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes

    def first(self, name: str, default: str | None = None) -> str | None:
        return next((value for key, value in self.query if key == name), default)

    def every(self, name: str) -> list[str]:
        """Return all values of a repeated or comma-separated parameter."""
        return [item for key, value in self.query if key == name for item in value.split(",") if item]

    def json(self) -> dict[str, JSON]:
        try:
            value = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Answer:
    """A status, a body and extra headers; ``body`` is a payload that is encoded already."""

    payload: JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def encode(self) -> bytes:
        if self.body is not None:
            return self.body
        return b"" if self.payload is None else orjson.dumps(self.payload)


class Refusal(Exception):
    """The vendor says no: carries the answer to send."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def iso(milliseconds: int) -> str:
    """Return an instant as the vendors write it, with milliseconds."""
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{_minute(minutes)}:{second:02d}.{thousandths:03d}Z"


@lru_cache(maxsize=100_000)
def _minute(minutes: int) -> str:
    """Return the text down to the minute: formatting a date costs ten times what the rest does."""
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}"


def encode_cursor(value: int) -> str:
    """Return an opaque cursor for a numeric id."""
    return base64.b64encode(f"[{value}]".encode()).decode()


def decode_cursor(text: str) -> int | None:
    """Return the id inside a cursor, or None when it isn't one of ours."""
    try:
        return int(base64.b64decode(text.encode(), validate=True).decode().strip("[]"))
    except (ValueError, UnicodeDecodeError):
        return None
