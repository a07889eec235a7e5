"""Storing applications' documents, each as its application's schema wants it. SQL is the repository's."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from serving.application_data.checking import Unfit, check_document, check_schema
from serving.application_data.repository import DocumentRepository
from serving.application_data.schemas import ApplicationSchema, Document, DocumentPage
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found
from serving.outbox import emit
from tekup.contracts.events import ApplicationDataDeleted, ApplicationDataStored

Json = dict[str, Any]


async def get_schema(databases: Databases, subject: Subject, app_name: str) -> ApplicationSchema:
    """The application's schema.

    Raises:
        Problem: 404 it has none.
    """
    async with databases.operational(subject.context) as session:
        row = await DocumentRepository(session, subject.tenant_id, app_name).find_schema()
    if row is None:
        raise not_found("application")
    return ApplicationSchema(**row._mapping)


async def set_schema(databases: Databases, subject: Subject, app_name: str, schema: Json) -> ApplicationSchema:
    """Store or replace the application's schema. Documents that are there stay; the next write is held to it.

    Raises:
        Problem: 422 it is no schema that we offer.
    """
    await _fit(check_schema, schema)
    async with databases.operational(subject.context, read_only=False) as session:
        row = await DocumentRepository(session, subject.tenant_id, app_name).set_schema(schema)
    return ApplicationSchema(**row._mapping)


async def list_documents(
    databases: Databases, subject: Subject, app_name: str, after: UUID | None, limit: int
) -> DocumentPage:
    """A page of the application's documents."""
    async with databases.operational(subject.context) as session:
        rows = await DocumentRepository(session, subject.tenant_id, app_name).page(after, limit + 1)
    items = [Document(**row._mapping) for row in rows[:limit]]
    return DocumentPage(items=items, next_after=items[-1].id if len(rows) > limit else None)


async def get_document(databases: Databases, subject: Subject, app_name: str, document_id: UUID) -> Document:
    """One document.

    Raises:
        Problem: 404 no such document.
    """
    async with databases.operational(subject.context) as session:
        row = await DocumentRepository(session, subject.tenant_id, app_name).find(document_id)
    if row is None:
        raise not_found("document")
    return Document(**row._mapping)


async def store_document(
    databases: Databases, subject: Subject, app_name: str, data: Json, request_id: str, document_id: UUID | None = None
) -> Document:
    """Store a new document, or replace the one with this id.

    Raises:
        Problem: 404 no such document, 409 the application has no schema, 422 the document is not as it says.
    """
    async with databases.operational(subject.context, read_only=False) as session:
        repository = DocumentRepository(session, subject.tenant_id, app_name)
        known = await repository.find_schema(locks=True)
        if known is None:
            raise Problem(
                409, "no-schema", f"the application {app_name} has no schema yet",
                hint=f"PUT one to /v1/applications/{app_name}/schema",
            )  # fmt: skip
        await _fit(check_document, known.json_schema, data)
        row = await (repository.add(data) if document_id is None else repository.replace(document_id, data))
        if row is None:
            raise not_found("document")
        told = ApplicationDataStored(application_data_id=row.id, app_name=app_name)
        await emit(session, subject.tenant_id, told, row.id, request_id)
    return Document(**row._mapping)


async def delete_document(
    databases: Databases, subject: Subject, app_name: str, document_id: UUID, request_id: str
) -> None:
    """Delete a document.

    Raises:
        Problem: 404 no such document.
    """
    async with databases.operational(subject.context, read_only=False) as session:
        if not await DocumentRepository(session, subject.tenant_id, app_name).remove(document_id):
            raise not_found("document")
        told = ApplicationDataDeleted(application_data_id=document_id, app_name=app_name)
        await emit(session, subject.tenant_id, told, document_id, request_id)


async def _fit(check: Callable[..., None], *values: Any) -> None:
    """Judge off the event loop: a large document under a large schema takes its time."""
    try:
        await asyncio.to_thread(check, *values)
    except Unfit as unfit:
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in unfit.faults]
        raise Problem(422, "unusable-input", "the request can't be used", errors=errors) from None
