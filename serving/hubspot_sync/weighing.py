"""One record beside its object: what is to be taken over, what is to be sent, what both agree on. Nothing is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from integrations.hubspot.writing import UNIQUE_ID, Told
from serving.hubspot_sync.deciding import Policy, Verdict, decide, digest_for
from serving.hubspot_sync.fields import OPT_OUT, Field

Moments = Mapping[tuple[str, str], datetime]
_CONSENT = "has_marketing_consent"


@dataclass
class Weighed:
    """``changes`` are our fields' new values, ``sends`` the fields that go out with their text, ``base`` and ``links``
    what both sides agree on now, ``conflicts`` the properties that both changed."""

    changes: dict[str, Any] = field(default_factory=dict)
    sends: dict[str, tuple[Field, str]] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    """Fields whose value here has no counterpart there, or the other way around."""


def weigh(
    row: Row[Any], record: Row[Any], told: Told, fields: Sequence[Field], policy: Policy, moments: Moments
) -> Weighed:
    """Compare every field. ``moments`` says when properties were set, by object and property, as far as it is known."""
    digest = digest_for(row.id)
    found = Weighed(base=dict(row.base), links=dict(row.links))
    for one in fields:
        ours = one.ours(record)
        if ours is None:
            found.lacking.append(one.name)
            continue
        if one.other is not None:
            _weigh_reference(found, row, record, told, one, ours, policy)
            continue
        raw = told.properties.get(one.property, "")
        try:
            theirs = one.theirs(raw)
        except ValueError:
            theirs = raw
        base = found.base.get(one.name)

        def is_newer(one: Field = one) -> bool:
            found.conflicts.append(one.property)
            return set_here(row, record, one) > moments.get((told.id, one.property), told.updated_at)

        verdict = decide(ours, theirs, base, policy, is_newer, digest)
        if one.name == _CONSENT:
            verdict = _consent(verdict, ours, theirs, base, policy, digest)
        _note(found, one, ours, theirs, raw, verdict, digest)
    if told.properties.get(OPT_OUT) == "true" and policy.may_in:
        if record._mapping.get(_CONSENT) and found.base.get(OPT_OUT) != digest("true"):
            found.changes[_CONSENT] = False
            found.sends.pop(_CONSENT, None)
        found.base[OPT_OUT] = digest("true")
    return found


def set_here(row: Row[Any], record: Row[Any], one: Field) -> datetime:
    """When a field was last set here."""
    name = "custom" if one.name.startswith("custom.") else one.name
    moment = row.set_at.get(name)
    known: datetime = datetime.fromisoformat(moment) if moment else record.updated_at
    return known


def properties_of(sends: Mapping[str, tuple[Field, str]], stages: Mapping[UUID, tuple[str, str]]) -> dict[str, str]:
    """What is sent, by property; a deal's stage goes with its pipeline."""
    sent = {one.property: text for one, text in sends.values() if one.other is None}
    if "stage_id" in sends:
        pipeline_of = {number: pipeline for pipeline, number in stages.values()}
        sent["pipeline"] = pipeline_of[sends["stage_id"][1]]
    return sent


def new_object(row: Row[Any], record: Row[Any], fields: Sequence[Field]) -> Weighed:
    """All that is sent of a record that has no object."""
    found = Weighed()
    for one in fields:
        ours = one.ours(record)
        if ours is None:
            found.lacking.append(one.name)
        elif ours:
            found.sends[one.name] = (one, ours)
    return found


def new_record(told: Told, fields: Sequence[Field]) -> dict[str, Any]:
    """The values of a record that is made of an object; a consent is never taken over."""
    values: dict[str, Any] = {}
    for one in fields:
        if one.other is not None:
            texts = [text for text in told.links.get(one.other, ()) if _reads(one, text)]
            text = texts[0] if texts else ""
        else:
            text = told.properties.get(one.property, "")
        if text and one.name != _CONSENT and _reads(one, text):
            put(values, one.name, one.from_text(text))
    return values


def put(values: dict[str, Any], name: str, value: Any) -> None:
    """Set a field, or one of the tenant's own among them."""
    if name.startswith("custom."):
        values.setdefault("custom", {})[name.removeprefix("custom.")] = value
    else:
        values[name] = value


def lacks_id(told: Told, record_id: UUID) -> bool:
    """Whether an object does not carry its record's id yet, or that of one that is no more."""
    return told.properties.get(UNIQUE_ID) != str(record_id)


def _weigh_reference(
    found: Weighed, row: Row[Any], record: Row[Any], told: Told, one: Field, ours: str, policy: Policy
) -> None:
    """An object may be associated with several; ours is one of them. HubSpot does not tell when that was changed."""
    assert one.other is not None
    ids, base = told.links.get(one.other, []), found.links.get(one.name)
    theirs = base if base in ids else ours if ours in ids else ids[0] if ids else ""
    assert theirs is not None

    def is_newer() -> bool:
        return set_here(row, record, one) > told.updated_at

    verdict = decide(ours, theirs, base, policy, is_newer, str)
    if verdict is Verdict.TAKE and theirs and not _reads(one, theirs):
        found.lacking.append(one.name)
        return
    if verdict is Verdict.TAKE:
        put(found.changes, one.name, one.from_text(theirs) if theirs else None)
    if verdict is Verdict.SEND:
        found.sends[one.name] = (one, ours)
    if verdict in (Verdict.SAME, Verdict.TAKE):
        found.links[one.name] = theirs


def _note(
    found: Weighed, one: Field, ours: str, theirs: str, raw: str, verdict: Verdict, digest: Callable[[str], str]
) -> None:
    if verdict is Verdict.TAKE:
        try:
            value = one.from_text(raw) if raw else None
        except ValueError:
            found.lacking.append(one.name)
            return
        put(found.changes, one.name, value)
    if verdict is Verdict.SEND:
        found.sends[one.name] = (one, ours)
    if verdict in (Verdict.SAME, Verdict.TAKE):
        found.base[one.name] = digest(theirs)


def _consent(
    verdict: Verdict, ours: str, theirs: str, base: str | None, policy: Policy, digest: Callable[[str], str]
) -> Verdict:
    """Whichever side takes a consent away wins, and HubSpot gives none."""
    if ours == theirs:
        return verdict
    was_withdrawn_there = theirs == "false" and base != digest("false")
    if was_withdrawn_there and policy.may_in:
        return Verdict.TAKE
    if verdict is Verdict.TAKE:
        return Verdict.SEND if policy.may_out else Verdict.KEEP
    return verdict


def _reads(one: Field, text: str) -> bool:
    try:
        one.from_text(text)
    except ValueError:
        return False
    return True
