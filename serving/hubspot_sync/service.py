"""What can be done with the synchronisation: see and set it, look ahead, retry what was refused."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.hubspot_sync.fields import DEFAULTS
from serving.hubspot_sync.marking import order
from serving.hubspot_sync.pairing import objects_for
from serving.hubspot_sync.portal import RESOURCES, Bench, open_writer, set_up
from serving.hubspot_sync.repository import KINDS, SyncRepository
from serving.hubspot_sync.schemas import (
    FieldPreview,
    HubspotSync,
    HubspotSyncs,
    HubspotSyncUpdate,
    SyncFailure,
    SyncFailures,
    SyncPreview,
)
from serving.hubspot_sync.weighing import weigh
from serving.kit.audit import note_change
from serving.kit.databases import Databases, as_platform
from serving.kit.problems import Problem, not_found, unusable_field
from tekup.db import Doors
from tekup.errors import TekupError
from tekup.tenancy import TenantContext

MOST_PREVIEWED = 500
_MOST_SHOWN = 200
_NEW: dict[str, Any] = {
    "direction": "off", "rule": "newest", "fields": {}, "stages": {}, "matches": True, "requires_consent": False,
    "follows_deletions": True, "sent_count": 0, "received_count": 0, "last_sent_at": None, "last_received_at": None,
    "watermark": None, "error": None,
}  # fmt: skip


async def list_syncs(databases: Databases, context: TenantContext) -> HubspotSyncs:
    """Every kind, also those that were never switched on."""
    async with databases.operational(context) as session:
        repository = SyncRepository(session, context.tenant_id)
        rows = {row.kind: dict(row._mapping) for row in await repository.syncs()}
        counts = await repository.counts()
    return HubspotSyncs(items=[_shown(kind, rows.get(kind, _NEW), counts.get(kind, {})) for kind in KINDS])


async def set_sync(databases: Databases, context: TenantContext, kind: str, body: HubspotSyncUpdate) -> HubspotSync:
    """Change how a kind is synchronised. What is switched on begins at once with all records and objects.

    Raises:
        Problem: 422 a field or stage that there is not, or a wish that makes no sense for the kind.
    """
    changes = _given(body)
    if "stages" in changes:
        changes["stages"] = {str(stage): number for stage, number in changes["stages"].items()}
    async with databases.operational(context, read_only=False) as session:
        repository = SyncRepository(session, context.tenant_id)
        async with as_platform(session):
            custom = await repository.custom_kinds(str(RESOURCES[kind].custom_entity))
            await _check(repository, kind, changes, custom)
        before = await repository.find_sync(kind, locks=True)
        was = before.direction if before is not None else "off"
        row = await repository.set_sync(kind, changes)
        goes_out = row.direction in ("out", "both")
        if goes_out and (was not in ("out", "both") or changes.keys() - {"direction"}):
            # all records, also those that the caller is not shown
            async with as_platform(session):
                await repository.mark_all(kind)
        if row.direction in ("in", "both") and was not in ("in", "both"):
            row = await repository.set_sync(kind, {"watermark": None, "looked_at": None})
        note_change(
            session, "hubspot_sync.change", "hubspot_sync", context.tenant_id,
            details={"kind": kind, "fields": sorted(changes)},
        )  # fmt: skip
        if row.direction != "off":
            await order(session, context.tenant_id, kind)
        counts = await repository.counts()
    return _shown(kind, dict(row._mapping), counts.get(kind, {}))


async def run_now(databases: Databases, context: TenantContext, kind: str) -> None:
    """Have a run begin now.

    Raises:
        Problem: 409 the kind is off.
    """
    async with databases.operational(context, read_only=False) as session:
        row = await SyncRepository(session, context.tenant_id).find_sync(kind)
        if row is None or row.direction == "off":
            raise Problem(409, "switched-off", f"{kind} are not synchronised", hint="set a direction first")
        await order(session, context.tenant_id, kind)


async def list_failures(databases: Databases, context: TenantContext, kind: str) -> SyncFailures:
    """The records that were refused, the latest first."""
    async with databases.operational(context) as session:
        rows = await SyncRepository(session, context.tenant_id).failures(kind, _MOST_SHOWN)
    return SyncFailures(items=[SyncFailure(**row._mapping) for row in rows])


async def retry(databases: Databases, context: TenantContext, kind: str, row_id: UUID | None) -> int:
    """Put one refused record back, or all of a kind; how many.

    Raises:
        Problem: 404 where the one named was not refused.
    """
    async with databases.operational(context, read_only=False) as session:
        repository = SyncRepository(session, context.tenant_id)
        count = await repository.retry(kind, row_id)
        if row_id is not None and not count:
            raise not_found("refused record")
        if count:
            note_change(
                session, "hubspot_sync.retry", "hubspot_sync", context.tenant_id, details={"kind": kind, "count": count}
            )
            await order(session, context.tenant_id, kind)
    return count


async def preview(
    doors: Doors, databases: Databases, context: TenantContext, kind: str, wish: HubspotSyncUpdate
) -> SyncPreview:
    """What a first run would do, found out by reading alone; at most 500 records are compared.

    Raises:
        Problem: 409 there is no connection to HubSpot, or it does not let us read.
    """
    stored = TenantContext.system(context.tenant_id)
    async with databases.operational(stored) as session:
        repository = SyncRepository(session, context.tenant_id)
        row = await repository.find_sync(kind)
        total, records = await repository.sample(kind, MOST_PREVIEWED)
        linked = await repository.by_records(kind, [one.id for one in records])
    values = dict(_NEW if row is None else row._mapping) | _given(wish)
    values["direction"] = "both" if values["direction"] == "off" else values["direction"]
    values["stages"] = {str(stage): number for stage, number in values["stages"].items()}
    try:
        writer = await asyncio.to_thread(open_writer, doors, context.tenant_id)
        try:
            bench = await set_up(
                databases, doors.master_key, context.tenant_id, kind, _Wish(values), writer, only_looks=True
            )
            return await _look_ahead(bench, total, records, linked)
        finally:
            writer.close()
    except TekupError as fault:
        raise Problem(409, "hubspot-not-readable", fault.what, hint=fault.hint) from None


class _Wish:
    """A tenant's wish that is not stored."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


async def _look_ahead(bench: Bench, total: int, records: Any, linked: Mapping[UUID, Row[Any]]) -> SyncPreview:
    known = {one.id for one in records if one.id in linked and linked[one.id].object_id is not None}
    left = [one for one in records if one.id not in known]
    found = await objects_for(bench, left) if left else {}
    takes: Counter[str] = Counter()
    sends: Counter[str] = Counter()
    for record in left:
        if record.id in found:
            blank = _Wish({"id": record.id, "base": {}, "links": {}, "set_at": {}})
            weighed = weigh(blank, record, found[record.id], bench.fields, bench.policy, {})  # type: ignore[arg-type]
            takes.update(list(weighed.changes))
            sends.update(list(weighed.sends))
    count = await asyncio.to_thread(bench.writer.count, bench.kind)
    is_whole = total <= len(records)
    creates_there = len(left) - len(found) if bench.policy.may_out else 0
    creates_here = max(0, count - len(found) - len(known)) if is_whole else None
    return SyncPreview(
        record_count=total,
        checked_count=len(records),
        linked_count=len(known),
        matched_count=len(found),
        created_at_hubspot_count=creates_there,
        object_count=count,
        created_here_count=creates_here if bench.policy.may_in else 0,
        fields=[
            FieldPreview(field=one.name, property=one.property, to_hubspot=sends[one.name], to_tekup=takes[one.name])
            for one in bench.fields
        ],
    )


async def _check(repository: SyncRepository, kind: str, changes: Mapping[str, Any], custom: Mapping[str, str]) -> None:
    columns = set(RESOURCES[kind].read.model_fields) - {"id", "created_at", "updated_at", "tags", "custom"}
    columns -= {"company_id", "contact_id", "lead_id", "parent_id", "pipeline_id", "status", "closed_at"}
    for name in changes.get("fields", {}):
        is_own = name.startswith("custom.") and name.removeprefix("custom.") in custom
        if name not in columns and not is_own:
            raise unusable_field(f"/fields/{name}", f"no such field; there are {', '.join(sorted(columns))}")
    stages = changes.get("stages")
    if stages:
        if kind != "deals":
            raise unusable_field("/stages", "only deals have stages")
        known = {str(one) for one in await repository.stages()}
        for stage in stages:
            if stage not in known:
                raise unusable_field(f"/stages/{stage}", "no such stage")
    if changes.get("requires_consent") and kind != "contacts":
        raise unusable_field("/requires_consent", "only contacts give consent")


def _given(body: HubspotSyncUpdate) -> dict[str, Any]:
    return {name: value for name, value in body.model_dump().items() if value is not None}


def _shown(kind: str, values: Mapping[str, Any], counts: Mapping[str, int]) -> HubspotSync:
    told: dict[str, Any] = {name: values[name] for name in _NEW} | {"kind": kind}
    told["fields"] = {**DEFAULTS[kind], **told["fields"]}
    told |= {f"{name}_count": counts.get(name, 0) for name in ("linked", "waiting", "failed")}
    return HubspotSync(**told)
