"""Who holds data of persons: each package declares itself by an entry point. What a holder does is its own affair."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from tekup.db import Doors
from tekup.privacy.ledger import LEARNED
from tekup.privacy.persons import Kind, Person

GROUP = "tekup.privacy"
"""Entry points of callables that make a `Holder`; erasure takes them in the order of their names."""
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant's whole system, and the request that is worked off in it."""

    doors: Doors
    tenant_id: UUID
    request_id: UUID = LEARNED


class Holder(Protocol):
    """A part of the system in which persons' data lie."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """Return further identifiers of the person that this part knows."""

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """Yield each row about the person with the name of the place where it lies, place by place."""

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Remove what is about the person; return rows by place. Doing it again, or after half of it, is right."""

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Find rows and files that still mention the person, and where ``mends`` take the mention out."""


def holders() -> dict[str, Holder]:
    """Every holder by name."""
    return {entry.name: entry.load()() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def resolve(scope: Scope, person: Person) -> Person:
    """The person with all identifiers that any holder links to those known; ends when nobody knows a new one."""
    known = list(holders().values())
    while True:
        found = person
        for holder in known:
            found = found.extended(holder.links(scope, found))
        if found == person:
            return person
        person = found
