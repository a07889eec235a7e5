"""Which record is which object, where neither knows the other yet. Nothing is changed."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from integrations.hubspot.writing import UNIQUE_ID, Told
from serving.hubspot_sync.portal import Bench
from serving.hubspot_sync.repository import SyncRepository
from serving.records.repository import RecordRepository


async def objects_for(bench: Bench, records: Sequence[Row[Any]]) -> dict[UUID, Told]:
    """The objects of records that know none: by the records' ids first, so that one that was made before a crash is
    found again, then by e-mail, domain, or name and company. No object is given twice, and none that is linked."""
    writer, kind, names = bench.writer, bench.kind, bench.names
    told = await asyncio.to_thread(writer.read, kind, [str(one.id) for one in records], names, UNIQUE_ID)
    found = {one.id: told[str(one.id)] for one in records if str(one.id) in told}
    left = [one for one in records if one.id not in found]
    if left and bench.sync.matches:
        found |= await _alike(bench, left, {one.id for one in found.values()})
    return found


async def records_for(bench: Bench, objects: Sequence[Told]) -> dict[str, UUID]:
    """The records of objects that know none, likewise. Each record is given once."""
    context = bench.context
    async with bench.shelf.databases.operational(context) as session:
        repository = SyncRepository(session, bench.tenant_id)
        named = {one.id: own for one in objects if (own := _uuid(one.properties.get(UNIQUE_ID))) is not None}
        existing = await repository.existing(bench.kind, named.values())
        taken = await repository.by_records(bench.kind, existing)
        free = {one for one in existing if one not in taken or taken[one].object_id is None}
        found: dict[str, UUID] = {}
        for number, record_id in named.items():
            if record_id in free:
                found[number] = record_id
                free.discard(record_id)
        if bench.sync.matches:
            left = [one for one in objects if one.id not in found]
            await _match_here(bench, repository, left, found)
    return found


async def _match_here(
    bench: Bench, repository: SyncRepository, objects: Sequence[Told], found: dict[str, UUID]
) -> None:
    used = set(found.values())
    if bench.kind == "deals":
        companies = await asyncio.to_thread(bench.writer.links, "deals", [one.id for one in objects], "companies")
        deals = await repository.unlinked_deals(one.properties.get("dealname", "") for one in objects)
        for one in objects:
            for deal in deals:
                is_alike = deal.name == one.properties.get("dealname") and deal.company in companies.get(one.id, ())
                if is_alike and deal.company is not None and deal.id not in used:
                    found[one.id] = deal.id
                    used.add(deal.id)
                    break
        return
    name = "email" if bench.kind == "contacts" else "domain"
    given = {one.id: text for one in objects if (text := one.properties.get(name, "").strip())}
    texts = {number: text.lower() for number, text in given.items()}
    # as it stands there and in the one spelling that is stored here: by an index, and not by every record
    matches = await repository.matching(bench.kind, name, {*given.values(), *texts.values()})
    for number, text in texts.items():
        if text in matches and matches[text] not in used:
            found[number] = matches[text]
            used.add(matches[text])


async def _alike(bench: Bench, records: Sequence[Row[Any]], used: set[str]) -> dict[UUID, Told]:
    writer, kind, names = bench.writer, bench.kind, bench.names
    keys: dict[UUID, Any] = {}
    if kind == "contacts":
        keys = {one.id: one.email.lower() for one in records if one.email}
        by = await asyncio.to_thread(writer.read, kind, list(keys.values()), names, "email")
        candidates: dict[Any, list[Told]] = {key: [one] for key, one in by.items()}
    elif kind == "companies":
        keys = {one.id: one.domain.lower() for one in records if one.domain}
        candidates = {}
        for one in await asyncio.to_thread(writer.find, kind, "domain", keys.values(), names) if keys else []:
            candidates.setdefault(one.properties.get("domain", "").lower(), []).append(one)
    else:
        keys, candidates = await _deals_alike(bench, records)
    linked = await _linked(bench, [one for ones in candidates.values() for one in ones])
    found: dict[UUID, Told] = {}
    for record_id, key in keys.items():
        for one in candidates.get(key, ()):
            if one.id not in used and one.id not in linked:
                found[record_id] = one
                used.add(one.id)
                break
    return found


async def _deals_alike(
    bench: Bench, records: Sequence[Row[Any]]
) -> tuple[dict[UUID, tuple[str, str]], dict[tuple[str, str], list[Told]]]:
    async with bench.shelf.databases.operational(bench.context) as session:
        repository = SyncRepository(session, bench.tenant_id)
        companies = await repository.objects_of(
            "companies", records=[one.company_id for one in records if one.company_id], objects=[]
        )
    keys = {one.id: (one.name, companies[one.company_id]) for one in records if one.company_id in companies}
    candidates: dict[tuple[str, str], list[Told]] = {}
    if keys:
        names = {name for name, _ in keys.values()}
        told = await asyncio.to_thread(bench.writer.find, "deals", "dealname", names, bench.names)
        links = await asyncio.to_thread(bench.writer.links, "deals", [one.id for one in told], "companies")
        for one in told:
            for company in links.get(one.id, ()):
                candidates.setdefault((one.properties.get("dealname", ""), company), []).append(one)
    return keys, candidates


async def _linked(bench: Bench, objects: Sequence[Told]) -> set[str]:
    """Those that are linked already, or carry the id of another record that there is."""
    carried = {one.id: own for one in objects if (own := _uuid(one.properties.get(UNIQUE_ID))) is not None}
    async with bench.shelf.databases.operational(bench.context) as session:
        repository = SyncRepository(session, bench.tenant_id)
        linked = set(await repository.by_objects(bench.kind, [one.id for one in objects]))
        existing = await repository.existing(bench.kind, carried.values())
    return linked | {number for number, own in carried.items() if own in existing}


async def with_links(bench: Bench, objects: dict[str, Told]) -> dict[str, Told]:
    """The objects with the ids of those that they are associated with."""
    for other in bench.others:
        found = await asyncio.to_thread(bench.writer.links, bench.kind, list(objects), other)
        objects = {
            number: replace(one, links={**one.links, other: found.get(number, [])}) for number, one in objects.items()
        }
    return objects


async def ids_there(bench: Bench, records: Sequence[Row[Any]], objects: Iterable[Told]) -> dict[str, dict[UUID, str]]:
    """Objects of the records that these name, and records of the objects that these are associated with, by kind."""
    told = list(objects)
    found: dict[str, dict[UUID, str]] = {}
    async with bench.shelf.databases.operational(bench.context) as session:
        repository = SyncRepository(session, bench.tenant_id)
        for other in bench.others:
            column = {"companies": "company_id", "contacts": "contact_id"}[other]
            named = [value for one in records if (value := one._mapping[column]) is not None]
            linked = [number for one in told for number in one.links.get(other, ())]
            found[other] = await repository.objects_of(other, records=named, objects=linked)
    return found


async def records_of(bench: Bench, ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
    """Records by their ids."""
    async with bench.shelf.databases.operational(bench.context) as session:
        repository = RecordRepository(session, bench.tenant_id, bench.shelf.resource.table)
        return {row.id: row for row in await repository.find_many(list(ids))}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
