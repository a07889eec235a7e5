"""Settles pairs of records and objects: takes over, then has sent, what the tenant's rule says.

What is taken over is one transaction for all pairs, in which each stands or falls by itself. What is to be sent waits
from then on: a run that dies before it is noted what became of it leaves it waiting.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.exc import DataError, IntegrityError

from integrations.hubspot.writing import Told
from serving.hubspot_sync.deciding import digest_for
from serving.hubspot_sync.fields import OPT_OUT, Field, references
from serving.hubspot_sync.portal import Bench
from serving.hubspot_sync.repository import SyncRepository
from serving.hubspot_sync.sending import Sending, send, wake_holders
from serving.hubspot_sync.weighing import (
    Moments,
    Weighed,
    lacks_id,
    new_object,
    new_record,
    weigh,
)
from serving.kit.audit import savepoint
from serving.kit.erasures import find_erased
from serving.kit.problems import Problem, faults_of
from serving.records.repository import RecordRepository
from serving.records.service import add_row, change_row, guarded

NEVER_EMPTY = {"name", "lifecycle_stage", "stage_id"}


@dataclass
class Pair:
    """A record and its object; one of them may not be there yet."""

    row: Row[Any] | None
    record_id: UUID | None
    told: Told | None
    seen_at: datetime | None = None


async def settle(
    bench: Bench,
    pairs: Sequence[Pair],
    records: Mapping[UUID, Row[Any]],
    there: Mapping[str, Mapping[UUID, str]],
) -> None:
    """Bring every pair to where the tenant's rule wants it."""
    fields = [*bench.fields, *(one for one in references(bench.kind, there) if one.other in bench.others)]
    moments = await _moments(bench, pairs, records, fields)
    sendings: list[Sending] = []
    received = 0
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        repository = SyncRepository(session, bench.tenant_id)
        erased = await _erased(bench, session, pairs, records)
        made: list[UUID] = []
        for pair in pairs:
            try:
                async with savepoint(session):
                    done = await _apply(bench, session, pair, fields, moments, erased, made)
            except Problem as problem:
                await _refuse_here(bench, repository, pair, _said(problem))
                continue
            except (DataError, IntegrityError) as fault:
                # its text may have a person's values in it
                await _refuse_here(bench, repository, pair, f"the database refuses it: {type(fault.orig).__name__}")
                continue
            received += done.received
            if done.sending is not None:
                sendings.append(done.sending)
        await repository.count_done(bench.kind, received=received)
        await wake_holders(bench, repository, session, made)
    if sendings:
        await send(bench, sendings)


@dataclass
class _Applied:
    sending: Sending | None = None
    received: int = 0


async def _apply(
    bench: Bench,
    session: Any,
    pair: Pair,
    fields: Sequence[Field],
    moments: Moments,
    erased: set[Any],
    made: list[UUID],
) -> _Applied:
    repository, records = SyncRepository(session, bench.tenant_id), bench.shelf.open(session)
    row = await repository.lock(pair.row.id) if pair.row is not None else None
    if pair.row is None and pair.record_id is not None:
        row = (await repository.by_records(bench.kind, [pair.record_id])).get(pair.record_id)
    record = await records.lock(pair.record_id) if pair.record_id is not None else None
    if record is None:
        return await _without_record(bench, session, records, row, pair, fields, erased, made)
    key = _key(record.email) if bench.kind == "contacts" else None
    if key in erased or (pair.told is not None and ("hubspot", pair.told.id) in erased):
        if row is not None:
            await repository.settle(row.id, row.generation)
        return _Applied()
    if pair.told is None:
        assert row is not None  # only a waiting row has no object
        if not bench.policy.may_out or not _consents(bench, record):
            await repository.settle(row.id, row.generation)
            return _Applied()
        weighed = new_object(row, record, fields)
        if "stage_id" in weighed.lacking:
            await repository.fail(row.id, _NO_STAGE)
            return _Applied()
        return _Applied(Sending(row, record.id, None, weighed))
    if row is None:
        row = await repository.add(bench.kind, record.id, pair.told.id)
        made.append(record.id)
    elif row.object_id is None:
        await repository.set_row(row.id, object_id=pair.told.id, is_gone=False)
        made.append(record.id)
    elif row.is_gone:
        await repository.set_row(row.id, is_gone=False)
    return await _merge(bench, repository, records, row, record, pair, fields, moments)


async def _merge(
    bench: Bench,
    repository: SyncRepository,
    records: RecordRepository,
    row: Row[Any],
    record: Row[Any],
    pair: Pair,
    fields: Sequence[Field],
    moments: Moments,
) -> _Applied:
    told, policy = pair.told, bench.policy
    assert told is not None
    weighed = weigh(row, record, told, fields, policy, moments)
    received = 0
    changes = {name: value for name, value in weighed.changes.items() if value is not None or name not in NEVER_EMPTY}
    changes = _with_currency(bench, record, changes)
    if changes:
        try:
            body = bench.shelf.resource.update.model_validate(changes)
        except ValidationError as fault:
            raise _unusable(fault) from None
        after = await guarded(change_row(bench.shelf, records, record, body.model_dump(exclude_unset=True)))
        received = int(after is not record)
        record = after
        base = replace_base(row, weighed)
        again = weigh(base, record, told, fields, policy, moments)
        # what the record's own rules made of it may be more than HubSpot said, and goes out as any change does
        weighed.sends = again.sends
    values: dict[str, Any] = {"base": weighed.base, "links": weighed.links}
    if pair.seen_at is not None:
        values["seen_at"] = pair.seen_at
    goes_out = policy.may_out and bool(weighed.sends or lacks_id(told, record.id)) and _consents(bench, record)
    if goes_out:
        values["state"] = "waiting"  # until it is noted what became of it, whatever happens to this run
    await repository.set_row(row.id, **values)
    if goes_out:
        return _Applied(Sending(row, record.id, told, weighed), received)
    if row.state != "settled":
        lacks_reference = any(one.other is not None and one.name in weighed.lacking for one in fields)
        if lacks_reference and row.attempts < 2:
            await repository.postpone(row, "it names a record that has no object yet", fails_at_end=False)
        else:
            await repository.settle(row.id, row.generation)
    return _Applied(received=received)


def replace_base(row: Row[Any], weighed: Weighed) -> Any:
    """The row with what both agree on now."""
    return _Based(row.id, weighed.base, weighed.links, row.set_at)


@dataclass(frozen=True)
class _Based:
    id: UUID
    base: dict[str, str]
    links: dict[str, str]
    set_at: dict[str, str]


async def _without_record(
    bench: Bench,
    session: Any,
    records: RecordRepository,
    row: Row[Any] | None,
    pair: Pair,
    fields: Sequence[Field],
    erased: set[Any],
    made: list[UUID],
) -> _Applied:
    """An object without a record: one is made, unless its record was deleted here or its person erased."""
    repository, told = SyncRepository(session, bench.tenant_id), pair.told
    is_known = row is not None and row.record_id is not None
    if row is not None and (not row.is_gone or row.action == "delete") and is_known:
        await repository.set_row(row.id, is_gone=True, action="delete")
        await repository.settle(row.id, row.generation)
        return _Applied()
    if told is None or not bench.policy.may_in or not _may_be_made(bench, told, erased):
        return _Applied()
    if row is not None:
        await repository.remove(row.id)
    try:
        body = bench.shelf.resource.create.model_validate(_with_defaults(bench, new_record(told, fields)))
    except ValidationError as fault:
        raise _unusable(fault) from None
    record = await guarded(add_row(bench.shelf, records, body))
    more = {} if pair.seen_at is None else {"seen_at": pair.seen_at}
    row = await repository.add(bench.kind, record.id, told.id, **more)
    made.append(record.id)
    weighed = weigh(row, record, told, fields, bench.policy, {})
    if told.properties.get(OPT_OUT) == "true":
        weighed.base[OPT_OUT] = digest_for(row.id)("true")
    goes_out = bench.policy.may_out and bool(weighed.sends or lacks_id(told, record.id)) and _consents(bench, record)
    state = "waiting" if goes_out else "settled"
    await repository.set_row(row.id, base=weighed.base, links=weighed.links, state=state)
    return _Applied(Sending(row, record.id, told, weighed) if goes_out else None, 1)


async def _moments(
    bench: Bench, pairs: Sequence[Pair], records: Mapping[UUID, Row[Any]], fields: Sequence[Field]
) -> Moments:
    """When HubSpot's side of each conflict was set; nothing is asked where there is none, or the rule needs no time."""
    if bench.policy.rule != "newest" or not (bench.policy.may_in and bench.policy.may_out):
        return {}
    conflicts: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.row is None or pair.told is None or pair.record_id is None or pair.record_id not in records:
            continue
        weighed = weigh(pair.row, records[pair.record_id], pair.told, fields, bench.policy, {})
        if weighed.conflicts:
            conflicts[pair.told.id] = weighed.conflicts
    if not conflicts:
        return {}
    names = sorted({name for found in conflicts.values() for name in found})
    return await asyncio.to_thread(bench.writer.changed_at, bench.kind, list(conflicts), names)


async def _erased(bench: Bench, session: Any, pairs: Sequence[Pair], records: Mapping[UUID, Row[Any]]) -> set[Any]:
    """Identifiers of erased persons among these."""
    if bench.kind != "contacts":
        return set()
    asked = {("hubspot", pair.told.id) for pair in pairs if pair.told is not None}
    asked |= {key for one in records.values() if (key := _key(one.email)) is not None}
    for pair in pairs:
        if pair.told is not None:
            asked |= {key for name in ("email",) if (key := _key(pair.told.properties.get(name))) is not None}
    return set(await find_erased(session, bench.tenant_id, bench.master_key, asked))


def _key(email: str | None) -> tuple[str, str] | None:
    return ("email", email.strip().lower()) if email and email.strip() else None


def _may_be_made(bench: Bench, told: Told, erased: set[Any]) -> bool:
    return ("hubspot", told.id) not in erased and _key(told.properties.get("email")) not in erased


def _consents(bench: Bench, record: Row[Any]) -> bool:
    return bench.kind != "contacts" or not bench.sync.requires_consent or record.has_marketing_consent


def _with_currency(bench: Bench, record: Row[Any], changes: dict[str, Any]) -> dict[str, Any]:
    """An amount needs a currency: a portal without several tells none."""
    if changes.get("amount_cents") is not None and not (changes.get("currency") or record.currency):
        return {**changes, "currency": bench.currency}
    return changes


def _with_defaults(bench: Bench, values: dict[str, Any]) -> dict[str, Any]:
    if bench.kind == "companies" and not values.get("name"):
        values["name"] = values.get("domain") or "?"
    if bench.kind == "deals" and values.get("amount_cents") is not None:
        values.setdefault("currency", bench.currency)
    return values


async def _refuse_here(bench: Bench, repository: SyncRepository, pair: Pair, reason: str) -> None:
    """Lay aside what can't be taken over; its object is looked at again when it changes or a person says so."""
    if pair.row is not None:
        await repository.fail(pair.row.id, reason)
    elif pair.told is not None:
        row = await repository.add(bench.kind, None, pair.told.id)
        await repository.fail(row.id, reason)


def _unusable(fault: ValidationError) -> Problem:
    return Problem(422, "unusable-input", "what HubSpot says can't be used here", errors=faults_of(fault))


def _said(problem: Problem) -> str:
    faults = [f"{one['pointer']}: {one['detail']}" for one in problem.more.get("errors") or []]
    return "; ".join([str(problem.detail), *faults])


_NO_STAGE = "the deal's stage has no counterpart at HubSpot: name one under stages"
