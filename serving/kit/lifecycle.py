"""How a route says that its time is coming to an end: Deprecation (RFC 9745), Sunset (RFC 8594), successor."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fastapi import Depends, Response

VERSION = "1"
"""The version of the API that the paths under /v1 are."""


def deprecated(*, since: datetime, sunset: datetime | None = None, successor: str | None = None) -> Any:
    """A dependency for a route's ``dependencies``; set ``deprecated=True`` beside it, which the document shows.

    ``sunset`` is when the route ends, ``successor`` the path that takes its place.

    Raises:
        ValueError: the sunset is before the deprecation.
    """
    if sunset is not None and sunset < since:
        raise ValueError("a route can't end before it is deprecated")
    headers = {"deprecation": f"@{int(since.timestamp())}"}
    if sunset is not None:
        headers["sunset"] = format_datetime(sunset.astimezone(UTC), usegmt=True)
    if successor is not None:
        headers["link"] = f'<{successor}>; rel="successor-version"'
    return Depends(_saying(headers))


def _saying(headers: dict[str, str]) -> Callable[[Response], None]:
    def say(response: Response) -> None:
        for name, value in headers.items():
            response.headers[name] = value

    return say
