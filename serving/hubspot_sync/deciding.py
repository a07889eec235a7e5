"""The three-way merge of one field: what both last agreed on, what it is here, what it is there. Nothing is done."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID


class Verdict(StrEnum):
    """What is to become of a field."""

    SAME = "same"
    TAKE = "take"
    SEND = "send"
    KEEP = "keep"
    """They differ and stay so: the direction lets nothing through."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A tenant's wish for one kind."""

    rule: str
    may_in: bool
    may_out: bool


def decide(
    ours: str, theirs: str, base: str | None, policy: Policy, is_newer: Callable[[], bool], digest: Callable[[str], str]
) -> Verdict:
    """What happens to a field, by its values as HubSpot writes them (empty: none) and the digest of the common one.

    Without a common value, as when two are linked first, an empty side takes the other's word. ``is_newer`` says
    whether ours was set later; it is asked only where both sides changed.

    >>> always = Policy("tekup", may_in=True, may_out=True)
    >>> pairs = (("a", "b"), ("b", "a"), ("b", "c"), ("b", "b"))
    >>> [decide(ours, theirs, "a", always, lambda: True, str).value for ours, theirs in pairs]
    ['take', 'send', 'send', 'same']
    """
    if ours == theirs:
        return Verdict.SAME
    is_ours_changed = ours != "" if base is None else digest(ours) != base
    is_theirs_changed = theirs != "" if base is None else digest(theirs) != base
    is_conflict = is_ours_changed and is_theirs_changed
    if is_conflict and policy.may_in:
        wins = is_newer() if policy.rule == "newest" else policy.rule == "tekup"
        return Verdict.TAKE if not wins else Verdict.SEND if policy.may_out else Verdict.KEEP
    if is_ours_changed:
        return Verdict.SEND if policy.may_out else Verdict.KEEP
    return Verdict.TAKE if policy.may_in else Verdict.KEEP


def digest_for(row_id: UUID) -> Callable[[str], str]:
    """The digest by which one record's values are known again: the values themselves are stored nowhere twice."""

    def digest(text: str) -> str:
        return blake2b(text.encode(), key=row_id.bytes, digest_size=12).hexdigest()

    return digest
