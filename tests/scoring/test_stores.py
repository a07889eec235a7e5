"""Stores of files: whole folders or none, pages swapped in one step; a folder and an object store keep alike."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import scoring
from scoring.errors import ModelDamaged, UnknownVersion
from scoring.stores import FolderStore, ObjectStore, Store, open_store
from tekup.errors import BadInput
from tests.scoring.buckets import serve_bucket

FILES = {"a.txt": "one", "deep/b.txt": "two", "optional/c.txt": "three"}


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with serve_bucket("models") as environment:
        yield environment


@pytest.fixture(params=["folder", "object store"])
def location(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "store")
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return f"s3://models/{tmp_path.name}"


@pytest.fixture
def store(location: str) -> Store:
    return open_store(location)


def read(store: Store, path: str) -> dict[str, str]:
    return store.get_folder(path, optional="optional")


def test_an_address_says_which_store_it_is(location: str) -> None:
    assert isinstance(open_store(location), ObjectStore if "://" in location else FolderStore)


def test_folder_comes_back_as_it_was_put(store: Store) -> None:
    assert store.folders("versions") == []
    store.put_folder("versions/1", FILES)
    assert store.folders("versions") == ["1"]
    assert read(store, "versions/1") == FILES
    assert store.get_folder("versions/1", optional="optional", wanted=[]) == {
        name: text for name, text in FILES.items() if not name.startswith("optional")
    }


def test_folder_is_never_overwritten(store: Store) -> None:
    store.put_folder("versions/1", FILES)
    with pytest.raises(BadInput, match="exists already"):
        store.put_folder("versions/1", {"a.txt": "other"})
    assert read(store, "versions/1") == FILES


def test_optional_file_may_go_and_others_may_not(store: Store) -> None:
    store.put_folder("versions/1", FILES)
    assert store.drop_file("versions/1/optional/c.txt")
    assert not store.drop_file("versions/1/optional/c.txt")
    assert read(store, "versions/1") == {"a.txt": "one", "deep/b.txt": "two"}
    store.drop_file("versions/1/a.txt")
    with pytest.raises(ModelDamaged, match=r"lacks a\.txt"):
        read(store, "versions/1")


def test_dropped_folder_is_gone_and_dropping_it_again_is_no_fault(store: Store) -> None:
    store.put_folder("versions/1", FILES)
    store.put_folder("versions/2", FILES)
    store.drop_folder("versions/1")
    store.drop_folder("versions/1")
    assert store.folders("versions") == ["2"]
    with pytest.raises(ModelDamaged):
        read(store, "versions/1")


def test_stamp_of_a_page_moves_with_the_page(store: Store) -> None:
    assert store.stamp("LIVE") is None
    assert store.read("LIVE") is None
    store.amend("LIVE", lambda old: b"1")
    first = store.stamp("LIVE")
    assert first == store.stamp("LIVE")
    store.amend("LIVE", lambda old: (old or b"") + b"2")
    assert store.stamp("LIVE") != first
    assert store.read("LIVE") == b"12"


def test_nothing_is_lost_where_many_amend_one_page(store: Store, location: str) -> None:
    def add(writer: int) -> None:
        own = open_store(location)
        for turn in range(5):
            own.amend("LIVE", lambda old, line=f"{writer}:{turn}\n": (old or b"") + line.encode())

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = store.read("LIVE")
    assert page is not None
    assert sorted(page.decode().split()) == sorted(f"{w}:{t}" for w in range(4) for t in range(5))


def test_unfinished_folder_of_an_object_store_is_not_seen(store: Store) -> None:
    if not isinstance(store, ObjectStore):
        pytest.skip("a folder of the file system is renamed into place: tests/scoring/test_storage.py")
    import obstore

    obstore.put(store.bucket, "versions/1/a.txt", b"one")
    assert store.folders("versions") == []
    with pytest.raises(ModelDamaged, match="no complete model"):
        read(store, "versions/1")


def test_registry_keeps_promotions_challenges_and_forgetting_alike(
    location: str, model: scoring.LeadModel, pooled_model: scoring.LeadModel
) -> None:
    registry = scoring.Registry(location)
    first = registry.publish(model, provenance={"code": {"tekup": "1"}})
    second = registry.publish(pooled_model, probe=pooled_model)
    assert registry.versions() == [first, second]
    registry.promote(first, by="eva")
    registry.challenge(second, by="nightly")
    assert (registry.live_version(), registry.challenger_version()) == (first, second)
    assert registry.provenance(first)["code"] == {"tekup": "1"}
    assert registry.load_probe(first) is None
    probe = registry.load_probe(second)
    assert probe is not None
    assert probe.fingerprint == pooled_model.fingerprint
    assert registry.forget_tenant("nord") == 2
    assert registry.forget_tenant("nord") == 0
    loaded = registry.load(second)
    assert loaded.adaptation is not None
    assert pooled_model.adaptation is not None
    assert len(loaded.adaptation.effects) == len(pooled_model.adaptation.effects) - 1
    registry.promote(second, why="better")
    assert registry.challenger_version() is None
    assert registry.rollback(by="eva", why="complaints") == first
    assert [entry.get("why") for entry in registry.history()] == [None, None, "better", "complaints"]
    with pytest.raises(UnknownVersion):
        registry.load("../" + first)


@pytest.mark.slow
def test_publisher_killed_at_any_moment_leaves_only_whole_models(location: str, model: scoring.LeadModel) -> None:
    """Kill -9 while versions are published and promoted: each version that is listed loads, the live one too."""
    script = textwrap.dedent(
        """
        import json, sys
        from scoring.registry import Registry
        from scoring.loading import from_files
        registry, model = Registry(sys.argv[1]), from_files(json.load(sys.stdin), "test")
        print("ready", flush=True)
        while True:
            version = registry.publish(model, probe=model)
            registry.promote(version)
        """
    )
    registry = scoring.Registry(location)
    for wait in (0.05, 0.21):
        worker = subprocess.Popen(
            [sys.executable, "-c", script, location], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps(model.files()).encode())
        worker.stdin.close()
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(wait)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        for version in registry.versions():
            assert registry.load(version).fingerprint == model.fingerprint
            assert registry.load_probe(version) is not None
        if registry.history():
            assert registry.live() is not None
    registry.promote(registry.publish(model))  # no lock of the dead is in the way
    assert registry.live() is not None
