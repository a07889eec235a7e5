"""Deadlines, CORS, traces, methods, headers of versions and of endings."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from structlog.testing import capture_logs

from serving.app import create_app
from serving.kit.lifecycle import deprecated
from serving.kit.traces import trace_of
from tekup.errors import SettingError
from tekup.log import configure_logging
from tekup.settings import Settings, read_settings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def ask(app: FastAPI, *requests: tuple[str, str, dict[str, str]]) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return [await client.request(method, path, headers=headers) for method, path, headers in requests]

    return asyncio.run(run())


def test_an_answer_that_does_not_begin_in_time_is_given_up_and_a_stream_may_go_on(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"request_seconds": 0.2}))
    was_cancelled = []

    @app.get("/slow")
    async def slow() -> None:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b"part "
                await asyncio.sleep(0.1)

        return StreamingResponse(parts())

    given_up, streamed = ask(app, ("GET", "/slow", {}), ("GET", "/stream", {}))
    assert given_up.status_code == 503
    assert given_up.json()["type"].endswith("took-too-long")
    assert given_up.headers["retry-after"] == "5"
    assert was_cancelled == [True]
    assert (streamed.status_code, streamed.text) == (200, "part " * 4)


def test_browsers_of_named_origins_alone_may_call(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"api_origins": "https://app.example.dk, http://localhost:3000"}))
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "idempotency-key"}
    ours, theirs, plain = ask(
        app,
        ("OPTIONS", "/v1/leads", preflight | {"origin": "https://app.example.dk"}),
        ("OPTIONS", "/v1/leads", preflight | {"origin": "https://evil.example"}),
        ("GET", "/healthz", {"origin": "https://evil.example"}),
    )
    assert ours.headers["access-control-allow-origin"] == "https://app.example.dk"
    assert "access-control-allow-credentials" not in ours.headers
    assert "access-control-allow-origin" not in theirs.headers
    assert "access-control-allow-origin" not in plain.headers
    (none,) = ask(create_app(settings), ("GET", "/healthz", {"origin": "https://app.example.dk"}))
    assert not [name for name in none.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origins", ["*", "https://app.example.dk/path", "app.example.dk"])
def test_what_is_no_origin_is_refused(origins: str) -> None:
    with pytest.raises(SettingError, match="no origin"):
        read_settings(api_origins=origins)


def test_a_network_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(SettingError, match="TRUSTED_PROXIES"):
        read_settings(trusted_proxies="10.0.0.0/8, everybody")


def test_only_tls_is_asked_for_where_the_outside_comes_by_tls(settings: Settings) -> None:
    (plain,) = ask(create_app(settings), ("GET", "/healthz", {}))
    (secure,) = ask(
        create_app(settings.model_copy(update={"public_url": "https://api.example.dk"})), ("GET", "/healthz", {})
    )
    assert "strict-transport-security" not in plain.headers
    assert secure.headers["strict-transport-security"].startswith("max-age=63072000")
    assert secure.headers["api-version"] == "1"


def test_a_route_can_say_that_it_ends(settings: Settings) -> None:
    app = create_app(settings)
    since, sunset = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)

    @app.get("/old", deprecated=True, dependencies=[deprecated(since=since, sunset=sunset, successor="/v1/new")])
    async def old() -> dict[str, str]:
        return {}

    (answer,) = ask(app, ("GET", "/old", {}))
    assert answer.headers["deprecation"] == "@1767225600"
    assert answer.headers["sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
    assert answer.headers["link"] == '</v1/new>; rel="successor-version"'
    with pytest.raises(ValueError, match="before it is deprecated"):
        deprecated(since=sunset, sunset=since)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["nonsense"],
        [f"00-{TRACE}-00f067aa0ba902b7-01"] * 2,
        [f"ff-{TRACE}-00f067aa0ba902b7-01"],
        [f"00-{'0' * 32}-00f067aa0ba902b7-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE.upper()}-00f067aa0ba902b7-01"],
        [f"00-{TRACE}-00f067aa0ba902b7-01-more"],
    ],
)
def test_a_trace_that_can_not_be_read_gives_way_to_a_new_one(headers: list[str]) -> None:
    made = trace_of(headers)
    assert len(made) == 32
    assert made != TRACE


def test_the_trace_stands_in_the_access_log(settings: Settings) -> None:
    app = create_app(settings)
    configure_logging("INFO")
    with capture_logs() as lines:
        ask(app, ("GET", "/healthz", {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}))
    configure_logging(settings.log_level)
    assert TRACE in {line.get("trace_id") for line in lines}


def test_methods_that_no_route_has_get_405_with_what_is_allowed(settings: Settings) -> None:
    app = create_app(settings)
    for method in ("PUT", "DELETE", "TRACE", "PROPFIND", "HEAD", "OPTIONS"):
        (answer,) = ask(app, (method, "/v1/leads", {}))
        assert answer.status_code == 405, method
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]
