"""A folder of text files, written all or nothing and proven whole when read. Their meaning is not known here."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scoring.errors import ModelDamaged
from tekup.errors import BadInput

MANIFEST = "manifest.json"
FORMAT = 1


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and contents of all files."""
    return _total({name: _hash(text.encode()) for name, text in files.items()})


def manifest_of(files: Mapping[str, str]) -> bytes:
    """The manifest of these files: each one's hash, and one over all."""
    hashes = {name: _hash(text.encode()) for name, text in files.items()}
    manifest = {"format": FORMAT, "fingerprint": _total(hashes), "files": hashes}
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def read_parts(files: Mapping[str, str], folder: str) -> dict[str, Any]:
    """What the JSON files under ``folder`` hold, by their names without ending."""
    start = f"{folder}/"
    return {
        name.removeprefix(start).removesuffix(".json"): json.loads(text)
        for name, text in files.items()
        if name.startswith(start)
    }


def write(path: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` and their manifest to a hidden folder beside ``path``, then rename it into place."""
    if path.exists():
        raise BadInput(f"{path} exists already", hint="choose another folder; a saved model is never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name, text in files.items():
            _write_file(draft / name, text.encode())
        _write_file(draft / MANIFEST, manifest_of(files))
        draft.chmod(0o755)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _sync_folder(path.parent)
    return path


def read(path: Path, *, optional: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
    """`read_files` from a folder of the file system."""

    def fetch(name: str) -> bytes | None:
        try:
            return (path / name).read_bytes()
        except OSError:
            return None

    return read_files(fetch, str(path), optional=optional, wanted=wanted)


def read_files(
    fetch: Callable[[str], bytes | None], where: str, *, optional: str, wanted: Iterable[str] | None = None
) -> dict[str, str]:
    """Name to text of the files, each checked against the manifest; raises `ModelDamaged`.

    ``fetch`` gives a file's bytes by its name, None where there is none. Files under the folder ``optional`` may be
    absent; with ``wanted``, only those of them are read.
    """
    hashes = _read_manifest(fetch, where)
    chosen = None if wanted is None else set(wanted)
    files = {}
    for name, expected in hashes.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ModelDamaged(f"{where}: {MANIFEST} names {name!r} outside the folder", hint="do not use this model")
        spare = name.startswith(f"{optional}/")
        if spare and chosen is not None and name not in chosen:
            continue
        data = fetch(name)
        if data is None:
            if spare:
                continue
            raise ModelDamaged(f"{where} lacks {name}", hint="restore it or train again")
        if _hash(data) != expected:
            raise ModelDamaged(f"{where}: {name} was altered after saving", hint="restore it or train again")
        files[name] = data.decode()
    return files


def _read_manifest(fetch: Callable[[str], bytes | None], where: str) -> dict[str, str]:
    try:
        data = fetch(MANIFEST)
        if data is None:
            raise ValueError("is missing")
        manifest = json.loads(data)
        hashes: dict[str, str] = manifest["files"]
        known, total = manifest["format"], manifest["fingerprint"]
    except (ValueError, KeyError, TypeError) as fault:
        raise ModelDamaged(f"{where} is no complete model: {MANIFEST} {fault!r}", hint="save it again") from fault
    if known != FORMAT:
        raise ModelDamaged(f"{where} has format {known}; this version reads {FORMAT}", hint="upgrade, or train again")
    if total != _total(hashes):
        raise ModelDamaged(f"{where}: {MANIFEST} does not match its own fingerprint", hint="restore it or train again")
    return hashes


def replace_file(path: Path, data: bytes) -> None:
    """Swap one small file in a single step: a reader sees the old text or the new, never a mixture."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        _write_file(Path(draft), data)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _total(hashes: Mapping[str, str]) -> str:
    return _hash("".join(f"{name}:{hashes[name]}\n" for name in sorted(hashes)).encode())
