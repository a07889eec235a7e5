"""The live model is swapped while it answers, and a broken one is not taken."""

import asyncio
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from scoring.errors import TenantError
from scoring.registry import LIVE, Registry
from serving.kit.metrics import Metrics
from serving.kit.problems import Problem
from serving.scores import live_model
from serving.scores.live_model import LiveModel
from tekup.settings import Settings
from tests.serving import world


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A registry with two versions, none of them live."""
    folder = tmp_path_factory.mktemp("models")
    registry = Registry(folder)
    tenants = [uuid4(), uuid4()]
    return folder, registry.publish(world.train_model(1, tenants)), registry.publish(world.train_model(2, tenants))


@pytest.fixture
def versions(published: tuple[Path, str, str], tmp_path: Path) -> tuple[Path, str, str]:
    """A copy of it that a test may damage."""
    folder, first, second = published
    return shutil.copytree(folder, tmp_path / "models"), first, second


async def _until(live: LiveModel, version: str) -> int:
    """Ask until ``version`` answers; how often an older one still did."""
    for asked in range(500):
        if (await live.current()).version == version:
            return asked
        await asyncio.sleep(0.01)
    raise AssertionError(f"{version} never became live")


def test_none_then_first_then_second_then_a_broken_one(
    versions: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_SECONDS", 0.0)
    folder, first, second = versions
    registry = Registry(folder)

    async def scenario() -> None:
        metrics = Metrics()
        live = LiveModel(folder, metrics)
        with pytest.raises(Problem) as refused:
            await live.current()
        assert refused.value.status_code == 503
        registry.promote(first)
        assert (await live.current()).version == first
        registry.promote(second)
        assert await _until(live, second) > 0, "the first model answers until the second is loaded"
        assert f'tekup_model_live{{model_version="{second}"}} 1.0' in metrics.render().decode()
        assert first not in metrics.render().decode()
        (folder / LIVE).write_text('{"version": "no-such-version"}\n')
        for _ in range(20):
            assert (await live.current()).version == second
            await asyncio.sleep(0.01)
        await live.close()

    asyncio.run(scenario())


def test_many_first_requests_load_the_model_once(versions: tuple[Path, str, str]) -> None:
    folder, first, _ = versions
    Registry(folder).promote(first)

    async def scenario() -> None:
        live = LiveModel(folder, Metrics())
        loaded = await asyncio.gather(*(live.current() for _ in range(50)))
        assert len({id(one) for one in loaded}) == 1

    asyncio.run(scenario())


def test_the_served_model_is_one_that_adapts_to_its_tenants(settings: Settings, live_version: str) -> None:
    model = Registry(settings.models_of("lead_score")).load(live_version)
    blank = dict.fromkeys(model.features)
    with pytest.raises(TenantError):
        model.score_one(blank)
    assert model.score_one(blank, tenant="").probability > 0
