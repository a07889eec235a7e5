"""Taking a file in: each row by itself, in one transaction, which a dry run takes back."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from serving.imports.mapping import fields_of, read_mapping, read_row
from serving.imports.reading import read_table
from serving.imports.repository import ImportRepository
from serving.imports.schemas import MOST_TOLD, ImportedRow, ImportReport, MatchOn
from serving.kit.audit import savepoint
from serving.kit.erasures import Identifier, find_erased
from serving.kit.problems import FieldFault, Problem, faults_of
from serving.records import service as record_service
from serving.records.service import Shelf
from tekup.crypto.keys import MasterKey
from tekup.errors import BadInput

Read: TypeAlias = tuple[int, dict[str, Any], dict[str, str]]
"""A row's number, its values by field, and what is wrong with which field."""
_IDENTIFIERS = ("email", "phone")
"""Fields of a contact by which a person is known again."""
_REFERENCES: Mapping[str, Mapping[str, str]] = {
    "contact": {"company_domain": "company_id", "owner_email": "owner_id"},
    "company": {"owner_email": "owner_id"},
    "deal": {"company_domain": "company_id", "owner_email": "owner_id", "stage_name": "stage_id"},
}
"""What finds another record by its name, and the field that it fills."""


class _Undo(Exception):
    """Raised to take a dry run back."""


async def take_file(
    shelf: Shelf,
    content: bytes,
    *,
    mapping: Mapping[str, str] | None,
    match_on: MatchOn,
    sheet: str | None,
    is_dry_run: bool,
    master_key: MasterKey,
) -> ImportReport:
    """Store the rows of a file, or change the records that they match. A person who was erased is not taken in.

    Raises:
        BadInput: the file or the mapping can't be used.
    """
    table = await asyncio.to_thread(read_table, content, sheet)
    noun, create = shelf.resource.noun, shelf.resource.create
    if match_on != "nothing" and match_on not in create.model_fields:
        raise BadInput(f"a {noun} has no {match_on} to match on")
    try:
        async with shelf.databases.operational(shelf.subject.context, read_only=False) as session, savepoint(session):
            custom = await ImportRepository(session, shelf.subject.tenant_id).custom_kinds(noun)
            wanted = read_mapping(table.columns, mapping, fields_of(create, custom, _REFERENCES[noun]))
            report = ImportReport(
                is_dry_run=is_dry_run, mapping=wanted, unmapped=[c for c in table.columns if c not in wanted],
                created=0, changed=0, failed=0, rows=[],
            )  # fmt: skip
            rows = [(number, *read_row(cells, wanted, custom)) for number, cells in table.rows]
            erased = await find_erased(session, shelf.subject.tenant_id, master_key, _persons_in(noun, rows))
            await _take_rows(shelf, session, rows, report, match_on, erased)
            if is_dry_run:
                raise _Undo
    except _Undo:
        pass
    return report


async def _take_rows(
    shelf: Shelf,
    session: AsyncSession,
    rows: list[Read],
    report: ImportReport,
    match_on: MatchOn,
    erased: frozenset[Identifier],
) -> None:
    for number, values, faults in rows:
        try:
            if faults:
                errors = [{"pointer": f"/{field}", "detail": detail} for field, detail in faults.items()]
                raise Problem(422, "unusable-input", "the row can't be read", errors=errors)
            _refuse_erased(values, erased)
            async with savepoint(session):
                told = await _take_row(shelf, session, number, values, match_on)
        except Problem as problem:
            errors = problem.more.get("errors") or [{"pointer": "", "detail": str(problem.detail)}]
            told = ImportedRow(row=number, status=problem.status_code, errors=[FieldFault(**one) for one in errors])
        report.created += told.status == 201
        report.changed += told.status == 200
        report.failed += told.errors is not None
        if (told.errors is not None or report.is_dry_run) and len(report.rows) < MOST_TOLD:
            report.rows.append(told)


def _persons_in(noun: str, rows: list[Read]) -> list[Identifier]:
    if noun != "contact":
        return []
    return [(kind, str(values[kind])) for _, values, _ in rows for kind in _IDENTIFIERS if values.get(kind)]


def _refuse_erased(values: Mapping[str, Any], erased: frozenset[Identifier]) -> None:
    for kind in _IDENTIFIERS:
        if (kind, str(values.get(kind))) in erased:
            raise Problem(409, "erased", "the row is an erased person's", errors=[{
                "pointer": f"/{kind}",
                "detail": "is of a person who was erased, who comes back by an own request alone (tekup gdpr)",
            }])  # fmt: skip


async def _take_row(
    shelf: Shelf, session: AsyncSession, number: int, values: dict[str, Any], match_on: MatchOn
) -> ImportedRow:
    names = ImportRepository(session, shelf.subject.tenant_id)
    values = await _with_references(names, shelf.resource.noun, values)
    records, found = shelf.open(session), None
    if match_on in values:
        value = str(values[match_on]).strip().lower()
        found = await names.lock_match(records, match_on, value)
    try:
        if found is None:
            body = shelf.resource.create.model_validate(values)
            row = await record_service.guarded(record_service.add_row(shelf, records, body))
            return ImportedRow(row=number, status=201, id=row.id)
        change = shelf.resource.update.model_validate(values).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise Problem(422, "unusable-input", "the row can't be used", errors=faults_of(error)) from None
    row = await record_service.guarded(record_service.change_row(shelf, records, found, change))
    return ImportedRow(row=number, status=200, id=row.id)


async def _with_references(names: ImportRepository, noun: str, values: dict[str, Any]) -> dict[str, Any]:
    finders = {"company_domain": names.company_of, "owner_email": names.owner_of, "stage_name": names.stage_called}
    done = dict(values)
    for name, field in _REFERENCES[noun].items():
        if name in done:
            told = str(done.pop(name))
            record_id = await finders[name](told if name == "stage_name" else told.lower())
            if record_id is None:
                what = name.partition("_")[0]
                fault = {"pointer": f"/{name}", "detail": f"no {what} is called {told!r}"}
                raise Problem(422, "unusable-input", "the row can't be used", errors=[fault])
            done[field] = record_id
    return done
