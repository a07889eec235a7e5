"""Routes of the CRM: those that every resource has, and duplicates and merges."""

from uuid import UUID

from fastapi import APIRouter, Request

from serving.crm import merging
from serving.crm.auth import CompanyReader, CompanyWriter, ContactReader, ContactWriter
from serving.crm.merge_schemas import DuplicateGroups, Merge, MergeRequest
from serving.crm.resources import COMPANY, CONTACT, RESOURCES
from serving.kit.databases import AppDatabases
from serving.records.routes import resource_router, shelf_of

router = APIRouter()
crm = APIRouter(tags=["crm"])


@crm.get("/v1/contacts/duplicates")
async def list_duplicate_contacts(request: Request, subject: ContactReader, databases: AppDatabases) -> DuplicateGroups:
    """Contacts that are probably one: of the same e-mail, phone number (its last eight digits) or name."""
    return await merging.find_duplicates(shelf_of(CONTACT, request, subject, databases))


@crm.get("/v1/companies/duplicates")
async def list_duplicate_companies(
    request: Request, subject: CompanyReader, databases: AppDatabases
) -> DuplicateGroups:
    """Companies that are probably one: of the same domain or name."""
    return await merging.find_duplicates(shelf_of(COMPANY, request, subject, databases))


@crm.post("/v1/contacts/{record_id}/merges", status_code=201)
async def merge_contact(
    request: Request, subject: ContactWriter, databases: AppDatabases, record_id: UUID, body: MergeRequest
) -> Merge:
    """Let another contact go into this one, with its leads, deals, activities and touchpoints."""
    return await merging.merge(shelf_of(CONTACT, request, subject, databases), record_id, body.other_id)


@crm.get("/v1/contacts/{record_id}/merges")
async def list_contact_merges(
    request: Request, subject: ContactWriter, databases: AppDatabases, record_id: UUID
) -> list[Merge]:
    """The merges into a contact, the last first."""
    return await merging.list_merges(shelf_of(CONTACT, request, subject, databases), record_id)


@crm.post("/v1/contacts/merges/{merge_id}/undo")
async def undo_contact_merge(
    request: Request, subject: ContactWriter, databases: AppDatabases, merge_id: UUID
) -> Merge:
    """Take a merge apart: the other contact comes back with its id and with what still belongs to it."""
    return await merging.undo(shelf_of(CONTACT, request, subject, databases), merge_id)


@crm.post("/v1/companies/{record_id}/merges", status_code=201)
async def merge_company(
    request: Request, subject: CompanyWriter, databases: AppDatabases, record_id: UUID, body: MergeRequest
) -> Merge:
    """Let another company go into this one, with its contacts, leads, deals and subsidiaries."""
    return await merging.merge(shelf_of(COMPANY, request, subject, databases), record_id, body.other_id)


@crm.get("/v1/companies/{record_id}/merges")
async def list_company_merges(
    request: Request, subject: CompanyWriter, databases: AppDatabases, record_id: UUID
) -> list[Merge]:
    """The merges into a company, the last first."""
    return await merging.list_merges(shelf_of(COMPANY, request, subject, databases), record_id)


@crm.post("/v1/companies/merges/{merge_id}/undo")
async def undo_company_merge(
    request: Request, subject: CompanyWriter, databases: AppDatabases, merge_id: UUID
) -> Merge:
    """Take a merge apart: the other company comes back with its id and with what still belongs to it."""
    return await merging.undo(shelf_of(COMPANY, request, subject, databases), merge_id)


# before the resources' own routes, whose /{record_id} would take their place
router.include_router(crm)
for resource in RESOURCES:
    router.include_router(resource_router(resource))
