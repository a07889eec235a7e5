"""The routes that every resource has. What they do is the service's affair."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from serving.auth.subject import Subject, authenticate
from serving.kit.databases import AppDatabases, Databases
from serving.kit.problems import FieldFault, ProblemDocument
from serving.records import service as record_service
from serving.records.resource import PageQuery, Resource
from serving.records.service import MOST_AT_ONCE, Shelf, version_of

IfMatch: TypeAlias = Annotated[
    str | None,
    Header(alias="if-match", max_length=64, description="The `ETag` that you read; a record that changed since stays."),
]
_EXPORTED_AT_ONCE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class BulkResult(BaseModel):
    """What became of one item."""

    status: int = Field(description="201 stored; 409 and 422 not stored, with the reasons.")
    id: UUID | None = None
    errors: list[FieldFault] | None = None


class BulkResults(BaseModel):
    """What became of each item, in their order."""

    items: list[BulkResult]


def shelf_of(resource: Resource, request: Request, subject: Subject, databases: Databases) -> Shelf:
    """The resource as this request may see it."""
    return Shelf(resource, databases, subject, request.scope["request_id"])


def resource_router(resource: Resource) -> APIRouter:
    """List, make (one or many), read, change, delete and export."""
    router = reading_router(resource)
    _add_writing(router, resource)
    return router


def reading_router(resource: Resource) -> APIRouter:
    """List, read and export, for what only the platform itself writes."""
    router = APIRouter(prefix=resource.path, tags=[resource.plural.replace("_", " ")])
    _add_reading(router, resource)
    return router


def _add_reading(router: APIRouter, resource: Resource) -> None:
    reader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=[resource.read_scope])]
    noun, nouns = resource.noun, resource.plural.replace("_", " ")
    query_model: Any = resource.query

    async def list_all(
        request: Request, subject: reader, databases: AppDatabases, query: Annotated[query_model, Query()]
    ) -> Any:
        shelf = shelf_of(resource, request, subject, databases)
        return await record_service.list_records(shelf, query, request.app.state.cursors)

    async def export(
        request: Request, subject: reader, databases: AppDatabases, query: Annotated[query_model, Query()]
    ) -> StreamingResponse:
        shelf = shelf_of(resource, request, subject, databases)
        cursors, query = request.app.state.cursors, query.model_copy(update={"limit": _EXPORTED_AT_ONCE})
        # the first page before the answer begins, so that what is wrong is said by its status
        first = await record_service.list_records(shelf, query, cursors)
        lines = _csv_lines(shelf, query, first, cursors)
        name = {"content-disposition": f'attachment; filename="{resource.plural}.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=name)

    async def get_one(
        request: Request,
        response: Response,
        subject: reader,
        databases: AppDatabases,
        record_id: UUID,
        if_none_match: Annotated[str | None, Header(max_length=64)] = None,
    ) -> Any:
        record = await record_service.get_record(shelf_of(resource, request, subject, databases), record_id)
        version = version_of(record)
        if if_none_match == version:
            return Response(status_code=304, headers={"etag": version})
        response.headers["etag"] = version
        return record

    paging = "Page with `next_cursor`; a cursor is good only for the same filters and order."
    router.add_api_route(
        "", list_all, methods=["GET"], name=f"list {nouns}", response_model=resource.page,
        description=f"List {nouns}, the latest first unless `sort` says otherwise. {paging}",
    )  # fmt: skip
    router.add_api_route(
        "/export", export, methods=["GET"], name=f"export {nouns}", response_class=StreamingResponse,
        description=f"All {nouns} that the filters choose, as CSV. "
        "What a spreadsheet would run as a formula is quoted.",
    )  # fmt: skip
    router.add_api_route(
        "/{record_id}", get_one, methods=["GET"], name=f"get {noun}", response_model=resource.read,
        description=f"One {noun}. `ETag` names its version; with `If-None-Match` an unchanged one gets 304.",
        responses={304: {"description": "Not changed."}, 404: {"model": ProblemDocument}},
    )  # fmt: skip


def _add_writing(router: APIRouter, resource: Resource) -> None:
    writer: TypeAlias = Annotated[Subject, Security(authenticate, scopes=[resource.write_scope])]
    noun, nouns = resource.noun, resource.plural.replace("_", " ")
    create_model: Any = resource.create
    update_model: Any = resource.update

    async def create(
        request: Request, response: Response, subject: writer, databases: AppDatabases, body: create_model
    ) -> Any:
        record: Any = await record_service.create_record(shelf_of(resource, request, subject, databases), body)
        response.headers["location"] = f"{resource.path}/{record.id}"
        response.headers["etag"] = version_of(record)
        return record

    async def create_many(
        request: Request,
        subject: writer,
        databases: AppDatabases,
        items: Annotated[list[dict[str, Any]], Body(embed=True, min_length=1, max_length=MOST_AT_ONCE)],
    ) -> Any:
        return {"items": await record_service.create_records(shelf_of(resource, request, subject, databases), items)}

    async def change(
        request: Request,
        response: Response,
        subject: writer,
        databases: AppDatabases,
        record_id: UUID,
        body: update_model,
        if_match: IfMatch = None,
    ) -> Any:
        shelf = shelf_of(resource, request, subject, databases)
        record = await record_service.change_record(shelf, record_id, body, if_match)
        response.headers["etag"] = version_of(record)
        return record

    async def delete(
        request: Request, subject: writer, databases: AppDatabases, record_id: UUID, if_match: IfMatch = None
    ) -> None:
        await record_service.delete_record(shelf_of(resource, request, subject, databases), record_id, if_match)

    refused: dict[int | str, dict[str, Any]] = {code: {"model": ProblemDocument} for code in (404, 409, 412, 422)}
    router.add_api_route(
        "", create, methods=["POST"], status_code=201, name=f"create {noun}", response_model=resource.read,
        description=f"Store a new {noun}; `Location` and `ETag` name it.", responses={409: refused[409]},
    )  # fmt: skip
    router.add_api_route(
        "/bulk", create_many, methods=["POST"], name=f"create {nouns}", response_model=BulkResults,
        response_model_exclude_none=True,
        description=f"Store up to {MOST_AT_ONCE} {nouns}; each item has the fields of a new {noun}, and each stands or "
        "falls by itself.",
    )  # fmt: skip
    router.add_api_route(
        "/{record_id}", change, methods=["PATCH"], name=f"change {noun}", response_model=resource.read,
        description=f"Set the fields that are sent; the others of the {noun} stay.", responses=refused,
    )  # fmt: skip
    router.add_api_route(
        "/{record_id}", delete, methods=["DELETE"], status_code=204, name=f"delete {noun}",
        description=f"Delete a {noun}; with `If-Match` only if nobody changed it since.",
        responses={code: refused[code] for code in (404, 409, 412)},
    )  # fmt: skip


async def _csv_lines(shelf: Shelf, query: PageQuery, first: Any, cursors: Any) -> AsyncIterator[str]:
    """The header and every row, page by page, so that memory does not grow with the list."""
    names, page = list(shelf.resource.read.model_fields), first
    yield _csv_line(names)
    while True:
        yield "".join(_csv_line([getattr(record, name) for name in names]) for record in page.items)
        if page.next_cursor is None:
            return
        page = await record_service.list_records(shelf, query.model_copy(update={"cursor": page.next_cursor}), cursors)


def _csv_line(values: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if isinstance(value, str | list) and text.startswith(_FORMULA) else text
