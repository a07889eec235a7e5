"""Which columns hold sealed values: each package declares its own by an entry point. Sealing them is not done here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

GROUP = "tekup.sealed"
"""Entry points of `SealedColumn`: every column that `seal` writes to, so that a rotation finds it."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values; ``key`` names the row's primary key, ``place`` says what a row's value is bound to."""

    table: str
    column: str
    key: tuple[str, ...]
    reads: tuple[str, ...]
    place: Callable[[Mapping[str, Any]], str]


def sealed_columns() -> list[SealedColumn]:
    """Every declared column."""
    return [entry.load() for entry in entry_points(group=GROUP)]
