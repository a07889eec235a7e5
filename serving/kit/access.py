"""Who makes the present request, from where and what for; known from the outermost layers inwards.

What is done with it (limits, the audit trail, replays) is the business of whoever asks.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from starlette.types import Scope

from tekup.tenancy import TenantContext


class Caller(Protocol):
    """As much of a subject as the kit needs to know."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant that he belongs to."""

    @property
    def context(self) -> TenantContext:
        """What the database must know of him."""

    @property
    def kind(self) -> Literal["user", "token"]:
        """Whether a person or a program calls."""

    @property
    def id(self) -> UUID:
        """The user's or token's id."""


@dataclass(frozen=True, slots=True)
class Access:
    """One request with its caller; nobody where the route is open to anybody."""

    scope: Scope
    caller: Caller | None
    address: str
    purpose: str | None

    @property
    def request_id(self) -> str | None:
        """The id under which logs and entries know the request."""
        known: str | None = self.scope.get("request_id")
        return known

    @property
    def trace_id(self) -> str | None:
        """The trace that the request is part of."""
        known: str | None = self.scope.get("trace_id")
        return known

    @property
    def route(self) -> str:
        """Method and template of the route; the path's own values are in `path_ids`."""
        template = getattr(self.scope.get("route"), "path", None) or "unmatched"
        return f"{self.scope.get('method', 'WEBSOCKET')} {template}"

    @property
    def path_values(self) -> dict[str, Any]:
        """The values in the path, such as a lead's id."""
        values: dict[str, Any] = self.scope.get("path_params") or {}
        return values


current_access: ContextVar[Access | None] = ContextVar("current_access", default=None)
"""The request that the running code serves; None outside of requests."""
