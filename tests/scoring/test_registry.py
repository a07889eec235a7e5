"""The registry: what is live, going back, and readers beside writers."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import scoring
from scoring import errors


@pytest.fixture(scope="module")
def models(model: scoring.LeadModel, pooled_model: scoring.LeadModel) -> tuple[scoring.LeadModel, scoring.LeadModel]:
    return model, pooled_model


def test_empty_registry_has_no_live_model(tmp_path: Path) -> None:
    registry = scoring.Registry(tmp_path / "none")
    assert registry.live() is None
    assert registry.versions() == []
    with pytest.raises(errors.UnknownVersion):
        registry.promote("nothing")
    with pytest.raises(errors.UnknownVersion):
        registry.rollback()


def test_published_model_is_not_live_before_promotion(
    tmp_path: Path, models: tuple[scoring.LeadModel, scoring.LeadModel]
) -> None:
    registry = scoring.Registry(tmp_path)
    version = registry.publish(models[0], at=datetime(2026, 1, 2, tzinfo=UTC))
    assert version == f"20260102T000000000000-{models[0].fingerprint[:12]}"
    assert registry.versions() == [version]
    assert registry.live() is None
    registry.promote(version)
    live = registry.live()
    assert live is not None
    assert live.fingerprint == models[0].fingerprint


def test_rollback_goes_back_one_promotion_at_a_time(
    tmp_path: Path, models: tuple[scoring.LeadModel, scoring.LeadModel]
) -> None:
    registry = scoring.Registry(tmp_path)
    first, second, third = (registry.publish(models[i]) for i in (0, 1, 0))
    for version in (first, second, third):
        registry.promote(version, by="eva")
    assert registry.rollback(by="ole") == second
    assert registry.rollback() == first
    with pytest.raises(errors.UnknownVersion):
        registry.rollback()
    registry.promote(third)
    assert registry.rollback() == first


def test_history_tells_who_promoted_what_and_when(
    tmp_path: Path, models: tuple[scoring.LeadModel, scoring.LeadModel]
) -> None:
    registry = scoring.Registry(tmp_path)
    first, second = registry.publish(models[0]), registry.publish(models[1])
    registry.promote(first, by="eva", at=datetime(2026, 1, 2, tzinfo=UTC))
    registry.promote(second, by="ole", at=datetime(2026, 1, 3, tzinfo=UTC))
    registry.rollback(by="ida", at=datetime(2026, 1, 4, tzinfo=UTC))
    told = [(e["action"], e["version"], e["previous"], e["by"], e["at"][:10]) for e in registry.history()]
    assert told == [
        ("promote", first, None, "eva", "2026-01-02"),
        ("promote", second, first, "ole", "2026-01-03"),
        ("rollback", first, second, "ida", "2026-01-04"),
    ]


def test_damaged_version_is_never_promoted(tmp_path: Path, models: tuple[scoring.LeadModel, scoring.LeadModel]) -> None:
    registry = scoring.Registry(tmp_path)
    version = registry.publish(models[0])
    (tmp_path / "versions" / version / "model.txt").write_text("")
    with pytest.raises(errors.ModelDamaged):
        registry.promote(version)
    assert registry.live_version() is None


def test_readers_see_one_whole_model_or_the_other_while_writers_switch(
    tmp_path: Path, models: tuple[scoring.LeadModel, scoring.LeadModel]
) -> None:
    registry = scoring.Registry(tmp_path)
    versions = [registry.publish(one) for one in models]
    registry.promote(versions[0])
    whole = {one.fingerprint for one in models}
    seen: set[str] = set()
    faults: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                live = scoring.Registry(tmp_path).live()
                assert live is not None
                seen.add(live.fingerprint)
            except Exception as fault:
                faults.append(fault)
                return

    def write() -> None:
        for turn in range(8):
            scoring.Registry(tmp_path).promote(versions[turn % 2])

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write) for _ in range(2)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    for version, model in zip(versions, models, strict=True):  # a slow machine may not have read in between
        registry.promote(version)
        deadline = time.monotonic() + 20
        while model.fingerprint not in seen and time.monotonic() < deadline:
            time.sleep(0.01)
    done.set()
    for thread in readers:
        thread.join()
    assert faults == []
    assert seen == whole
    assert len(registry.history()) == 19
