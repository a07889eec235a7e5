"""Routes of applications' schemas and documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from serving.application_data import service as document_service
from serving.application_data.auth import DocumentReader, DocumentWriter
from serving.application_data.schemas import ApplicationSchema, AppName, Document, DocumentPage, Json
from serving.kit.databases import AppDatabases

router = APIRouter(prefix="/v1/applications/{app_name}", tags=["application data"])


@router.get("/schema")
async def get_schema(subject: DocumentReader, databases: AppDatabases, app_name: AppName) -> ApplicationSchema:
    """The JSON schema that the application's documents are held to."""
    return await document_service.get_schema(databases, subject, app_name)


@router.put("/schema")
async def set_schema(
    subject: DocumentWriter, databases: AppDatabases, app_name: AppName, body: Json
) -> ApplicationSchema:
    """Give the application a schema (JSON Schema 2020-12), or another one.

    `pattern`, `patternProperties` and references out of the schema are not offered. Stored documents stay as they are.
    """
    return await document_service.set_schema(databases, subject, app_name, body)


@router.get("/data")
async def list_documents(
    subject: DocumentReader,
    databases: AppDatabases,
    app_name: AppName,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DocumentPage:
    """List the application's documents, the oldest first."""
    return await document_service.list_documents(databases, subject, app_name, after, limit)


@router.post("/data", status_code=201)
async def create_document(
    request: Request,
    response: Response,
    subject: DocumentWriter,
    databases: AppDatabases,
    app_name: AppName,
    body: Json,
) -> Document:
    """Store a document that is as the application's schema says; each fault is named with its place."""
    made = await document_service.store_document(databases, subject, app_name, body, request.scope["request_id"])
    response.headers["location"] = f"/v1/applications/{app_name}/data/{made.id}"
    return made


@router.get("/data/{document_id}")
async def get_document(
    subject: DocumentReader, databases: AppDatabases, app_name: AppName, document_id: UUID
) -> Document:
    """One document of the application."""
    return await document_service.get_document(databases, subject, app_name, document_id)


@router.put("/data/{document_id}")
async def replace_document(
    request: Request, subject: DocumentWriter, databases: AppDatabases, app_name: AppName, document_id: UUID, body: Json
) -> Document:
    """Replace a document by one that is as the application's schema says."""
    request_id = request.scope["request_id"]
    return await document_service.store_document(databases, subject, app_name, body, request_id, document_id)


@router.delete("/data/{document_id}", status_code=204)
async def delete_document(
    request: Request, subject: DocumentWriter, databases: AppDatabases, app_name: AppName, document_id: UUID
) -> None:
    """Delete a document of the application."""
    await document_service.delete_document(databases, subject, app_name, document_id, request.scope["request_id"])
