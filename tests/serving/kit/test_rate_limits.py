"""Buckets let a burst through and then the steady rate; the address comes from proxies that are ours."""

import asyncio
import ipaddress
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from serving.app import create_app
from serving.kit.addresses import client_address, parse_networks
from serving.kit.buckets import Limit, ProcessBuckets, Verdict, parse_limit
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from serving.kit.rate_limits import RateLimiter, class_of, limits_of
from serving.kit.shared_buckets import SharedBuckets
from tekup.db import Doors
from tekup.errors import SettingError
from tekup.settings import Settings, read_settings
from tests.fixtures.database import TwoTenants


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.integers(1, 50),
    st.integers(1, 100),
    st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=120),
)
def test_never_more_than_a_burst_and_the_steady_rate(amount: int, seconds: int, pauses: list[float]) -> None:
    clock, limit = Clock(), Limit("test", amount, seconds)
    buckets = ProcessBuckets(clock)

    async def run() -> None:
        taken, started = 0, clock.now
        for pause in pauses:
            clock.now += pause
            verdict = await buckets.take([("key", limit)])
            taken += verdict.is_allowed
            assert taken <= amount + (clock.now - started) * amount / seconds + 1e-3
            if not verdict.is_allowed:
                assert 0 < verdict.wait_seconds <= seconds / amount + 1e-6

    asyncio.run(run())


def test_after_the_wait_that_was_told_the_next_one_passes() -> None:
    clock, limit = Clock(), Limit("test", 3, 60)
    buckets = ProcessBuckets(clock)

    async def take() -> Verdict:
        return await buckets.take([("key", limit)])

    async def run() -> None:
        assert [(await take()).remaining for _ in range(3)] == [2, 1, 0]
        refused = await take()
        assert not refused.is_allowed
        clock.now += refused.wait_seconds
        assert (await take()).is_allowed
        assert (await buckets.take([("another", limit)])).remaining == 2

    asyncio.run(run())


def test_a_refusal_takes_from_no_other_bucket() -> None:
    clock, small, large = Clock(), Limit("small", 1, 60), Limit("large", 10, 60)
    buckets = ProcessBuckets(clock)

    async def run() -> None:
        await buckets.take([("small", small), ("large", large)])
        for _ in range(20):
            assert (await buckets.take([("small", small), ("large", large)])).limit is small
        assert (await buckets.take([("large", large)])).remaining == 8

    asyncio.run(run())


def test_processes_share_a_bucket_in_the_database_and_no_token_is_given_twice(doors: Doors, filled: TwoTenants) -> None:
    limit, key = Limit("shared", 25, 3600), f"test {uuid4()}"

    async def take_many(count: int) -> int:
        databases = Databases(doors)
        try:
            buckets = SharedBuckets(databases)
            verdicts = await asyncio.gather(*(buckets.take([(key, limit)]) for _ in range(count)))
        finally:
            await databases.close()
        assert all(verdict.wait_seconds > 0 for verdict in verdicts if not verdict.is_allowed)
        return sum(verdict.is_allowed for verdict in verdicts)

    with ThreadPoolExecutor(3) as pool:
        given_out = list(pool.map(lambda _: asyncio.run(take_many(15)), range(3)))
    assert sum(given_out) == 25


class Broken:
    """A store that is away."""

    async def take(self, wanted: Any) -> Verdict:
        raise ConnectionError("away")


def test_where_the_store_is_away_sign_ins_are_refused_and_all_else_passes() -> None:
    limiter = RateLimiter(limits_of(read_settings()), Broken())

    async def run() -> None:
        assert await limiter.admit_address("read", "10.0.0.1") is None
        with pytest.raises(Problem) as refused:
            await limiter.admit_address("sign_in", "10.0.0.1")
        assert refused.value.status_code == 503

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/leads", "read"),
        ("POST", "/v1/leads", "write"),
        ("DELETE", "/v1/leads/1", "write"),
        ("POST", "/v1/auth/token", "sign_in"),
        ("GET", "/healthz", None),
    ],
)
def test_routes_have_classes(method: str, path: str, expected: str | None) -> None:
    assert class_of(method, path) == expected


@pytest.mark.parametrize("text", ["", "10", "0/minute", "10/week", "-1/second", "10/minute; drop"])
def test_a_limit_that_can_not_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        parse_limit("x", text)
    with pytest.raises(SettingError):
        read_settings(rate_limit_caller=text)


def scope(client: str, *forwarded: str) -> Scope:
    return {"client": (client, 1), "headers": [(b"x-forwarded-for", one.encode()) for one in forwarded], "type": "http"}


def test_a_forwarding_header_is_believed_from_named_proxies_alone() -> None:
    ours = parse_networks("10.0.0.0/8, ::1")
    assert client_address(scope("203.0.113.7", "1.1.1.1"), ours) == "203.0.113.7"
    assert client_address(scope("10.0.0.1", "1.1.1.1"), ()) == "10.0.0.1"
    assert client_address(scope("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2"), ours) == "1.1.1.1"
    assert client_address(scope("10.0.0.1", "6.6.6.6", "1.1.1.1"), ours) == "1.1.1.1"
    assert client_address(scope("10.0.0.1", "6.6.6.6, nonsense"), ours) == "10.0.0.1"
    assert client_address(scope("::1", "2001:db8::1"), ours) == "2001:db8::1"


@given(st.lists(st.ip_addresses() | st.text(max_size=8), max_size=5))
def test_whatever_stands_in_the_header_no_stranger_chooses_his_address(hops: list[Any]) -> None:
    ours = parse_networks("10.0.0.1")
    line = ", ".join(str(hop) for hop in hops).encode("latin-1", "replace").decode("latin-1")
    stranger = {"client": ("203.0.113.7", 1), "headers": [(b"x-forwarded-for", line.encode("latin-1"))], "type": "http"}
    assert client_address(stranger, ours) == "203.0.113.7"
    behind = stranger | {"client": ("10.0.0.1", 1)}
    ipaddress.ip_address(client_address(behind, ours))


@pytest.fixture
def strict(settings: Settings, filled: TwoTenants, live_version: str) -> Settings:
    return settings.model_copy(
        update={
            "rate_limit_address": "6/hour",
            "rate_limit_caller": "3/hour",
            "rate_limit_write": "1/hour",
            "trusted_proxies": "127.0.0.1",
        }
    )


def test_the_api_says_what_is_left_and_when_to_come_back(
    strict: Settings, as_a: dict[str, str], as_b: dict[str, str]
) -> None:
    app = create_app(strict)

    async def run() -> None:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                here, there = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2"}
                first = await client.get("/v1/tenant", headers=as_a | here)
                assert first.status_code == 200
                assert first.headers["ratelimit-policy"] == '"caller";q=3;w=3600'
                assert first.headers["ratelimit"].startswith('"caller";r=2;t=')
                assert (await client.post("/v1/leads", headers=as_a | here, json={"x": 1})).status_code == 422
                refused = await client.post("/v1/leads", headers=as_a | here, json={"x": 1})
                assert refused.status_code == 429
                assert refused.json()["type"].endswith("too-many-requests")
                assert 0 < int(refused.headers["retry-after"]) <= 3600
                assert (await client.get("/v1/tenant", headers=as_a | here)).status_code == 200
                assert (await client.get("/v1/tenant", headers=as_a | there)).status_code == 429
                assert (await client.get("/v1/tenant", headers=as_b | there)).status_code == 200
                statuses = [(await client.get("/v1/tenant", headers=here)).status_code for _ in range(4)]
                assert statuses == [401, 401, 429, 429]
                assert (await client.get("/healthz", headers=here)).status_code == 200

    asyncio.run(run())
