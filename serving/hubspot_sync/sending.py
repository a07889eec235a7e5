"""Sends what was weighed, and notes what became of it, record by record."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from integrations.hubspot.writing import UNIQUE_ID, Told
from serving.hubspot_sync.deciding import digest_for
from serving.hubspot_sync.marking import order
from serving.hubspot_sync.portal import Bench
from serving.hubspot_sync.repository import SyncRepository
from serving.hubspot_sync.weighing import Weighed, lacks_id, properties_of


@dataclass
class Sending:
    """What goes out for one record."""

    row: Row[Any]
    record_id: UUID
    told: Told | None
    weighed: Weighed


async def send(bench: Bench, sendings: Sequence[Sending]) -> None:
    """Write what goes out, then note what became of it, record by record."""
    writer, kind, stages = bench.writer, bench.kind, bench.lookups.stage_there
    updates: dict[str, dict[str, str]] = {}
    creations: dict[str, dict[str, str]] = {}
    for one in sendings:
        properties = properties_of(one.weighed.sends, stages)
        if one.told is None:
            creations[str(one.record_id)] = properties
            continue
        if lacks_id(one.told, one.record_id):
            properties[UNIQUE_ID] = str(one.record_id)
        if properties:
            updates[one.told.id] = properties
    refused: dict[UUID, str] = {}
    numbers = {one.row.id: one.told.id for one in sendings if one.told is not None}
    if creations:
        written = await asyncio.to_thread(writer.upsert, kind, creations)
        for one in sendings:
            key = str(one.record_id)
            if key in written.done:
                numbers[one.row.id] = written.done[key]
            elif key in written.refused:
                refused[one.row.id] = written.refused[key]
    if updates:
        written = await asyncio.to_thread(writer.update, kind, updates)
        for one in sendings:
            if one.told is not None and one.told.id in written.refused:
                refused[one.row.id] = written.refused[one.told.id]
    linked = await _associate(bench, [one for one in sendings if one.row.id not in refused], numbers)
    async with bench.shelf.databases.operational(bench.context, read_only=False) as session:
        repository = SyncRepository(session, bench.tenant_id)
        made = []
        for one in sendings:
            if one.row.id in refused:
                await repository.fail(one.row.id, refused[one.row.id])
                continue
            if one.row.id not in numbers:
                continue  # neither written nor refused: it waits on
            row = await repository.lock(one.row.id)
            if row is None:
                continue
            digest = digest_for(row.id)
            base = row.base | {
                name: digest(text) for name, (field, text) in one.weighed.sends.items() if field.other is None
            }
            links = row.links | linked.get(row.id, {})
            await repository.set_row(row.id, base=base, links=links, object_id=numbers[row.id])
            await repository.settle(row.id, one.row.generation)
            if one.told is None:
                made.append(one.record_id)
        await repository.count_done(kind, sent=len(sendings) - len(refused))
        await wake_holders(bench, repository, session, made)


async def _associate(
    bench: Bench, sendings: Sequence[Sending], numbers: Mapping[UUID, str]
) -> dict[UUID, dict[str, str]]:
    """Associate and dissociate; what holds now, by row and field."""
    linked: dict[UUID, dict[str, str]] = {}
    for other in bench.others:
        makes: list[tuple[str, str]] = []
        breaks: list[tuple[str, str]] = []
        for one in sendings:
            number = numbers.get(one.row.id)
            for name, (field, text) in one.weighed.sends.items():
                if field.other != other or number is None:
                    continue
                before = one.row.links.get(name)
                if before and before != text:
                    breaks.append((number, before))
                if text:
                    makes.append((number, text))
        lacking = await asyncio.to_thread(bench.writer.associate, bench.kind, other, makes) if makes else set()
        if breaks:
            await asyncio.to_thread(bench.writer.dissociate, bench.kind, other, breaks)
        for one in sendings:
            number = numbers.get(one.row.id, "")
            for name, (field, text) in one.weighed.sends.items():
                if field.other == other and (number, text) not in lacking:
                    linked.setdefault(one.row.id, {})[name] = text
    return linked


async def wake_holders(bench: Bench, repository: SyncRepository, session: Any, made: Sequence[UUID]) -> None:
    """Those that name records which have their object now are looked at again."""
    if made:
        for kind in await repository.mark_holders(bench.kind, made):
            if await repository.wake(kind):
                await order(session, bench.tenant_id, kind)
