"""A folder of text files, written all or nothing and proven whole when read. Their meaning is not known here."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from scoring.errors import ModelDamaged
from tekup.errors import BadInput

MANIFEST = "manifest.json"
FORMAT = 1


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and contents of all files."""
    return _total({name: _hash(text.encode()) for name, text in files.items()})


def write(path: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` and their manifest to a hidden folder beside ``path``, then rename it into place."""
    if path.exists():
        raise BadInput(f"{path} exists already", hint="choose another folder; a saved model is never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        hashes = {}
        for name, text in files.items():
            data = text.encode()
            hashes[name] = _hash(data)
            _write_file(draft / name, data)
        manifest = {"format": FORMAT, "fingerprint": _total(hashes), "files": hashes}
        _write_file(draft / MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
        draft.chmod(0o755)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _sync_folder(path.parent)
    return path


def read(path: Path, *, optional: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
    """Name to text of the files, each checked against the manifest; raises `ModelDamaged`.

    Files under the folder ``optional`` may be absent; with ``wanted``, only those of them are read.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        hashes: dict[str, str] = manifest["files"]
        known = manifest["format"]
        total = manifest["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelDamaged(f"{path} is no complete model: {MANIFEST} {fault!r}", hint="save it again") from fault
    if known != FORMAT:
        raise ModelDamaged(f"{path} has format {known}; this version reads {FORMAT}", hint="upgrade, or train again")
    if total != _total(hashes):
        raise ModelDamaged(f"{path}: {MANIFEST} does not match its own fingerprint", hint="restore it or train again")
    chosen = None if wanted is None else set(wanted)
    files = {}
    for name, expected in hashes.items():
        if not (path / name).resolve().is_relative_to(path.resolve()):
            raise ModelDamaged(f"{path}: {MANIFEST} names {name!r} outside the folder", hint="do not use this model")
        spare = name.startswith(f"{optional}/")
        if spare and ((chosen is not None and name not in chosen) or not (path / name).exists()):
            continue
        try:
            data = (path / name).read_bytes()
        except OSError as fault:
            raise ModelDamaged(f"{path} lacks {name}", hint="restore it or train again") from fault
        if _hash(data) != expected:
            raise ModelDamaged(f"{path}: {name} was altered after saving", hint="restore it or train again")
        files[name] = data.decode()
    return files


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
