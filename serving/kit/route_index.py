"""Finds the few routers that may know a path by its first words, in place of asking each of hundreds of routes.

What the routes do is not known here; their order, and what they answer to what they don't know, stay as they are.
"""

import copy

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

_WORDS = 2
"""`/v1/leads/{lead_id}/score` is found by `/v1/leads`."""


class RouteIndex:
    """Stands in for a router's own search: ``app.router.middleware_stack = RouteIndex(app.router)``."""

    def __init__(self, router: APIRouter) -> None:
        self._whole = router
        self._count = -1
        self._narrow: dict[str, APIRouter] = {}
        self._rest = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to a router of those routes alone that may be meant."""
        if scope["type"] == "lifespan" or scope.get("root_path"):
            await self._whole.app(scope, receive, send)
            return
        if len(self._whole.routes) != self._count:
            self._build()
        scope.setdefault("router", self._whole)
        await self._narrow.get(_key(scope["path"]), self._rest).app(scope, receive, send)

    def _build(self) -> None:
        routes = list(self._whole.routes)
        keys = [_keys_of(route) for route in routes]
        everywhere = [route for route, own in zip(routes, keys, strict=True) if own is None]
        known = {key for own in keys if own is not None for key in own}
        self._narrow = {
            key: self._of([route for route, own in zip(routes, keys, strict=True) if own is None or key in own])
            for key in known
        }
        self._rest, self._count = self._of(everywhere), len(routes)

    def _of(self, routes: list[BaseRoute]) -> APIRouter:
        narrow = copy.copy(self._whole)
        narrow.routes = routes
        return narrow


def _keys_of(route: BaseRoute) -> set[str] | None:
    """The first words of every path below a route; None where a path may begin with anything."""
    paths = [getattr(context, "path", None) for context in iter_route_contexts([route])]
    if not paths or any(path is None or "{" in _key(path) for path in paths):
        return None
    return {_key(path) for path in paths if path is not None}


def _key(path: str) -> str:
    return "/".join([word for word in path.split("/", _WORDS + 2)[: _WORDS + 1] if word])
