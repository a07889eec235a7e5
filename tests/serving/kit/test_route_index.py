"""Routes found by their first words answer as all routes together do."""

import asyncio

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from serving.kit.route_index import RouteIndex


def make(*, is_indexed: bool) -> FastAPI:
    """Routers whose order decides, one below two prefixes, and a path that may begin with anything."""
    app, first, second, anything = FastAPI(), APIRouter(), APIRouter(prefix="/v1/things"), APIRouter()
    first.add_api_route("/v1/things/special", lambda: "special", methods=["GET"])
    first.add_api_route("/health", lambda: "health", methods=["GET"])
    second.add_api_route("/{name}", lambda name: f"thing {name}", methods=["GET"])
    second.add_api_route("", lambda: "made", methods=["POST"])
    anything.add_api_route("/{one}/{two}/last", lambda one, two: f"{one} {two}", methods=["GET"])
    for router in (first, second, anything):
        app.include_router(router)
    if is_indexed:
        app.router.middleware_stack = RouteIndex(app.router)
    return app


def ask(app: FastAPI, method: str, path: str) -> tuple[int, str, str | None]:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path)

    answer = asyncio.run(run())
    return answer.status_code, answer.text, answer.headers.get("location") or answer.headers.get("allow")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/things/special"), ("GET", "/v1/things/other"), ("POST", "/v1/things"), ("GET", "/v1/things"),
        ("DELETE", "/v1/things/other"), ("GET", "/v1/things/other/"), ("POST", "/v1/things/"), ("GET", "/health"),
        ("GET", "/health/"), ("GET", "/nothing"), ("GET", "/"), ("GET", "//v1/things/other"), ("GET", "/v1/other/last"),
        ("GET", "/a/b/last"), ("GET", "/v1/things/last"), ("GET", "/openapi.json"), ("GET", "/v1%2Fthings/other"),
    ],
)  # fmt: skip
def test_every_path_is_answered_as_without_the_index(method: str, path: str) -> None:
    assert ask(make(is_indexed=True), method, path) == ask(make(is_indexed=False), method, path)


def test_the_first_of_two_routes_that_match_answers() -> None:
    app = make(is_indexed=True)
    assert ask(app, "GET", "/v1/things/special")[:2] == (200, '"special"')
    assert ask(app, "GET", "/v1/things/other")[:2] == (200, '"thing other"')


def test_a_route_that_is_added_later_is_found() -> None:
    app = make(is_indexed=True)
    assert ask(app, "GET", "/late")[0] == 404
    app.add_api_route("/late", lambda: "late", methods=["GET"])
    assert ask(app, "GET", "/late")[:2] == (200, '"late"')
