"""Whether a tenant's entries are what was sealed: names the first that was changed, removed, inserted or re-ordered.

Needs the entries, the seals and the public keys, and neither a database nor a secret.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tekup.audit.merkle import root_of
from tekup.audit.seals import FIRST_PREVIOUS, Sealed, TrustedKeys, leaf_of


class Fault(StrEnum):
    """What may have happened to a trail."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "re-ordered"
    SEAL_CHANGED = "seal changed"
    SEAL_MISSING = "seal missing"
    UNKNOWN_KEY = "unknown key"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: in which seal, and which entry where that can be told."""

    fault: Fault
    seal: int
    entry_id: UUID | None = None

    def __str__(self) -> str:
        where = f"entry {self.entry_id} of seal {self.seal}" if self.entry_id else f"seal {self.seal}"
        return f"{where}: {self.fault.value}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it stands now: its id and its canonical JSON."""

    id: UUID
    content: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """A seal with the entries that stand in its place now; None where they were removed after their time."""

    seal: Sealed
    entries: Sequence[Stored] | None


@dataclass(slots=True)
class Report:
    """What a verification saw."""

    seals: int = 0
    entries: int = 0
    removed: int = 0
    findings: list[Finding] = field(default_factory=list)
    head: bytes | None = None

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify_chain(segments: Iterable[Segment], trusted: TrustedKeys, heads: Mapping[int, bytes] | None = None) -> Report:
    """Check the segments of one tenant from the first seal on.

    ``heads`` are heads of seals by number that were kept elsewhere: what they name must be there and the same, which
    is how a trail that was cut at its end is found.
    """
    known, report, previous, expected = dict(heads or {}), Report(), FIRST_PREVIOUS, 1
    for segment in segments:
        seal = segment.seal
        report.findings += _seal_faults(seal, trusted, previous, expected, known.pop(seal.number, None))
        report.findings += _entry_faults(segment)
        report.seals += 1
        if segment.entries is None:
            report.removed += len(seal.entry_ids)
        else:
            report.entries += len(segment.entries)
        previous, expected = seal.head(), seal.number + 1
    report.head = previous if report.seals else None
    report.findings += [Finding(Fault.TRUNCATED, number) for number in sorted(known) if number >= expected]
    return report


def _seal_faults(
    seal: Sealed, trusted: TrustedKeys, previous: bytes, expected: int, head: bytes | None
) -> Iterator[Finding]:
    if seal.number != expected:
        yield Finding(Fault.SEAL_MISSING, expected)
    elif seal.previous != previous:
        yield Finding(Fault.SEAL_CHANGED, seal.number)
    if not trusted.knows(seal.key_id):
        yield Finding(Fault.UNKNOWN_KEY, seal.number)
    elif not trusted.is_seal(seal) or not _is_consistent(seal) or (head is not None and head != seal.head()):
        yield Finding(Fault.SEAL_CHANGED, seal.number)


def _is_consistent(seal: Sealed) -> bool:
    """Whether the list of entries is the one that the signed root was made over."""
    return len(seal.leaves) == len(seal.entry_ids) and root_of(seal.leaves) == seal.root


def _entry_faults(segment: Segment) -> Iterator[Finding]:
    """Faults in the order of the seal; what is not in the seal comes last."""
    seal, entries = segment.seal, segment.entries
    if entries is None:
        return
    present = {entry.id: leaf_of(entry.content) for entry in entries}
    listed = set(seal.entry_ids)
    found = False
    for entry_id, leaf in zip(seal.entry_ids, seal.leaves, strict=False):
        if entry_id not in present:
            found = True
            yield Finding(Fault.REMOVED, seal.number, entry_id)
        elif present[entry_id] != leaf:
            found = True
            yield Finding(Fault.CHANGED, seal.number, entry_id)
    for entry in entries:
        if entry.id not in listed:
            found = True
            yield Finding(Fault.INSERTED, seal.number, entry.id)
    if found:
        return
    for position, entry in enumerate(entries):
        # a second copy of an entry stands after the last place that the seal knows
        if position >= len(seal.entry_ids) or entry.id != seal.entry_ids[position]:
            yield Finding(Fault.REORDERED, seal.number, entry.id)
            return
