"""The sandbox's HTTP server: credentials, limits, faults, the request log, and the way to each vendor's handlers."""

import asyncio
import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from integrations.sandbox import ecb, hubspot, kit, openai, stripe
from integrations.sandbox.accounts import VENDORS, Accounts
from integrations.sandbox.advance import advance_hubspot, advance_kit, advance_stripe
from integrations.sandbox.bulk import BULK_TENANT, fill_with_contacts
from integrations.sandbox.exchange import Answer, Call, Clock, Refusal, wall_clock
from integrations.sandbox.faults import KINDS, REAL_LIMITS, RELAXED_LIMITS, Fault, Faults, Limiter
from integrations.sandbox.hubspot_shelf import Shelf
from integrations.sandbox.tenants import BY_SLUG
from integrations.sandbox.transport import Dated, VendorClock, cut_connection
from integrations.sandbox.webhooks import Sender, webhook_routes
from integrations.sandbox.world import World

_LOG_LENGTH = 20_000
_SHELF_BYTES = 256_000_000
_UNAUTHORIZED: dict[str, Callable[[], Answer]] = {
    "hubspot": hubspot.unauthorized,
    "stripe": stripe.unauthorized,
    "kit": kit.unauthorized,
    "openai": openai.unauthorized,
}


@dataclass
class Desk:
    """What all requests share."""

    accounts: Accounts
    faults: Faults
    limiter: Limiter
    log: deque[dict[str, Any]]
    clock: VendorClock
    webhooks: Sender


def create_app(
    world: World, *, clock: Clock = wall_clock, real_limits: bool = False, bulk_contacts: int = 0
) -> Starlette:
    """Return the application that serves a world's vendors.

    ``real_limits`` turns the vendors' own limits on; ``bulk_contacts`` replaces one portal's contacts by so many.
    """
    limits = REAL_LIMITS if real_limits else RELAXED_LIMITS
    clock = VendorClock(clock)
    accounts = Accounts(world.vendors, clock)
    if bulk_contacts:
        account = accounts.open("hubspot", BULK_TENANT)
        fill_with_contacts(account.store, bulk_contacts, int(world.as_of.timestamp() * 1000))
        account.shelf = Shelf(_SHELF_BYTES)
    desk = Desk(accounts, Faults(), Limiter(limits, clock), deque(maxlen=_LOG_LENGTH), clock, Sender(accounts))
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz(world), methods=["GET"]),
        Route("/_control/faults", _control(desk, _set_fault), methods=["POST"]),
        Route("/_control/faults", _control(desk, _clear_faults), methods=["DELETE"]),
        Route("/_control/advance", _control(desk, _advance), methods=["POST"]),
        Route("/_control/settings", _control(desk, _change_settings), methods=["POST"]),
        Route("/_control/requests", _control(desk, _read_log), methods=["GET"]),
        Route("/_control/requests", _control(desk, _clear_log), methods=["DELETE"]),
        Route("/ecb/stats/eurofxref/eurofxref-hist.csv", _reference_rates(clock), methods=["GET"]),
        *webhook_routes(desk.webhooks),
    ]
    kit_grants, hubspot_grants = desk.accounts.kit_grants, desk.accounts.hubspot_grants
    for vendor, method, path, act in (
        ("kit", "POST", "/v4/oauth/token", kit_grants.issue),
        ("kit", "POST", "/v4/oauth/revoke", kit_grants.revoke),
        ("hubspot", "POST", "/oauth/v1/token", hubspot_grants.issue),
        ("hubspot", "DELETE", "/oauth/v1/refresh-tokens/{token}", hubspot_grants.revoke),
    ):
        routes.append(Route(f"/{vendor}{path}", _grant(desk, vendor, path, act), methods=[method]))
    for vendor, module in (("hubspot", hubspot), ("stripe", stripe), ("kit", kit), ("openai", openai)):
        table: tuple[tuple[str, str, Callable[[Any, Call], Answer]], ...] = module.ROUTES
        for method, path, handler in table:
            routes.append(Route(f"/{vendor}{path}", _vendor(desk, vendor, handler), methods=[method]))
    return Starlette(routes=routes, middleware=[Middleware(Dated, clock=clock)])


def _vendor(desk: Desk, vendor: str, handler: Callable[[Any, Call], Answer]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        credential = _credential(vendor, request)
        if vendor == "stripe":
            credential = stripe.with_account(credential, request.headers.get("stripe-account"))
        slug = desk.accounts.slug_of(vendor, credential)
        path = request.url.path.removeprefix(f"/{vendor}")
        entry: dict[str, Any] = {
            "vendor": vendor,
            "tenant": slug,
            "method": request.method,
            "path": path,
            "query": request.url.query,
        }
        desk.log.append(entry)
        if slug is None:
            has_ended = vendor == "hubspot" and desk.accounts.hubspot_grants.has_expired(credential)
            answer = hubspot.expired() if has_ended else _UNAUTHORIZED[vendor]()
            entry["status"] = answer.status
            return _respond(answer)
        fault = desk.faults.find(vendor, slug, path)
        if fault is not None:
            entry["fault"] = fault.kind
            spoiled = await _spoil_before(fault, vendor, request, desk, slug)
            if spoiled is not None:
                entry["status"] = spoiled.status_code
                return spoiled
        is_grant = vendor == "kit" and desk.accounts.kit_grants.slug_of(credential) is not None
        passed, headers = _take(desk, "kit-oauth" if is_grant else vendor, slug, path)
        if not passed:
            answer = _throttled(vendor, path)
            entry["status"] = answer.status
            return _respond(answer, headers)
        call = Call(request.method, path, dict(request.path_params), list(request.query_params.multi_items()), body)
        try:
            answer = _run(desk, vendor, slug, handler, call, request.headers.get("idempotency-key"), credential)
            desk.webhooks.note_call(vendor, slug, call, answer)
        except Refusal as refusal:
            answer = refusal.answer
        entry["status"] = answer.status
        response = _respond(answer, headers)
        return _spoil_after(fault, request, response) if fault is not None else response

    return endpoint


def _grant(desk: Desk, vendor: str, path: str, act: Callable[[Call], Answer]) -> Callable[[Request], Any]:
    """A vendor's token endpoint: asked without a credential, and by no tenant that is known yet."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        fault = desk.faults.find(vendor, "", path)
        call = Call(request.method, path, dict(request.path_params), [], body)
        answer = _failure(vendor, fault.status, path) if fault else act(call)
        entry = {"vendor": vendor, "tenant": None, "method": request.method, "path": path, "query": ""}
        desk.log.append({**entry, "status": answer.status})
        return _respond(answer)

    return endpoint


def _run(
    desk: Desk,
    vendor: str,
    slug: str,
    handler: Callable[[Any, Call], Answer],
    call: Call,
    idempotency: str | None,
    credential: str,
) -> Answer:
    account = desk.accounts.open(vendor, slug)
    if vendor == "stripe":
        account = stripe.admit(account, credential, call)
    if vendor == "stripe" and call.method == "POST":
        return stripe.with_idempotency(handler, account, call, idempotency)
    return handler(account, call)


def _credential(vendor: str, request: Request) -> str:
    if vendor == "kit" and "x-kit-api-key" in request.headers:
        return request.headers["x-kit-api-key"]
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return ""
    return value if scheme.lower() == "bearer" else ""


def _take(desk: Desk, vendor: str, slug: str, path: str) -> tuple[bool, dict[str, str]]:
    name = "hubspot-search" if vendor == "hubspot" and path.endswith("/search") else vendor
    passed, left, limit, wait = desk.limiter.take(name, slug)
    headers: dict[str, str] = {}
    if name == "hubspot":
        headers = {
            "X-HubSpot-RateLimit-Max": str(limit.requests),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(limit.seconds * 1000)),
        }
    elif vendor == "openai":
        headers = {
            "x-ratelimit-limit-requests": str(limit.requests),
            "x-ratelimit-remaining-requests": str(left),
        }
    if not passed and vendor in ("stripe", "openai"):
        headers["Retry-After"] = str(max(1, round(wait)))
    return passed, headers


def _throttled(vendor: str, path: str) -> Answer:
    if vendor == "hubspot":
        return hubspot.throttled("SECONDLY" if path.endswith("/search") else "TEN_SECONDLY_ROLLING")
    return {"stripe": stripe.throttled, "kit": kit.throttled, "openai": openai.throttled}[vendor]()


def _failure(vendor: str, status: int, path: str) -> Answer:
    if status == 429:
        return _throttled(vendor, path)
    message = "The simulated vendor fails on purpose."
    if vendor == "hubspot":
        return hubspot.error(status, "INTERNAL_ERROR", message)
    if vendor == "stripe":
        return stripe.error(status, "api_error", message)
    return (
        openai.error(status, message, None, "server_error")
        if vendor == "openai"
        else Answer({"errors": [message]}, status)
    )


async def _spoil_before(fault: Fault, vendor: str, request: Request, desk: Desk, slug: str) -> Response | None:
    if fault.seconds and fault.kind != "drip":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "reset":
        cut_connection(request.scope)
        return Response(status_code=500)
    if fault.kind == "expired_token":
        expired = {"hubspot": hubspot.expired, "stripe": stripe.expired}.get(vendor, _UNAUTHORIZED[vendor])
        return _respond(expired())
    if fault.kind == "status":
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        return _respond(_failure(vendor, fault.status, request.url.path), headers)
    if fault.kind in ("refusal", "incomplete") and vendor == "openai":
        desk.accounts.open(vendor, slug).mishap = fault.kind
    return None


def _spoil_after(fault: Fault, request: Request, response: Response) -> Response:
    if fault.kind == "invalid_json":
        return Response(b'{"results": [{"id": "1", ', media_type="application/json", status_code=response.status_code)
    if fault.kind == "content_type":
        return Response(b"<html><body>Down for maintenance.</body></html>", media_type="text/html")
    if fault.kind == "drip":
        return Dripping(bytes(response.body), fault.seconds)
    if fault.kind == "truncate":
        return Truncated(bytes(response.body), request)
    return response


class Dripping(Response):
    """Sends its body in 20 drops over some seconds, so that no socket timeout ever strikes."""

    def __init__(self, whole: bytes, seconds: float) -> None:
        super().__init__(whole, media_type="application/json")
        self._seconds = seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        whole, size = bytes(self.body), max(1, len(self.body) // 20)
        for start in range(0, len(whole), size):
            await asyncio.sleep(self._seconds / 20)
            await send({"type": "http.response.body", "body": whole[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Truncated(Response):
    """Promises a whole body, sends half of it and cuts the connection."""

    def __init__(self, whole: bytes, request: Request) -> None:
        super().__init__(whole, media_type="application/json")
        self._request = request

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)
        cut_connection(scope)


def _respond(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    every = {**(headers or {}), **answer.headers}
    return Response(answer.encode(), answer.status, every, media_type="application/json")


def _healthz(world: World) -> Callable[[Request], Any]:
    told = {"status": "ok", "service": "tekup-sandbox", "seed": world.seed, "scale": world.scale}

    async def endpoint(request: Request) -> Response:
        return _respond(Answer({**told, "as_of": world.as_of.isoformat()}))

    return endpoint


def _reference_rates(clock: Clock) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return Response(ecb.rates_csv(clock()), media_type="text/csv")

    return endpoint


def _control(desk: Desk, act: Callable[[Desk, dict[str, Any]], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = orjson.loads(await request.body() or b"{}")
            return _respond(Answer(act(desk, {**request.query_params, **body})))
        except (ValueError, KeyError, TypeError) as fault:
            return _respond(Answer({"error": str(fault)}, 422))

    return endpoint


def _set_fault(desk: Desk, body: dict[str, Any]) -> Any:
    fault = Fault(**{key: value for key, value in body.items() if key not in ("seen", "fired")})
    if fault.kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if fault.vendor not in (None, *VENDORS) or fault.tenant not in (None, *BY_SLUG):
        raise ValueError("unknown vendor or tenant")
    desk.faults.active.append(fault)
    return {field.name: getattr(fault, field.name) for field in fields(fault)}


def _clear_faults(desk: Desk, body: dict[str, Any]) -> Any:
    count = len(desk.faults.active)
    desk.faults.active.clear()
    return {"cleared": count}


def _advance(desk: Desk, body: dict[str, Any]) -> Any:
    slug = body["tenant"]
    counts = {name: int(body.get(name, 1)) for name in ("created", "changed", "archived")}
    done = {}
    for vendor in [body["vendor"]] if "vendor" in body else BY_SLUG[slug].vendors:
        account = desk.accounts.open(vendor, slug)
        if vendor == "hubspot":
            done[vendor] = advance_hubspot(account.store, **counts)
        elif vendor == "stripe":
            done[vendor] = advance_stripe(account.store, **counts, rounds=int(body.get("rounds", 0)))
        elif vendor == "kit":
            done[vendor] = advance_kit(account, **counts, removed=int(body.get("removed", 0)))
    desk.webhooks.note_advance(slug, done)
    return done


def _change_settings(desk: Desk, body: dict[str, Any]) -> Any:
    if "real_limits" in body:
        desk.limiter.limits = dict(REAL_LIMITS if body["real_limits"] else RELAXED_LIMITS)
    if "clock_ahead_seconds" in body:
        desk.clock.ahead_seconds = float(body["clock_ahead_seconds"])
    if "stripe_shows_other_mode" in body:
        store = desk.accounts.open("stripe", body["tenant"]).store
        store.shows_other_mode = bool(body["stripe_shows_other_mode"])
    if "search_lag_seconds" in body:
        store = desk.accounts.open("hubspot", body["tenant"]).store
        store.search_lag_ms = int(float(body["search_lag_seconds"]) * 1000)
    return body


def _read_log(desk: Desk, body: dict[str, Any]) -> Any:
    wanted = {key: body[key] for key in ("vendor", "tenant") if key in body}
    return [entry for entry in desk.log if all(entry[key] == value for key, value in wanted.items())]


def _clear_log(desk: Desk, body: dict[str, Any]) -> Any:
    count = len(desk.log)
    desk.log.clear()
    return {"cleared": count}
