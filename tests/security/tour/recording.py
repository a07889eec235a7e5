"""What is recorded of a call, and the caller who records. Which calls are made stands beside."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from tekup.db import Doors
from tekup.directory.tenants import Tenant
from tekup.settings import Settings
from tests.serving.identity_providers.provider import LyingProvider

Header = dict[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request: where it went, what was sent, what came back."""

    route: str
    places: dict[str, str]
    sent: dict[str, Any]
    status: int
    text: str

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.split()[0]

    def path(self, places: dict[str, str] | None = None) -> str:
        """The path, with other parts where they are given."""
        chosen = self.places if places is None else places
        return re.sub(r"\{(\w+)\}", lambda found: chosen[found.group(1)], self.route.split()[1])


@dataclass
class Tour:
    """A tenant's owner who calls routes and keeps what was answered."""

    client: httpx.Client
    doors: Doors
    settings: Settings
    tenant: Tenant
    word: str
    password: str
    headers: Header
    lead: str
    provider: LyingProvider
    calls: list[Call] = field(default_factory=list)

    def __call__(
        self, route: str, *, headers: Header | None = None, status: tuple[int, ...] = (), **given: Any
    ) -> httpx.Response:
        """The answer of a route; what is not a place in its path is given to httpx.

        Raises:
            AssertionError: the answer is no success.
        """
        names = set(re.findall(r"\{(\w+)\}", route))
        places = {name: str(given.pop(name)) for name in names}
        call = Call(route, places, given, 0, "")
        sent = {**given, "headers": {**(self.headers if headers is None else headers), **given.get("headers", {})}}
        if route == "GET /v1/events/stream":
            code, text = first_lines(self.client, call.path(), **sent)
            answer = httpx.Response(code, text=text)
        else:
            answer = self.client.request(call.method, call.path(), **sent)
        good = status or (200, 201, 202, 204, 303)
        assert answer.status_code in good, f"{route}: {answer.status_code} {answer.text[:1000]}"
        self.calls.append(Call(route, places, given, answer.status_code, answer.text))
        return answer


def first_lines(client: httpx.Client, path: str, **sent: Any) -> tuple[int, str]:
    """What a stream gives until nothing comes for two seconds, or a page of it."""
    lines: list[str] = []
    with client.stream("GET", path, timeout=2, **sent) as stream:
        try:
            for line in stream.iter_lines():
                lines.append(line)
                if len(lines) > 200 or stream.status_code != 200:
                    break
        except httpx.ReadTimeout:
            pass
        return stream.status_code, "\n".join(lines)
