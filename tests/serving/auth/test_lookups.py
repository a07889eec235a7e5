"""A token that many requests bring at once is looked up once, and what changed meanwhile is not trusted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from serving.auth.access_tokens import AccessTokens
from serving.auth.key_ring import KeyRing
from serving.auth.subject import Authenticator, Subject
from serving.kit.databases import Databases
from tekup.db import Doors
from tekup.directory.signing_keys import read_signing_keys
from tests.fixtures.database import TwoTenants

Work = Callable[[Authenticator, "CountingDatabases"], Awaitable[None]]


class CountingDatabases(Databases):
    """The real databases, which count their sessions."""

    sessions = 0

    def operational(self, *given: Any, **more: Any) -> Any:
        self.sessions += 1
        return super().operational(*given, **more)


@pytest.fixture(scope="module")
def text(filled: TwoTenants, token_of: Callable[..., dict[str, str]]) -> str:
    return token_of(filled.a)["authorization"].removeprefix("Bearer ")


def run(doors: Doors, work: Work) -> None:
    async def whole() -> None:
        databases = CountingDatabases(doors)
        try:
            await work(Authenticator(databases, AccessTokens(KeyRing(lambda: read_signing_keys(doors)))), databases)
        finally:
            await databases.close()

    asyncio.run(whole())


def test_requests_at_once_share_one_lookup(doors: Doors, text: str, filled: TwoTenants) -> None:
    async def work(authenticator: Authenticator, databases: CountingDatabases) -> None:
        found = await asyncio.gather(*(authenticator.authenticate(text) for _ in range(30)))
        assert {one.tenant_id for one in found if one is not None} == {filled.a.id}
        assert None not in found
        assert databases.sessions == 1

    run(doors, work)


def test_two_tokens_are_two_lookups(doors: Doors, text: str) -> None:
    async def work(authenticator: Authenticator, databases: CountingDatabases) -> None:
        forged = text[:-4] + ("AAAA" if not text.endswith("AAAA") else "BBBB")
        good, bad = await asyncio.gather(authenticator.authenticate(text), authenticator.authenticate(forged))
        assert isinstance(good, Subject)
        assert bad is None
        assert databases.sessions == 2

    run(doors, work)


def test_a_request_that_is_given_up_takes_no_answer_from_others(doors: Doors, text: str) -> None:
    async def work(authenticator: Authenticator, databases: CountingDatabases) -> None:
        first = asyncio.create_task(authenticator.authenticate(text))
        second = asyncio.create_task(authenticator.authenticate(text))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is not None
        assert first.cancelled()
        assert databases.sessions == 1

    run(doors, work)


def test_what_changed_during_a_lookup_is_looked_up_again(doors: Doors, text: str) -> None:
    async def work(authenticator: Authenticator, databases: CountingDatabases) -> None:
        first = asyncio.create_task(authenticator.authenticate(text))
        await asyncio.sleep(0.001)
        assert databases.sessions == 1
        assert not first.done()
        authenticator.forget(subject.tenant_id, subject.id)
        assert await first is not None
        await authenticator.authenticate(text)
        assert databases.sessions == 2

    async def learn(authenticator: Authenticator, databases: CountingDatabases) -> None:
        nonlocal subject
        subject = await authenticator.authenticate(text)

    subject: Any = None
    run(doors, learn)
    run(doors, work)
