"""Two records that are one: found, merged, and taken apart again. Each merge is one transaction.

The kept record keeps what it says; where it says nothing, the other one's word is taken. Whatever named the other
names the kept one. Undoing gives back the record with its id, and everything that still is where the merge put it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func

from serving.crm import merge_schemas
from serving.crm.merge_repository import MergeRepository
from serving.kit.problems import Problem, not_found, unusable_field
from serving.models.crm import companies, contacts
from serving.models.operational import users
from serving.records.repository import RecordRepository
from serving.records.service import Shelf, note, tell
from tekup.contracts.crm_events import CompanyDeleted, ContactDeleted
from tekup.contracts.events import EventData

_DELETED: dict[str, type[EventData]] = {"contact": ContactDeleted, "company": CompanyDeleted}
_STAMPS = {"tenant_id", "id", "created_at", "updated_at"}


async def merge(shelf: Shelf, kept_id: UUID, other_id: UUID) -> merge_schemas.Merge:
    """Let one record go into another.

    Raises:
        Problem: 404 where the kept one is not there, 422 where the other is not, or both are the same.
    """
    if kept_id == other_id:
        raise unusable_field("/other_id", "a record can't go into itself")
    entity = shelf.resource.noun
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        records, merges = shelf.open(session), MergeRepository(session, shelf.subject.tenant_id)
        # in one order, so that two merges of the same pair can't wait for each other
        locked = {record_id: await records.lock(record_id) for record_id in sorted((kept_id, other_id))}
        kept, other = locked[kept_id], locked[other_id]
        if kept is None:
            raise not_found(entity)
        if other is None:
            raise unusable_field("/other_id", f"no such {entity}")
        filled = _gaps(kept, other)
        moved = await merges.move(entity, other_id, kept_id)
        record = {name: value for name, value in other._mapping.items() if name != "tenant_id"}
        await records.remove(other_id)
        row = await records.change(kept_id, filled) if filled else kept
        stored = await merges.remember(
            {
                "entity": entity, "kept_id": kept_id, "merged_id": other_id, "merged_record": _plain(record),
                "filled": _plain(filled), "moved": moved, "merged_by": shelf.subject.id,
            }
        )  # fmt: skip
        gone = _DELETED[entity](**{f"{entity}_id": other_id, "merged_into": kept_id})
        await tell(shelf, records, [gone], other)
        if filled:
            await tell(shelf, records, shelf.resource.events.changed(kept, row, sorted(filled)), row)
        merged = {"merged_id": str(other_id), "merge_id": str(stored.id)}
        note(shelf, records, "merge", kept_id, merged)
    return _merge(stored)


async def undo(shelf: Shelf, merge_id: UUID) -> merge_schemas.Merge:
    """Take a merge apart.

    Raises:
        Problem: 404 where there is none, 409 where it was undone already or the kept record is gone.
    """
    entity = shelf.resource.noun
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        records, merges = shelf.open(session), MergeRepository(session, shelf.subject.tenant_id)
        stored = await merges.lock_merge(merge_id)
        if stored is None or stored.entity != entity:
            raise not_found("merge")
        if stored.undone_at is not None:
            raise Problem(409, "undone-already", "this merge was undone already")
        kept = await records.lock(stored.kept_id)
        if kept is None:
            raise Problem(
                409, "kept-record-gone", f"the {entity} that was kept is gone", hint="undo its own merge first"
            )
        row = await records.add(await _still_there(records, stored.merged_record))
        await merges.move_back(entity, stored.moved, stored.kept_id, stored.merged_id)
        now = _plain(dict(kept._mapping))
        taken_back = {name: _EMPTY.get(name) for name, value in stored.filled.items() if now[name] == value}
        if taken_back:
            changed = await records.change(kept.id, taken_back)
            await tell(shelf, records, shelf.resource.events.changed(kept, changed, sorted(taken_back)), changed)
        await tell(shelf, records, shelf.resource.events.created(row), row)
        stored_after = await merges.mark_undone(merge_id)
        unmerged = {"merged_id": str(stored.merged_id), "merge_id": str(merge_id)}
        note(shelf, records, "unmerge", kept.id, unmerged)
    return _merge(stored_after)


async def list_merges(shelf: Shelf, kept_id: UUID) -> list[merge_schemas.Merge]:
    """The merges into a record, the last first.

    Raises:
        Problem: 404 where the tenant has no such record.
    """
    async with shelf.databases.operational(shelf.subject.context) as session:
        if await shelf.open(session).find(kept_id) is None:
            raise not_found(shelf.resource.noun)
        rows = await MergeRepository(session, shelf.subject.tenant_id).list_merges(shelf.resource.noun, kept_id)
    return [_merge(row) for row in rows]


async def find_duplicates(shelf: Shelf) -> merge_schemas.DuplicateGroups:
    """Records that are probably one: by e-mail, phone or name of contacts, by domain or name of companies."""
    c, o = contacts.c, companies.c
    name = func.lower(func.trim(func.concat(c.first_name, " ", c.last_name)))
    digits = func.right(func.regexp_replace(c.phone, r"\D", "", "g"), 8)
    keys: dict[str, tuple[Any, list[tuple[str, Any]]]] = {
        "contact": (contacts, [("email", func.lower(c.email)), ("phone", digits), ("name", name)]),
        "company": (companies, [("domain", func.lower(o.domain)), ("name", func.lower(func.trim(o.name)))]),
    }
    table, reasons = keys[shelf.resource.noun]
    groups: list[merge_schemas.DuplicateGroup] = []
    seen: set[frozenset[UUID]] = set()
    async with shelf.databases.operational(shelf.subject.context) as session:
        repository = MergeRepository(session, shelf.subject.tenant_id)
        for reason, key in reasons:
            for ids in await repository.duplicates(table, key):
                if frozenset(ids) not in seen:
                    seen.add(frozenset(ids))
                    groups.append(merge_schemas.DuplicateGroup(reason=reason, ids=ids))  # type: ignore[arg-type]
    return merge_schemas.DuplicateGroups(items=sorted(groups, key=lambda group: -len(group.ids))[:200])


_EMPTY: dict[str, Any] = {"tags": [], "custom": {}}


def _gaps(kept: Row[Any], other: Row[Any]) -> dict[str, Any]:
    """What the other one says where the kept one says nothing. A consent is never taken over."""
    gaps = {}
    for name, theirs in other._mapping.items():
        ours = kept._mapping[name]
        is_gap = ours is None or ours == _EMPTY.get(name, ...)
        is_own = name == "parent_id" and theirs == kept.id
        if name not in _STAMPS and is_gap and theirs not in (None, ours) and not is_own:
            gaps[name] = theirs
    return gaps


async def _still_there(records: RecordRepository, record: dict[str, Any]) -> dict[str, Any]:
    """A merged record's columns as they were, without links to what is gone meanwhile."""
    homes = {"company_id": companies, "parent_id": companies, "owner_id": users}
    values = dict(record)
    for column, table in homes.items():
        if values.get(column) is not None and await records.of(table).find(UUID(values[column])) is None:
            values[column] = None
    return values


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON holds it."""
    kept = (str, int, float, bool, list, dict, type(None))
    return {name: value if isinstance(value, kept) else str(value) for name, value in values.items()}


def _merge(row: Row[Any]) -> merge_schemas.Merge:
    return merge_schemas.Merge(
        id=row.id, entity=row.entity, kept_id=row.kept_id, merged_id=row.merged_id, filled=sorted(row.filled),
        moved={name: len(ids) for name, ids in row.moved.items()}, merged_at=row.merged_at, undone_at=row.undone_at,
    )  # fmt: skip
