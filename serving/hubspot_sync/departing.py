"""What is deleted or merged on one side goes the same way on the other, where the tenant wants that."""

import asyncio
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from integrations.hubspot.writing import UNIQUE_ID, Told
from integrations.retry import Rejected
from serving.crm.merging import merge
from serving.hubspot_sync.portal import Bench
from serving.hubspot_sync.repository import SyncRepository
from serving.kit.problems import Problem
from serving.records.service import delete_record


async def depart(bench: Bench, row: Row[Any]) -> None:
    """Archive the object of a record that was deleted here, or merge it into the one that the record went into."""
    writer, kind = bench.writer, bench.kind
    number = row.object_id
    if number is None:
        # it may have been made at HubSpot by a run that died before it could note so
        found = await asyncio.to_thread(writer.read, kind, [str(row.record_id)], [], UNIQUE_ID)
        number = next((one.id for one in found.values()), None)
    kept = None
    if row.merged_into is not None:
        async with bench.shelf.databases.operational(bench.context) as session:
            kept = (await SyncRepository(session, bench.tenant_id).by_records(kind, [row.merged_into])).get(
                row.merged_into
            )
        if kept is not None and kept.object_id is None and kept.state == "waiting" and row.attempts == 0:
            await _later(bench, row, "the record that it went into has no object yet")
            return
    into = None
    try:
        if number is not None and bench.policy.may_out:
            if kept is not None and kept.object_id is not None and not kept.is_gone:
                if kept.object_id != number:
                    into = await asyncio.to_thread(writer.merge, kind, kept.object_id, number)
            else:
                await asyncio.to_thread(writer.archive, kind, [number])
    except Rejected as refused:
        async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
            await SyncRepository(session, bench.tenant_id).fail(row.id, refused.what)
        return
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        repository = SyncRepository(session, bench.tenant_id)
        await repository.set_row(row.id, is_gone=True, object_id=row.object_id if into is None else None)
        await repository.settle(row.id, row.generation)
        if into is not None and kept is not None:
            await repository.set_row(kept.id, object_id=into)
            await repository.mark(kind, kept.record_id, "write", {})
        await repository.count_done(kind, sent=0 if number is None else 1)


async def follow_gone(bench: Bench, row: Row[Any], moved: Told | None, seen_at: datetime | None) -> Row[Any] | None:
    """A record whose object is not under its id any more: gone with it, or moved to what the object was merged into.

    Returns the row that the surviving object belongs to, for both to be compared; None where the object is gone.
    """
    if moved is None:
        await _gone_there(bench, row, seen_at)
        return None
    async with bench.shelf.databases.operational(bench.context) as session:
        other = (await SyncRepository(session, bench.tenant_id).by_objects(bench.kind, [moved.id])).get(moved.id)
    if other is None:
        async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
            repository = SyncRepository(session, bench.tenant_id)
            await repository.set_row(row.id, object_id=moved.id)
            return await repository.lock(row.id)
    if other.id == row.id:
        return other
    await _merge_here(bench, row, other, seen_at)
    return None


async def _merge_here(bench: Bench, row: Row[Any], other: Row[Any], seen_at: datetime | None) -> None:
    """Two objects became one: so do their records, where contacts and companies follow. A deal goes."""
    may = bench.policy.may_in and bench.sync.follows_deletions
    if may and row.record_id is not None and other.record_id is not None and row.record_id != other.record_id:
        try:
            if bench.kind == "deals":
                await delete_record(bench.shelf, row.record_id, None)
            else:
                await merge(bench.shelf, other.record_id, row.record_id)
        except Problem as problem:
            if problem.status_code not in (404, 422):  # one of them is gone already
                await _refuse(bench, row, str(problem.detail))
                return
    await _note_gone(bench, row, seen_at)


async def _gone_there(bench: Bench, row: Row[Any], seen_at: datetime | None) -> None:
    may = bench.policy.may_in and bench.sync.follows_deletions
    is_received = False
    if may and row.record_id is not None and not row.is_gone:
        try:
            await delete_record(bench.shelf, row.record_id, None)
            is_received = True
        except Problem as problem:
            if problem.status_code != 404:
                await _refuse(bench, row, f"HubSpot deleted it, and here it can't be: {problem.detail}")
                return
    await _note_gone(bench, row, seen_at, received=int(is_received))


async def _note_gone(bench: Bench, row: Row[Any], seen_at: datetime | None, received: int = 0) -> None:
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        repository = SyncRepository(session, bench.tenant_id)
        values: dict[str, Any] = {"is_gone": True} | ({"seen_at": seen_at} if seen_at is not None else {})
        await repository.set_row(row.id, **values)
        await repository.settle(row.id, row.generation)
        await repository.count_done(bench.kind, received=received)


async def _refuse(bench: Bench, row: Row[Any], reason: str) -> None:
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        await SyncRepository(session, bench.tenant_id).fail(row.id, reason)


async def _later(bench: Bench, row: Row[Any], reason: str) -> None:
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        await SyncRepository(session, bench.tenant_id).postpone(row, reason, fails_at_end=False)
