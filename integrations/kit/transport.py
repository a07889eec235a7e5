"""Speaks HTTP with one Kit account: key or tokens, the vendor's limits, pages. What to ask is decided elsewhere."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import httpx

from integrations.credentials import Credential, Keep, Wallet, renewed
from integrations.retry import Meter, Reply, RetryPolicy, Unreachable
from integrations.source import JSON
from tekup.errors import VendorError

VENDOR_BASE = "https://api.kit.com"
PAGE_ROWS = 1000
_MINUTE = 60.0
_KEY_LIMIT, _TOKEN_LIMIT = 120, 600
# Kit's 429 names no time. Its window rolls over a minute: five waits of this length outlast it, the usual backoff
# of a few seconds does not.
_THROTTLED_SECONDS = 15.0


class Slice(NamedTuple):
    """One page of a list: ``after`` asks for the next one (None: this is the last), ``total`` is there when asked."""

    items: list[JSON]
    after: str | None
    total: int | None


class Transport:
    """Requests with retries; ``paced`` keeps them below the vendor's limit instead of running into it."""

    def __init__(
        self,
        credential: Credential,
        api_base: str | None,
        keep: Keep | None,
        retry: RetryPolicy,
        clock: Callable[[], float],
        paced: bool,
    ) -> None:
        self._http = httpx.Client(
            base_url=(api_base or VENDOR_BASE).rstrip("/"), timeout=httpx.Timeout(30.0, connect=3.0)
        )
        self._wallet = Wallet(credential, self._exchange, keep)
        self._has_token = bool(credential.refresh_token or credential.expires_at or credential.client_id)
        self._limit = _TOKEN_LIMIT if self._has_token else _KEY_LIMIT
        self._retry = retry
        self._clock = clock
        self._is_paced = paced
        self._sent: deque[float] = deque(maxlen=self._limit)
        self.meter = Meter(clock)

    def get(self, what: str, path: str, **parameters: str | int) -> JSON:
        """Return the answer to a GET."""
        # A renewal is a request with tries of its own: inside `send` it would count against this one's deadline.
        self._wallet.token(self._clock())
        self._keep_pace()
        used = ""

        def send() -> Reply:
            nonlocal used
            used = self._wallet.credential.token
            header = {"Authorization": f"Bearer {used}"} if self._has_token else {"X-Kit-Api-Key": used}
            return self._send("GET", path, headers=header, params=parameters)

        return self._retry.run("kit", what, send, self.meter, renew=lambda: self._wallet.renew(used))

    def each(self, path: str, name: str, after: str | None = None, **parameters: str | int) -> Iterator[Slice]:
        """Yield the pages of a list; ``include_total_count`` goes with the first one only, for it costs the vendor."""
        parameters = {"per_page": PAGE_ROWS, **parameters}
        while True:
            position = {} if after is None else {"after": after}
            answer = self.get(name, path, **parameters, **position)
            found = _slice(answer, name, path)
            if found.after is not None and found.after == after:
                raise VendorError(
                    f"kit answers the same page of {name} again and again ({path})", hint="report this to the vendor"
                )
            yield found
            after = found.after
            if after is None:
                return
            parameters.pop("include_total_count", None)

    def total(self, path: str, name: str, **parameters: str | int) -> int:
        """Return how many there are, in one small request."""
        answer = self.get(name, path, per_page=1, include_total_count="true", **parameters)
        return _slice(answer, name, path).total or 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **parts: JSON) -> Reply:
        self._sent.append(self._clock())
        try:
            answer = self._http.request(method, path, **parts)
        except httpx.HTTPError as fault:
            raise Unreachable(str(fault) or type(fault).__name__) from fault
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status_code == 429:
            headers.setdefault("retry-after", f"{_THROTTLED_SECONDS:g}")
        return Reply(answer.status_code, headers, answer.content)

    def _keep_pace(self) -> None:
        if not self._is_paced or len(self._sent) < self._limit:
            return
        wait = min(self._sent[0] + _MINUTE - self._clock(), _MINUTE)
        if wait > 0:
            self.meter.throttled_ms += int(wait * 1000)
            self._retry.sleep(wait)

    def _exchange(self, credential: Credential) -> Credential:
        body = {
            "client_id": credential.client_id,
            "client_secret": credential.client_secret,
            "grant_type": "refresh_token",
            "refresh_token": credential.refresh_token,
        }

        def send() -> Reply:
            reply = self._send("POST", "/v4/oauth/token", json=body)
            # RFC 6749 tells a revoked refresh token as 400; to us it is a refused credential.
            return replace(reply, status=401) if reply.status in (400, 403) else reply

        answer = self._retry.run("kit", "a new access token", send, self.meter)
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise VendorError("kit's answer to a refresh token holds no access token", hint="try again later")
        return renewed(credential, answer, self._clock())


def _slice(answer: JSON, name: str, path: str) -> Slice:
    try:
        paging = answer["pagination"]
        after = paging["end_cursor"] if paging["has_next_page"] else None
        if paging["has_next_page"] and after is None:
            raise KeyError("end_cursor")
        return Slice(answer[name], after, paging.get("total_count"))
    except (KeyError, TypeError) as fault:
        raise VendorError(
            f"kit's answer is no page of {name} ({path})", hint="the vendor's API may have changed; report this"
        ) from fault
