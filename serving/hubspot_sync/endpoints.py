"""Routes of the synchronisation with HubSpot."""

from uuid import UUID

from fastapi import APIRouter, Request

from serving.hubspot_sync import service as sync_service
from serving.hubspot_sync.auth import SyncReader, SyncWriter
from serving.hubspot_sync.schemas import (
    HubspotSync,
    HubspotSyncs,
    HubspotSyncUpdate,
    Retried,
    SyncFailures,
    SyncKind,
    SyncPreview,
)
from serving.kit.databases import AppDatabases

router = APIRouter(prefix="/v1/hubspot-syncs", tags=["hubspot"])


@router.get("")
async def list_hubspot_syncs(subject: SyncReader, databases: AppDatabases) -> HubspotSyncs:
    """How contacts, companies and deals are kept alike with HubSpot, how many wait and failed, what stands still."""
    return await sync_service.list_syncs(databases, subject.context)


@router.patch("/{kind}")
async def set_hubspot_sync(
    subject: SyncWriter, databases: AppDatabases, kind: SyncKind, body: HubspotSyncUpdate
) -> HubspotSync:
    """Say which way a kind goes, who wins where both sides changed a field, and which field is which property.

    What is switched on begins at once, with all records and objects; look ahead with the preview first.
    """
    return await sync_service.set_sync(databases, subject.context, kind, body)


@router.post("/{kind}/preview")
async def preview_hubspot_sync(
    request: Request, subject: SyncWriter, databases: AppDatabases, kind: SyncKind, body: HubspotSyncUpdate
) -> SyncPreview:
    """What would happen with these settings: matches, new objects and records, fields that differ. Nothing is changed.

    At most 500 records are compared. 409 where HubSpot can't be read.
    """
    return await sync_service.preview(request.app.state.doors, databases, subject.context, kind, body)


@router.post("/{kind}/runs", status_code=202)
async def run_hubspot_sync(subject: SyncWriter, databases: AppDatabases, kind: SyncKind) -> None:
    """Have a run begin now instead of within a minute."""
    await sync_service.run_now(databases, subject.context, kind)


@router.get("/{kind}/failures")
async def list_hubspot_failures(subject: SyncReader, databases: AppDatabases, kind: SyncKind) -> SyncFailures:
    """The last 200 records that HubSpot or TekUp refused, and why."""
    return await sync_service.list_failures(databases, subject.context, kind)


@router.post("/{kind}/failures/retry")
async def retry_hubspot_failures(subject: SyncWriter, databases: AppDatabases, kind: SyncKind) -> Retried:
    """Try all that were refused again."""
    return Retried(retried_count=await sync_service.retry(databases, subject.context, kind, None))


@router.post("/{kind}/failures/{failure_id}/retry")
async def retry_hubspot_failure(
    subject: SyncWriter, databases: AppDatabases, kind: SyncKind, failure_id: UUID
) -> Retried:
    """Try one that was refused again."""
    return Retried(retried_count=await sync_service.retry(databases, subject.context, kind, failure_id))
