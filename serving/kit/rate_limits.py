"""How many requests an address, a caller and a tenant may make, by class of route. Counting is the buckets' affair."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from serving.kit.access import Caller
from serving.kit.buckets import Buckets, Limit, Verdict, parse_limit
from serving.kit.problems import Problem
from tekup.settings import Settings

SIGN_IN = "sign_in"
GRAPHQL = "/graphql"
"""Its documents read unless they say otherwise; one that changes something is counted once it is parsed."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNLIMITED = ("/healthz", "/readyz", "/metrics")
_log = structlog.get_logger("serving.limits")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the settings; None where one is off."""

    address: Limit | None
    sign_in: Limit | None
    caller: Limit | None
    write: Limit | None
    tenant: Limit | None


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings ask for."""
    return Limits(
        parse_limit("address", settings.rate_limit_address),
        parse_limit(SIGN_IN, settings.rate_limit_sign_in),
        parse_limit("caller", settings.rate_limit_caller),
        parse_limit("write", settings.rate_limit_write),
        parse_limit("tenant", settings.rate_limit_tenant),
    )


def class_of(method: str, path: str) -> str | None:
    """The class of a route: ``sign_in``, ``write``, ``read``, or None for what an operator's probes ask."""
    if path in _UNLIMITED:
        return None
    if path.startswith("/v1/auth/"):
        return SIGN_IN
    return "read" if method in _READS or path == GRAPHQL else "write"


class RateLimiter:
    """Asks the buckets. A store that is away lets requests pass, but no sign-in: guessing must not get easier."""

    def __init__(self, limits: Limits, buckets: Buckets) -> None:
        self._limits, self._buckets = limits, buckets

    async def admit_address(self, route_class: str, address: str) -> Verdict | None:
        """Count a request of an address, before anybody knows who asks.

        Raises:
            Problem: 429 too many, 503 a sign-in while the store is away.
        """
        limit = self._limits.sign_in if route_class == SIGN_IN else self._limits.address
        wanted = [(f"{limit.name}:{address}", limit)] if limit else []
        return await self._take(wanted, route_class)

    async def admit_caller(self, route_class: str, caller: Caller) -> Verdict | None:
        """Count a request of a known caller and of his tenant.

        Raises:
            Problem: 429 too many.
        """
        who = f"{caller.tenant_id}:{caller.kind}:{caller.id}"
        wanted = [(f"caller:{who}", self._limits.caller), (f"tenant:{caller.tenant_id}", self._limits.tenant)]
        if route_class == "write":
            wanted.append((f"write:{who}", self._limits.write))
        return await self._take([(key, limit) for key, limit in wanted if limit], route_class)

    async def admit(self, key: str, limit: Limit) -> None:
        """Count a request by a key and a limit of a route's own.

        Raises:
            Problem: 429 too many.
        """
        await self._take([(key, limit)], "write")

    async def admit_write(self, caller: Caller) -> None:
        """Count a change of a caller whose request was counted as one that reads.

        Raises:
            Problem: 429 too many.
        """
        if self._limits.write is not None:
            key = f"write:{caller.tenant_id}:{caller.kind}:{caller.id}"
            await self._take([(key, self._limits.write)], "write")

    async def _take(self, wanted: Sequence[tuple[str, Limit]], route_class: str) -> Verdict | None:
        if not wanted:
            return None
        try:
            verdict = await self._buckets.take(wanted)
        except Exception as error:
            _log.error("rate limits can't be counted", error=type(error).__name__, route_class=route_class)
            if route_class != SIGN_IN:
                return None
            raise Problem(
                503,
                "sign-in-paused",
                "signing in is paused",
                hint="try again shortly",
                headers={"retry-after": "5"},
            ) from None
        if not verdict.is_allowed:
            _log.warning("too many requests", limit=verdict.limit.name, route_class=route_class)
            raise _too_many(verdict)
        return verdict


def headers_of(verdict: Verdict) -> Mapping[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers."""
    limit = verdict.limit
    return {
        "ratelimit-policy": f'"{limit.name}";q={limit.amount};w={limit.seconds}',
        "ratelimit": f'"{limit.name}";r={verdict.remaining};t={math.ceil(verdict.reset_seconds)}',
    }


def _too_many(verdict: Verdict) -> Problem:
    seconds = max(1, math.ceil(verdict.wait_seconds))
    return Problem(
        429,
        "too-many-requests",
        f"more than {verdict.limit.amount} requests in {verdict.limit.seconds} seconds ({verdict.limit.name})",
        hint=f"try again in {seconds} seconds",
        headers={"retry-after": str(seconds), **headers_of(verdict)},
    )
