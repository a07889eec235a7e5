"""Saved models: equal when loaded, refused when damaged, and never half there."""

import json
import pickletools
from pathlib import Path

import polars as pl
import pytest

import scoring
from scoring import errors, storage
from tekup.errors import BadInput

FILES = {
    "model.txt",
    "uncertainty.json",
    "calibration.json",
    "schema.json",
    "metrics.json",
    "model_card.md",
    "manifest.json",
}


@pytest.fixture
def folder(model: scoring.LeadModel, tmp_path: Path) -> Path:
    return model.save(tmp_path / "model")


def test_loaded_model_scores_exactly_alike(model: scoring.LeadModel, folder: Path, frame: pl.DataFrame) -> None:
    loaded = scoring.load(folder)
    assert loaded.score(frame).equals(model.score(frame))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.score_one(frame.row(0, named=True)) == model.score_one(frame.row(0, named=True))


def test_folder_holds_the_promised_files_and_their_hashes(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    assert all(len(value) == 64 for value in manifest["files"].values())


def test_nothing_in_the_folder_is_a_pickle(folder: Path) -> None:
    for path in folder.iterdir():
        with pytest.raises(Exception, match=r"."):
            list(pickletools.genops(path.read_bytes()))


def test_model_card_shows_the_model_against_its_baseline(folder: Path, model: scoring.LeadModel) -> None:
    card = (folder / "model_card.md").read_text()
    assert (
        f"| roc_auc | {model.metrics['validation']['roc_auc']:.4f} | {model.metrics['baseline']['roc_auc']:.4f} |"
        in card
    )
    assert "- leads: 800" in card


@pytest.mark.parametrize("name", sorted(FILES))
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(errors.ModelDamaged, match=name):
        scoring.load(folder)


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json"}))
def test_altered_file_is_named(folder: Path, name: str) -> None:
    with (folder / name).open("a") as file:
        file.write(" ")
    with pytest.raises(errors.ModelDamaged, match=f"{name} was altered"):
        scoring.load(folder)


def test_half_written_manifest_is_refused(folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.ModelDamaged):
        scoring.load(folder)


def test_manifest_can_not_reach_outside_its_folder(folder: Path) -> None:
    (folder.parent / "outside.txt").write_text("x")
    files = {"../outside.txt": storage._hash(b"x")}
    manifest = {"format": 1, "files": files, "fingerprint": storage._total(files)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(errors.ModelDamaged, match="outside the folder"):
        scoring.load(folder)


def test_unknown_format_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(errors.ModelDamaged, match="format 99"):
        scoring.load(folder)


def test_saved_model_is_never_overwritten(model: scoring.LeadModel, folder: Path) -> None:
    with pytest.raises(BadInput, match="exists already"):
        model.save(folder)


def test_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        storage.write(tmp_path / "model", {"good.txt": "x", "n" * 300: "y"})
    assert list(tmp_path.iterdir()) == []
