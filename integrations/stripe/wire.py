"""Sends requests for one Stripe account through the official SDK, paced and retried. What to ask is not its concern."""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import stripe

from integrations.credentials import Credential
from integrations.retry import Meter, Reply, RetryPolicy, Unreachable
from integrations.source import JSON
from tekup.errors import VendorError

API_VERSION = "2026-10-28.endive"
_KEY = re.compile(r"^[a-z]+_(live|test)_")
_RATES = {"live": 80.0, "test": 20.0}
"""Requests a second: Stripe allows 100 in live mode and 25 in test mode, and others use the account as well."""

stripe.enable_telemetry = False


class CursorGone(VendorError):
    """The object after which a list was to go on no longer exists."""


class ModeMixed(VendorError):
    """An object of the other mode came: it would mix test data with real ones."""


class _Keeping(stripe.RequestsClient):
    """Keeps each good answer as its bytes: the SDK would parse it at three times our cost, and nobody would look."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 30))
        self.kept = threading.local()

    def request(  # type: ignore[override]  # the SDK's own client answers with bytes as well
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body, status, told = super().request(method, url, headers, post_data)
        self.kept.reply = Reply(status, {name.lower(): value for name, value in told.items()}, body)
        return (body if status >= 400 else b"{}"), status, told


class Pace:
    """Spaces requests evenly. A clock that was set back costs a second at most."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._gap = 1.0 / rate
        self._clock, self._sleep = clock, sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may leave."""
        with self._lock:
            now = self._clock()
            start = min(max(self._next, now), now + 1.0)
            self._next = start + self._gap
        if start > now:
            self._sleep(start - now)


class Wire:
    """One account's connection; every thread may use it."""

    def __init__(
        self, credential: Credential, api_base: str | None, retry: RetryPolicy, clock: Callable[[], float], paced: bool
    ) -> None:
        self._http = _Keeping()
        self._sdk = stripe.StripeClient(
            credential.token,
            stripe_account=credential.account,
            stripe_version=API_VERSION,
            max_network_retries=0,
            http_client=self._http,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
        )
        self._retry = retry
        found = _KEY.match(credential.token)
        self._mode = found[1] if found else None
        rate = _RATES[self._mode or "test"]
        self._pace = Pace(rate, clock, retry.sleep) if paced else None

    @property
    def mode(self) -> str | None:
        """``live`` or ``test`` as the key or the first answer says; None before that."""
        return self._mode

    def check_mode(self, item: JSON) -> None:
        """Compare an object's mode with the key's.

        Raises:
            ModeMixed: they differ.
        """
        live = item.get("livemode")
        if live is None:
            return
        mode = "live" if live else "test"
        self._mode = self._mode or mode
        if mode != self._mode:
            raise ModeMixed(
                f"stripe sent {item.get('object', 'object')} {item.get('id')} of {mode} mode to a {self._mode} key; "
                "it was not stored",
                hint=f"connect the account with a {self._mode} key that reads {self._mode} data only",
            )

    def get(self, what: str, path: str, meter: Meter, **parameters: JSON) -> JSON:
        """Return the answer; see ``RetryPolicy.run`` for what is raised, and ``CursorGone``."""

        def send() -> Reply:
            if self._pace is not None:
                self._pace.wait()
            reply = self._send(path, parameters)
            if reply.status in (400, 404) and "starting_after" in parameters and _is_cursor_gone(reply.body):
                raise CursorGone(
                    f"stripe no longer has {parameters['starting_after']}, after which {what} were to go on"
                )
            return reply

        return self._retry.run("stripe", what, send, meter)

    def close(self) -> None:
        """Close the caller's connection; those of the policy's couriers end with it."""
        self._http.close()  # type: ignore[no-untyped-call]

    def _send(self, path: str, parameters: dict[str, JSON]) -> Reply:
        self._http.kept.reply = None
        try:
            self._sdk.raw_request("get", path, **parameters)
        except stripe.APIConnectionError as fault:
            raise Unreachable(str(fault.user_message or fault).split("\n")[0]) from fault
        except stripe.StripeError as fault:
            if self._http.kept.reply is None:  # refused before it was sent, such as an empty key
                return Reply(fault.http_status or 401, {}, orjson.dumps({"message": str(fault)}))
        reply: Reply = self._http.kept.reply
        return reply


def _is_cursor_gone(body: bytes) -> bool:
    try:
        error = orjson.loads(body)["error"]
        return bool(error["code"] == "resource_missing" and error["param"] == "starting_after")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
