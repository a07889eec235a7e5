"""One run of one kind: what HubSpot changed is taken in, what changed here is sent. A run may die at any point.

Whatever differs is found by comparing both sides with what they last agreed on, and an object carries its record's id:
so a run that comes again finds what the one before has done, and does the rest.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import Row

from integrations.hubspot.writing import HubspotWriter, Told
from serving.hubspot_sync.departing import depart, follow_gone
from serving.hubspot_sync.marking import TASK, order
from serving.hubspot_sync.pairing import ids_there, objects_for, records_for, records_of, with_links
from serving.hubspot_sync.portal import Bench, open_writer, set_up
from serving.hubspot_sync.repository import OVERLAP, MarkRepository, SyncRepository
from serving.hubspot_sync.settling import Pair, settle
from serving.jobs.queue import defer
from serving.kit.databases import Databases
from tekup.clock import utc_now
from tekup.db import Doors
from tekup.errors import TekupError
from tekup.tenancy import TenantContext

BEAT_SECONDS = 60.0
STEP = 100
_MOST_STEPS = 200
OpenWriter: TypeAlias = Callable[[Doors, UUID], HubspotWriter]
_log = structlog.get_logger("serving.hubspot_sync")


class Exchange:
    """Runs what the queue orders."""

    def __init__(self, databases: Databases, doors: Doors, opens: OpenWriter = open_writer) -> None:
        self._databases, self._doors, self._opens = databases, doors, opens

    async def run(self, tenant_id: str, kind: str) -> None:
        """The job. While the kind is on, it orders the next one before it begins."""
        tenant = UUID(tenant_id)
        context = TenantContext.system(tenant)
        async with self._databases.operational(context, read_only=False) as session:
            repository = SyncRepository(session, tenant)
            sync = await repository.find_sync(kind, locks=True)
            if sync is None or sync.direction == "off":
                return
            await repository.set_sync(kind, {"is_woken": False})
            if await repository.begin_beat(kind, BEAT_SECONDS):
                at = utc_now() + timedelta(seconds=BEAT_SECONDS)
                await defer(session, TASK, {"kind": kind}, lock=f"hubspot:{tenant}", at=at)
            if not (await repository.tenant()).is_active:
                return
        error = None
        try:
            await self._exchange(tenant, kind, sync)
        except TekupError as fault:
            error = f"{fault.what}; {fault.hint}" if fault.hint else fault.what
            _log.warning("hubspot sync stands still", kind=kind, error=error)
        if error != sync.error:
            async with self._databases.operational(context, read_only=False) as session:
                await SyncRepository(session, tenant).set_sync(kind, {"error": error})

    async def _exchange(self, tenant_id: UUID, kind: str, sync: Row[Any]) -> None:
        writer = await asyncio.to_thread(self._opens, self._doors, tenant_id)
        try:
            bench = await set_up(self._databases, self._doors.master_key, tenant_id, kind, sync, writer)
            if bench.policy.may_in:
                await take_in(bench)
            await send_out(bench)
        finally:
            writer.close()


async def take_in(bench: Bench) -> None:
    """Take in what the pull has seen change since the last time."""
    databases, sync = bench.shelf.databases, bench.sync
    after, last_id = sync.watermark, ""
    if after is not None and (sync.looked_at is None or sync.looked_at <= after + OVERLAP):
        after -= OVERLAP
    began = utc_now()
    while True:
        async with databases.warehouse(bench.context) as session:
            marks = await MarkRepository(session, bench.tenant_id).since(bench.kind, after, last_id, STEP)
        if marks:
            await _take(bench, marks)
            after, last_id = marks[-1].synced_at, marks[-1].object_id
        is_last = len(marks) < STEP
        values: dict[str, Any] = {"looked_at": began} if is_last else {}
        if after is not None and (sync.watermark is None or after > sync.watermark):
            values["watermark"] = after
        if values:
            async with databases.operational(bench.context, read_only=False) as session:
                await SyncRepository(session, bench.tenant_id).set_sync(bench.kind, values)
        if is_last:
            return


async def send_out(bench: Bench) -> None:
    """Compare and send the records that wait."""
    for _ in range(_MOST_STEPS):
        async with bench.shelf.databases.operational(bench.context) as session:
            rows = await SyncRepository(session, bench.tenant_id).waiting(bench.kind, STEP)
        if not rows:
            return
        leaving = [row for row in rows if row.action == "delete"]
        for row in leaving:
            await depart(bench, row)
        staying = [row for row in rows if row.action != "delete"]
        if staying:
            await _compare(bench, staying, [], {})
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        if await SyncRepository(session, bench.tenant_id).wake(bench.kind):
            await order(session, bench.tenant_id, bench.kind)


async def _take(bench: Bench, marks: Sequence[Row[Any]]) -> None:
    async with bench.shelf.databases.operational(bench.context) as session:
        rows = await SyncRepository(session, bench.tenant_id).by_objects(bench.kind, [one.object_id for one in marks])
    live, unknown, seen = [], [], {}
    for one in marks:
        row = rows.get(one.object_id)
        if row is not None and row.seen_at is not None and row.seen_at >= one.synced_at:
            continue
        if row is not None and row.action == "delete":
            continue  # it went from here, and comes back by nothing that HubSpot says
        seen[one.object_id] = one.synced_at
        if one.deleted_at is None:
            if row is None:
                unknown.append(one.object_id)
            else:
                live.append(row)
        elif row is not None:
            live.append(row)  # that it is gone, and where it went, is asked of the portal itself
    if live or unknown:
        await _compare(bench, live, unknown, seen)


async def _compare(bench: Bench, rows: Sequence[Row[Any]], unknown: Sequence[str], seen: dict[str, Any]) -> None:
    """Bring records and their objects together, whatever is known of them, and settle each pair."""
    writer, kind, names = bench.writer, bench.kind, bench.names
    numbers = [row.object_id for row in rows if row.object_id is not None]
    told: dict[str, Told] = await asyncio.to_thread(writer.read, kind, [*numbers, *unknown], names)
    pairs: list[Pair] = []
    for row in rows:
        if row.object_id is None:
            continue
        if row.object_id in told:
            pairs.append(Pair(row, row.record_id, told[row.object_id]))
            continue
        moved = await asyncio.to_thread(writer.survivor, kind, row.object_id, names)
        follows = await follow_gone(bench, row, moved, seen.get(row.object_id))
        if follows is not None and moved is not None:
            pairs.append(Pair(follows, follows.record_id, moved))
    unlinked = [row for row in rows if row.object_id is None and row.record_id is not None]
    if unlinked:
        records = await records_of(bench, [row.record_id for row in unlinked])
        found = await objects_for(bench, [records[row.record_id] for row in unlinked if row.record_id in records])
        pairs += [Pair(row, row.record_id, found.get(row.record_id)) for row in unlinked]
    paired = {pair.told.id for pair in pairs if pair.told is not None}
    strangers = [told[number] for number in unknown if number in told and number not in paired]
    if strangers:
        known = await records_for(bench, strangers)
        pairs += [Pair(None, known.get(one.id), one) for one in strangers]
    objects = await with_links(bench, {pair.told.id: pair.told for pair in pairs if pair.told is not None})
    for pair in pairs:
        if pair.told is not None:
            pair.told = objects[pair.told.id]
            pair.seen_at = seen.get(pair.told.id)
    records = await records_of(bench, [pair.record_id for pair in pairs if pair.record_id is not None])
    there = await ids_there(bench, list(records.values()), objects.values())
    await settle(bench, pairs, records, there)
