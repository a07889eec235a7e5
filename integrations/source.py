"""The one shape in which every vendor is read: pages of records, a cursor that resumes after each. No vendor here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

JSON: TypeAlias = Any
Cursor: TypeAlias = dict[str, JSON]
DeleteReason: TypeAlias = Literal["archived", "deleted", "merged", "erased", "vanished"]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One vendor object as it was read: ``payload`` is its JSON, untouched; ``deleted`` marks a tombstone.

    ``reason`` says why it is gone. "erased" (a GDPR deletion at the vendor) also removes the stored payload; every
    other reason keeps the last one. "vanished" is for what the vendor no longer shows and does not explain.
    ``digest`` tells payloads apart where ``payload`` is not all that the vendor said.
    """

    object_id: str
    payload: bytes
    modified_at: datetime | None = None
    deleted: bool = False
    reason: DeleteReason | None = None
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of another stream that a page tells as well, such as associations or nested objects.

    Their ``object_id`` is ``parent:child``. ``replaces`` names the parents whose children are told completely here:
    stored ones that are not in ``records`` are gone.
    """

    stream: str
    records: list[Record]
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What one step of a stream brought, and the state to store with it in the same transaction.

    ``cursor`` resumes exactly after this page. ``replaces`` is as for ``Side``, for the stream itself. ``received`` is
    bytes; ``expected`` is how many records the vendor says that this read will tell in all, where it says so;
    ``fields`` are the names of the payloads' fields (``properties.x`` for nested ones).
    """

    records: list[Record]
    cursor: Cursor
    requests: int = 0
    retries: int = 0
    throttled_ms: int = 0
    replaces: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    received: int = 0
    expected: int | None = None
    fields: frozenset[str] = frozenset()


class Source(Protocol):
    """One tenant's account at one vendor.

    ``streams`` are walked one after the other; ``sides`` says which other streams the pages of each one fill. What an
    ``append_only`` stream stops telling is no deletion. ``memory_days`` is for how long the vendor can tell changes:
    whoever stayed away longer reads everything.
    """

    vendor: str
    streams: tuple[str, ...]
    append_only: frozenset[str]
    memory_days: float | None

    @property
    def sides(self) -> Mapping[str, tuple[str, ...]]:
        """Streams that the pages of a walked one fill as well."""

    def identity(self) -> str:
        """Return the account as the vendor knows it, such as ``"acct_1 test"``: raw tables never mix two."""

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages until the stream is up to date.

        Without a cursor everything is read, so that what is stored and not told is known to be gone; the last page's
        cursor makes the next call read only what changed since.

        Raises:
            ValueError: the vendor has no such stream.
            CredentialRefused: the vendor refuses the credential; ``PermissionLacking``: it may not read this stream.
            VendorError: the vendor failed for longer than the retry budget, or answered what can't be read.
        """

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        """Yield these objects as they are now, a tombstone for each that is gone; the pages' cursors mean nothing.

        This is how a webhook's hint becomes a row.

        Raises:
            ValueError: objects of this stream can't be read one by one.
        """

    def count(self, stream: str) -> int | None:
        """Return how many live objects of a stream the vendor says there are; None where it does not say."""

    def check(self) -> dict[str, str]:
        """Return the account's name or id and per stream ``"ok"`` or why it can't be read."""

    def close(self) -> None:
        """Give connections back."""
