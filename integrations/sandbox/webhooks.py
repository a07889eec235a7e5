"""The sandbox as a sender of webhooks: what changed becomes signed deliveries in each vendor's shape.

What changes is decided by the vendors' handlers; this only looks at what they did. Deliveries wait until a test has
them sent, or go out by themselves where a target asks for that. One that is not answered with 2xx stays.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from integrations.sandbox import webhook_events as events
from integrations.sandbox.accounts import Accounts
from integrations.sandbox.exchange import JSON, Answer, Call
from integrations.sandbox.tenants import BY_SLUG

SENDERS = ("hubspot", "stripe", "kit")
BATCH = 100
SETTLE_SECONDS = 0.5
_TIMEOUT = 10.0
_KEPT = 20_000


@dataclass
class Target:
    """Where one tenant's deliveries of one vendor go, and those that wait."""

    tenant: str
    vendor: str
    url: str
    secrets: tuple[str, ...]
    automatic: bool = False
    waiting: list[JSON] = field(default_factory=list)
    last_event: str | None = None


@dataclass(frozen=True)
class Mischief:
    """What goes wrong on the way; by default nothing does.

    ``copies`` of each event are sent, in the order of a ``shuffle`` with this seed; the first ``hold`` ones stay for
    later; ``forge`` signs with a wrong secret; ``age_seconds`` dates the signature back, or ahead where negative.
    """

    copies: int = 1
    shuffle: int | None = None
    hold: int = 0
    forge: bool = False
    age_seconds: float = 0.0
    batch: int = BATCH


class Sender:
    """All targets. ``sign_time`` is the wall clock: a receiver judges a signature's age by its own."""

    def __init__(self, accounts: Accounts, sign_time: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._sign_time = sign_time
        self._targets: dict[tuple[str, str], Target] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def register(self, tenant: str, vendor: str, url: str, secrets: tuple[str, ...], automatic: bool) -> Target:
        """Send what happens from now on to ``url``."""
        if vendor not in SENDERS or tenant not in BY_SLUG or vendor not in BY_SLUG[tenant].vendors:
            raise ValueError("unknown vendor or tenant")
        target = Target(tenant, vendor, url, secrets, automatic)
        if vendor == "stripe":
            target.last_event = events.newest_stripe_event(self._accounts.open(vendor, tenant))
        self._targets[vendor, tenant] = target
        return target

    def clear(self) -> int:
        """Forget all targets and what waits for them."""
        count = len(self._targets)
        self._targets.clear()
        return count

    def note_call(self, vendor: str, tenant: str, call: Call, answer: Answer) -> None:
        """Look at what a vendor's own write endpoint did."""
        if call.method == "GET" or answer.status >= 300:
            return
        self._note(vendor, tenant, partial(events.events_of_call, vendor, call, answer))

    def note_advance(self, tenant: str, done: dict[str, dict[str, list[str]]]) -> None:
        """Look at what the world did as it moved on."""
        for vendor, changes in done.items():
            self._note(vendor, tenant, partial(events.events_of_advance, vendor, changes))

    def _note(self, vendor: str, tenant: str, tell: Callable[[Any], list[JSON]]) -> None:
        target = self._targets.get((vendor, tenant))
        if target is None:
            return
        account = self._accounts.open(vendor, tenant)
        if vendor == "stripe":
            news, target.last_event = events.stripe_events_after(account, target.last_event)
            target.waiting += news
        else:
            target.waiting += tell(account)
        del target.waiting[:-_KEPT]
        if target.automatic and target.waiting:
            task = asyncio.get_running_loop().create_task(self._send_soon(target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_soon(self, target: Target) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        await self.deliver(target, Mischief())

    async def flush(self, tenant: str | None, vendor: str | None, mischief: Mischief) -> list[JSON]:
        """Send what waits, and tell what was answered."""
        told = []
        for target in list(self._targets.values()):
            if tenant in (None, target.tenant) and vendor in (None, target.vendor):
                told += await self.deliver(target, mischief)
        return told

    async def deliver(self, target: Target, mischief: Mischief) -> list[JSON]:
        """Send one target's deliveries; those that are not accepted, or are held back, go on waiting."""
        taken, target.waiting = target.waiting, []
        held = taken[: mischief.hold]
        told, refused = [], []
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            for group in _group(target.vendor, taken[mischief.hold :], mischief):
                status = await self._post(client, target, group, mischief)
                if not 200 <= status < 300:
                    refused += group
                told.append({"vendor": target.vendor, "tenant": target.tenant, "events": len(group), "status": status})
        again = [event for number, event in enumerate(refused) if event not in refused[:number]]
        target.waiting = held + again + target.waiting
        return told

    async def _post(self, client: httpx.AsyncClient, target: Target, group: list[JSON], mischief: Mischief) -> int:
        """Send one request; returns its status, 0 where there was no answer."""
        secrets = ("not the secret",) if mischief.forge else target.secrets
        stamp = self._sign_time() - mischief.age_seconds
        body, headers = events.pack(target.vendor, target.url, group, secrets, stamp)
        try:
            return (await client.post(target.url, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0


def _group(vendor: str, waiting: list[JSON], mischief: Mischief) -> Iterator[list[JSON]]:
    """The events as they go out: HubSpot sends batches, the others one by one."""
    sent = [event for event in waiting for _ in range(mischief.copies)]
    if mischief.shuffle is not None:
        random.Random(mischief.shuffle).shuffle(sent)
    size = mischief.batch if vendor == "hubspot" else 1
    for start in range(0, len(sent), size):
        yield sent[start : start + size]


def webhook_routes(sender: Sender) -> list[BaseRoute]:
    """The control routes: register, list and forget targets, and have deliveries sent."""

    def control(act: Callable[[JSON], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                found = act(orjson.loads(await request.body() or b"{}"))
                told = await found if asyncio.iscoroutine(found) else found
                return Response(orjson.dumps(told), media_type="application/json")
            except (ValueError, KeyError, TypeError) as fault:
                return Response(orjson.dumps({"error": str(fault)}), 422, media_type="application/json")

        return endpoint

    def register(body: JSON) -> JSON:
        secrets = body.get("secrets") or ([body["secret"]] if body.get("secret") else [])
        sender.register(body["tenant"], body["vendor"], body["url"], tuple(secrets), bool(body.get("automatic")))
        return {"registered": body["url"]}

    def flush(body: JSON) -> Any:
        tenant, vendor = body.pop("tenant", None), body.pop("vendor", None)
        return sender.flush(tenant, vendor, Mischief(**body))

    return [
        Route("/_control/webhooks", control(register), methods=["POST"]),
        Route("/_control/webhooks", control(lambda body: {"cleared": sender.clear()}), methods=["DELETE"]),
        Route("/_control/webhooks/deliver", control(flush), methods=["POST"]),
    ]
