"""Routes with a shorter way for the ordinary request. Which requests are ordinary is each route's affair.

FastAPI solves a route's dependencies anew for each request, which costs more than scoring a lead. A shortcut answers
the request that has nothing unusual; for every other one it gives None, and the route answers as it is written: it
alone refuses, explains and documents.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from serving.kit.access import Caller, current_access

Shortcut: TypeAlias = Callable[[Request], Awaitable[Response | None]]


def with_shortcut(shortcut: Shortcut) -> type[APIRoute]:
    """A class for a route that first tries ``shortcut``."""

    class ShortcutRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            usual = super().get_route_handler()

            async def handle(request: Request) -> Response:
                answer = await shortcut(request)
                return await usual(request) if answer is None else answer

            return handle

    return ShortcutRoute


def known_caller(scope_needed: str) -> Caller | None:
    """The caller of this request where he holds the scope; None where the route has to find out what is wrong."""
    access = current_access.get()
    caller = access.caller if access is not None else None
    return caller if caller is not None and scope_needed in caller.scopes else None


def json_of(record: BaseModel) -> bytes:
    """A record as JSON, the same as its route would send, without validating what we made ourselves."""
    return orjson.dumps(record.__dict__, default=_members, option=orjson.OPT_UTC_Z)


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError(f"{type(value).__name__} is nothing that an answer holds")
