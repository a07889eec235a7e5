"""What operators ask: alive, ready, counters."""

import asyncio
from pathlib import Path

import httpx
import pytest

from serving.app import create_app
from tekup.settings import Settings
from tests.serving.conftest import Api


def test_a_living_process_says_so(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_readiness_needs_databases_and_model(client: httpx.Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_without_a_model_it_is_not_ready_and_scores_say_why(
    settings: Settings, as_a: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "models_of", lambda *_: str(tmp_path / "none"))

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                ready = await client.get("/readyz")
                score = await client.post("/v1/scores", headers=as_a, json={"features": {"source": "web"}})
        return ready, score

    ready, score = asyncio.run(ask())
    assert ready.status_code == score.status_code == 503
    assert ready.json()["missing"] == ["live model"]
    assert "tekup run" in score.json()["hint"]


def test_counters_name_routes_and_never_tenants_or_ids(api: Api, as_a: dict[str, str]) -> None:
    lead = api.client.get("/v1/leads", headers=as_a, params={"limit": 1}).json()["items"][0]
    api.client.get(f"/v1/leads/{lead['id']}", headers=as_a)
    api.client.get("/no/such/place/at/all")
    text = api.client.get("/metrics").text
    assert 'tekup_http_requests_total{method="GET",route="/v1/leads/{lead_id}",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert 'tekup_http_request_seconds_bucket{le="0.001",method="GET",route="/v1/leads"}' in text
    assert "tekup_scores_served_total" in text
    assert lead["id"] not in text
    assert "tenant=" not in text
    assert "alfa" not in text.lower()
