"""A sandbox that runs in a thread on a free port, with a clock that tests move. No test lives here."""

import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx

from integrations.credentials import Credential
from integrations.hubspot.client import HubspotSource
from integrations.kit.client import KitSource
from integrations.retry import RetryPolicy
from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.server import create_app
from integrations.sandbox.transport import listen, make_server
from integrations.sandbox.world import World
from integrations.stripe.client import StripeSource

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
SCALE = 0.02


class Sandbox:
    """The server, its address, and ways to steer it."""

    def __init__(self, world: World, *, real_limits: bool = False, bulk_contacts: int = 0) -> None:
        self.world = world
        self.seconds = world.as_of.timestamp() + 3600
        self.slept: list[float] = []
        self._socket = listen(0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = make_server(
            create_app(world, clock=self.clock, real_limits=real_limits, bulk_contacts=bulk_contacts)
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(10)

    def clock(self) -> float:
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds

    def retry(self) -> RetryPolicy:
        """A policy that notes its waits instead of waiting, and moves the sandbox's clock along."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.pass_time(seconds)

        return RetryPolicy(sleep=sleep, random=lambda: 1.0)

    def hubspot(self, slug: str, credential: Credential | None = None, **options: Any) -> HubspotSource:
        chosen = credential or sandbox_credential("hubspot", slug)
        return HubspotSource(chosen, f"{self.url}/hubspot", **{"retry": self.retry(), "clock": self.clock, **options})

    def stripe(self, slug: str, credential: Credential | str | None = None, **options: Any) -> StripeSource:
        chosen = credential or sandbox_credential("stripe", slug)
        return StripeSource(chosen, f"{self.url}/stripe", **{"retry": self.retry(), "clock": self.clock, **options})

    def kit(self, slug: str, credential: Credential | None = None, **options: Any) -> KitSource:
        chosen = credential or sandbox_credential("kit", slug)
        return KitSource(chosen, f"{self.url}/kit", **{"retry": self.retry(), "clock": self.clock, **options})

    def get(self, vendor: str, slug: str, path: str) -> httpx.Response:
        header = {"Authorization": f"Bearer {sandbox_credential(vendor, slug)}"}
        return self.http.get(f"/{vendor}{path}", headers=header)

    def post(self, vendor: str, slug: str, path: str, body: Any) -> httpx.Response:
        header = {"Authorization": f"Bearer {sandbox_credential(vendor, slug)}"}
        return self.http.post(f"/{vendor}{path}", headers=header, json=body)

    def fault(self, **what: Any) -> None:
        assert self.http.post("/_control/faults", json=what).status_code == 200

    def advance(self, slug: str, vendor: str, **counts: int) -> dict[str, list[str]]:
        answer = self.http.post("/_control/advance", json={"tenant": slug, "vendor": vendor, **counts})
        assert answer.status_code == 200, answer.text
        done: dict[str, list[str]] = answer.json()[vendor]
        return done

    def webhook(self, slug: str, vendor: str, url: str, *secrets: str, **more: Any) -> None:
        """Send what changes from now on to ``url``, signed with the secrets."""
        body = {"tenant": slug, "vendor": vendor, "url": url, "secrets": secrets, **more}
        answer = self.http.post("/_control/webhooks", json=body)
        assert answer.status_code == 200, answer.text

    def deliver(self, **how: Any) -> list[dict[str, Any]]:
        """Have the waiting deliveries sent; returns what was answered to each."""
        answer = self.http.post("/_control/webhooks/deliver", json=how)
        assert answer.status_code == 200, answer.text
        told: list[dict[str, Any]] = answer.json()
        return told

    def requests(self, **which: str) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = self.http.get("/_control/requests", params=which).json()
        return log
