"""Versions of models in a store: which is live, which challenges it, who said so. Training and rules live elsewhere.

Layout: ``versions/<version>/`` is a saved model with its ``provenance.json``; ``probes/<version>/`` is the same recipe
without the latest leads, by which a version can be judged on leads it never saw; ``LIVE`` lists every promotion,
rollback, challenge and dismissal, one JSON object a line. Each change is one swap of that page, so readers need no
lock and the list can't disagree with what is live.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload

from scoring.adaptation import ADAPTATIONS, key_of
from scoring.errors import UnknownVersion
from scoring.loading import adaptation_files, from_files
from scoring.model import LeadModel
from scoring.storage import MANIFEST
from scoring.stores import Store, open_store

LIVE = "LIVE"
VERSIONS = "versions"
PROBES = "probes"
PROVENANCE = "provenance.json"
KEPT = 10
"""How many of the newest versions stay besides those that are live, challenge, or may be gone back to."""


class Artefact(Protocol):
    """What a registry keeps: anything that is files of text and knows their hash."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every file."""

    def files(self) -> dict[str, str]:
        """Name to text of every file; those of single tenants under ``adaptations/``."""


M = TypeVar("M", bound=Artefact)


class Registry(Generic[M]):
    """A store of model versions: a folder, which need not exist yet, an object store's URL, or an opened store.

    ``read`` makes a model of its files and their place; by default they are lead models.
    """

    @overload
    def __init__(self: "Registry[LeadModel]", store: str | Path | Store) -> None: ...

    @overload
    def __init__(self, store: str | Path | Store, read: Callable[[Mapping[str, str], str], M]) -> None: ...

    def __init__(self, store: str | Path | Store, read: Callable[[Mapping[str, str], str], Any] = from_files) -> None:
        self.store: Store = open_store(store) if isinstance(store, str | Path) else store
        self._read = read

    def publish(
        self,
        model: M,
        *,
        at: datetime | None = None,
        provenance: Mapping[str, Any] | None = None,
        probe: M | None = None,
    ) -> str:
        """Store a model; returns its version, which sorts by time and ends in the model's hash.

        ``provenance`` says what it was made of: code, training snapshot, figures. ``probe`` is the same recipe taught
        without the latest leads; it is stored first, so a version that is seen has its probe.
        """
        moment = (at or datetime.now(UTC)).astimezone(UTC)
        version = f"{moment:%Y%m%dT%H%M%S%f}-{model.fingerprint[:12]}"
        if probe is not None:
            self.store.put_folder(f"{PROBES}/{version}", probe.files())
        told = json.dumps({"published_at": moment.isoformat(), **(provenance or {})}, indent=1, default=str)
        self.store.put_folder(f"{VERSIONS}/{version}", model.files() | {PROVENANCE: told + "\n"})
        return version

    def versions(self) -> list[str]:
        """All published versions, oldest first."""
        return self.store.folders(VERSIONS)

    def load(self, version: str, *, tenants: Sequence[str] | None = None) -> M:
        """One version, checked against its hashes."""
        return self._load(VERSIONS, version, tenants)

    def load_probe(self, version: str) -> M | None:
        """The version's recipe taught without the latest leads, None where none was stored."""
        self._known(version)
        has_probe = self.store.stamp(f"{PROBES}/{version}/{MANIFEST}") is not None
        return self._load(PROBES, version, None) if has_probe else None

    def provenance(self, version: str) -> dict[str, Any]:
        """What the version was made of; empty for one published without."""
        self._known(version)
        data = self.store.read(f"{VERSIONS}/{version}/{PROVENANCE}")
        told: dict[str, Any] = {} if data is None else json.loads(data)
        return told

    def card(self, version: str) -> str:
        """The version's model card, in Markdown."""
        self._known(version)
        data = self.store.read(f"{VERSIONS}/{version}/model_card.md")
        return "" if data is None else data.decode()

    def live_version(self) -> str | None:
        """The live version, None before the first promotion."""
        return _live(self.history())

    def live(self, *, tenants: Sequence[str] | None = None) -> M | None:
        """The live model, None before the first promotion."""
        version = self.live_version()
        return None if version is None else self.load(version, tenants=tenants)

    def challenger_version(self) -> str | None:
        """The version that scores beside the live one, None where there is none."""
        return _challenger(self.history())

    def promote(self, version: str, *, by: str = "unknown", at: datetime | None = None, why: str | None = None) -> None:
        """Make a version live, after proving that it loads; ``by`` and ``why`` go into the history."""
        self.load(version)
        self._note("promote", version, by, at, why)

    def challenge(
        self, version: str, *, by: str = "unknown", at: datetime | None = None, why: str | None = None
    ) -> None:
        """Let a version score beside the live one; it takes the place of an earlier challenger."""
        self.load(version)
        self._note("challenge", version, by, at, why)

    def dismiss(self, *, by: str = "unknown", at: datetime | None = None, why: str | None = None) -> str | None:
        """End the challenge; returns the version that challenged, None where none did."""
        version = self.challenger_version()
        if version is not None:
            self._note("dismiss", version, by, at, why)
        return version

    def rollback(self, *, by: str = "unknown", at: datetime | None = None, why: str | None = None) -> str:
        """Make the version live that was live before; returns it. A second rollback goes one further back."""
        earlier = _stack(self.history())
        if len(earlier) < 2:
            raise UnknownVersion("there is no earlier live version", hint="promote a version by name instead")
        self.load(earlier[-2])
        self._note("rollback", None, by, at, why)
        return str(self.live_version())

    def history(self) -> list[dict[str, Any]]:
        """Every promotion, rollback, challenge and dismissal: action, version, previous, by, at, why; oldest first."""
        return _entries(self.store.read(LIVE))

    def stamp(self) -> str | None:
        """Something that differs whenever the history does, cheap to ask for."""
        return self.store.stamp(LIVE)

    def forget_tenant(self, tenant: str) -> int:
        """Remove what every version and probe learned about one tenant alone; returns how many files that were.

        What all tenants taught together (trees, calibration, the population's spread) holds no row and no name of it.
        """
        name = f"{ADAPTATIONS}/{key_of(tenant)}.json"
        return sum(
            self.store.drop_file(f"{kind}/{version}/{name}")
            for kind in (VERSIONS, PROBES)
            for version in self.store.folders(kind)
        )

    def prune(self, *, keep: int = KEPT) -> list[str]:
        """Drop old versions; those that are live, challenge, or can be gone back to stay. Returns what was dropped."""
        history = self.history()
        needed = {*_stack(history)[-keep:], _live(history), _challenger(history)}
        old = [version for version in self.versions()[: -keep or None] if version not in needed]
        for version in old:
            self.store.drop_folder(f"{VERSIONS}/{version}")
            self.store.drop_folder(f"{PROBES}/{version}")
        return old

    def _load(self, kind: str, version: str, tenants: Sequence[str] | None) -> M:
        self._known(version)
        path = f"{kind}/{version}"
        model: M = self._read(self.store.get_folder(path, optional=ADAPTATIONS, wanted=adaptation_files(tenants)), path)
        return model

    def _note(self, action: str, version: str | None, by: str, at: datetime | None, why: str | None) -> None:
        moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat()

        def add(page: bytes | None) -> bytes:
            history = _entries(page)
            # a rollback names its target here, where no other writer can have moved the live version in between
            chosen = version if version is not None else _stack(history)[-2]
            entry = {"action": action, "version": chosen, "previous": _live(history), "by": by, "at": moment}
            line = json.dumps(entry | ({"why": why} if why else {}), ensure_ascii=False)
            return (page or b"") + f"{line}\n".encode()

        self.store.amend(LIVE, add)

    def _known(self, version: str) -> None:
        if "/" in version or self.store.stamp(f"{VERSIONS}/{version}/{MANIFEST}") is None:
            raise UnknownVersion(f"there is no model version {version!r}", hint="`tekup model list` shows them")


def _entries(page: bytes | None) -> list[dict[str, Any]]:
    return [] if page is None else [json.loads(line) for line in page.decode().splitlines()]


def _live(history: Sequence[Mapping[str, Any]]) -> str | None:
    # an entry without an action is a promotion: somebody wrote the page by hand to repair it
    switches = [entry["version"] for entry in history if entry.get("action", "promote") in ("promote", "rollback")]
    return switches[-1] if switches else None


def _challenger(history: Sequence[Mapping[str, Any]]) -> str | None:
    current: str | None = None
    for entry in history:
        action = entry.get("action")
        if action == "challenge":
            current = entry["version"]
        elif entry["version"] == current and action in ("promote", "dismiss"):
            current = None
    return current


def _stack(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """The live versions that could be gone back to, the present one last."""
    stack: list[str] = []
    for entry in history:
        if entry.get("action") == "rollback":
            stack = stack[:-1]
        elif entry.get("action") == "promote" and (not stack or stack[-1] != entry["version"]):
            stack.append(entry["version"])
    return stack
