"""The one shape in which every vendor is read: pages of records, a cursor that resumes after each. No vendor here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

JSON: TypeAlias = Any
Cursor: TypeAlias = dict[str, JSON]


@dataclass(frozen=True)
class Record:
    """One vendor object as it was read: ``payload`` is its JSON, untouched; ``deleted`` marks a tombstone."""

    object_id: str
    payload: bytes
    modified_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True)
class Page:
    """What one step of a stream brought, and the state to store with it in the same transaction.

    ``cursor`` resumes exactly after this page. ``replaces`` names parents (the part of an association's object id
    before the colon) whose associations this page tells completely: stored ones that are not in it are gone.
    """

    records: list[Record]
    cursor: Cursor
    requests: int = 0
    retries: int = 0
    throttled_ms: int = 0
    replaces: tuple[str, ...] = field(default=())


class Source(Protocol):
    """One tenant's account at one vendor."""

    vendor: str
    streams: tuple[str, ...]

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages until the stream is up to date.

        Without a cursor everything is read; the last page's cursor makes the next call read only what changed since.

        Raises:
            ValueError: the vendor has no such stream.
            CredentialRefused: the vendor refuses the credential, or it lacks a permission.
            VendorError: the vendor failed for longer than the retry budget, or answered what can't be read.
        """

    def check(self) -> dict[str, str]:
        """Return the account's name or id and per stream ``"ok"`` or why it can't be read."""

    def close(self) -> None:
        """Give connections back."""
