"""Routes of imports: one for each kind of record."""

import json
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, File, Form, Request, Security, UploadFile

from serving.auth.subject import Subject, authenticate
from serving.crm.resources import COMPANY, CONTACT, DEAL
from serving.imports import service as import_service
from serving.imports.reading import MOST_BYTES
from serving.imports.schemas import ImportReport, MatchOn
from serving.kit.databases import AppDatabases
from serving.kit.problems import unusable_field
from serving.records.resource import Resource
from serving.records.routes import shelf_of

router = APIRouter(tags=["imports"])


def _add_import(resource: Resource) -> None:
    writer: TypeAlias = Annotated[Subject, Security(authenticate, scopes=[resource.write_scope])]

    async def take(
        request: Request,
        subject: writer,
        databases: AppDatabases,
        file: Annotated[UploadFile, File(description="CSV or Excel (.xlsx); the first row names the columns.")],
        mapping: Annotated[
            str | None,
            Form(max_length=20_000, description="JSON: column to field. Left out, the columns' names decide."),
        ] = None,
        match_on: Annotated[MatchOn, Form(description="Rows that match a record change it.")] = "nothing",
        sheet: Annotated[str | None, Form(max_length=100)] = None,
        dry_run: Annotated[bool, Form(description="Tell what would happen, and do nothing.")] = False,
    ) -> ImportReport:
        return await import_service.take_file(
            shelf_of(resource, request, subject, databases),
            await file.read(MOST_BYTES + 1),
            mapping=_read_mapping(mapping),
            match_on=match_on,
            sheet=sheet,
            is_dry_run=dry_run,
            master_key=request.app.state.master_key,
        )

    nouns = resource.plural
    router.add_api_route(
        f"{resource.path}/imports", take, methods=["POST"], name=f"import {nouns}", response_model=ImportReport,
        response_model_exclude_none=True,
        description=f"Take {nouns} in from a table of up to 5,000 rows; each row stands or falls by itself. "
        "`custom.<name>` fills a field of your own; `company_domain`, `owner_email` and `stage_name` find others.",
    )  # fmt: skip


def _read_mapping(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        read: Any = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict) or not all(isinstance(field, str) for field in read.values()):
        raise unusable_field("/mapping", 'must be a JSON object of column to field, such as {"Mail": "email"}')
    return read


for _resource in (CONTACT, COMPANY, DEAL):
    _add_import(_resource)
