"""Versions of models in a folder, and which of them is live. Training and scoring live elsewhere.

Layout: ``versions/<version>/`` is a saved model; ``LIVE`` is the list of promotions, one JSON object a line, whose
last names the live version. Each change is one rename, so readers need no lock and the list can't disagree with
what is live; writers take a lock.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoring.errors import UnknownVersion
from scoring.model import LeadModel, load
from scoring.storage import replace_file

LIVE = "LIVE"
VERSIONS = "versions"


class Registry:
    """A folder of model versions; create it with any folder, which need not exist yet."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def publish(self, model: LeadModel, *, at: datetime | None = None) -> str:
        """Store a model; returns its version, which sorts by time and ends in the model's hash."""
        moment = (at or datetime.now(UTC)).astimezone(UTC)
        version = f"{moment:%Y%m%dT%H%M%S%f}-{model.fingerprint[:12]}"
        model.save(self.folder / VERSIONS / version)
        return version

    def versions(self) -> list[str]:
        """All published versions, oldest first."""
        folder = self.folder / VERSIONS
        return sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []

    def load(self, version: str, *, tenants: Sequence[str] | None = None) -> LeadModel:
        """One version, checked against its hashes."""
        self._known(version)
        return load(self.folder / VERSIONS / version, tenants=tenants)

    def live_version(self) -> str | None:
        """The live version, None before the first promotion."""
        history = self.history()
        return history[-1]["version"] if history else None

    def live(self, *, tenants: Sequence[str] | None = None) -> LeadModel | None:
        """The live model, None before the first promotion."""
        version = self.live_version()
        return None if version is None else self.load(version, tenants=tenants)

    def promote(self, version: str, *, by: str = "unknown", at: datetime | None = None) -> None:
        """Make a version live, after proving that it loads; ``by`` goes into the history."""
        self.load(version)
        with self._lock():
            self._switch(version, "promote", by, at)

    def rollback(self, *, by: str = "unknown", at: datetime | None = None) -> str:
        """Make the version live that was live before; returns it. A second rollback goes one further back."""
        with self._lock():
            stack: list[str] = []
            for entry in self.history():
                if entry["action"] == "rollback":
                    stack = stack[:-1]
                elif not stack or stack[-1] != entry["version"]:
                    stack.append(entry["version"])
            if len(stack) < 2:
                raise UnknownVersion("there is no earlier live version", hint="promote a version by name instead")
            self.load(stack[-2])
            self._switch(stack[-2], "rollback", by, at)
            return stack[-2]

    def history(self) -> list[dict[str, Any]]:
        """Every promotion and rollback: action, version, previous, by, at; oldest first."""
        try:
            text = (self.folder / LIVE).read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines()]

    def _switch(self, version: str, action: str, by: str, at: datetime | None) -> None:
        moment = (at or datetime.now(UTC)).astimezone(UTC)
        entry = {
            "action": action,
            "version": version,
            "previous": self.live_version(),
            "by": by,
            "at": moment.isoformat(),
        }
        lines = [*self.history(), entry]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        replace_file(self.folder / LIVE, text.encode())

    def _known(self, version: str) -> None:
        if version not in self.versions():
            raise UnknownVersion(f"there is no model version {version!r}", hint="see Registry.versions()")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
