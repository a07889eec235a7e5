"""Custom fields: a tenant's own, typed columns of a resource, checked against their definitions."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from serving.kit.problems import Problem
from serving.models.crm import custom_fields
from serving.records.repository import RecordRepository

if TYPE_CHECKING:
    from serving.records.resource import Resource

MOST_TEXT = 2_000


async def read_custom(repository: RecordRepository, resource: "Resource", values: Mapping[str, Any]) -> dict[str, Any]:
    """The values to store: those that are null left out, each of its field's kind.

    Raises:
        Problem: 422 that names each field that is unknown, of the wrong kind, or required and missing.
    """
    assert resource.custom_entity is not None
    fields = repository.of(custom_fields)
    rows = await fields.fetch_all(fields.rows_of(custom_fields).where(custom_fields.c.entity == resource.custom_entity))
    known = {row.name: row for row in rows}
    given = {name: value for name, value in values.items() if value is not None}
    faults = dict.fromkeys(given.keys() - known.keys(), "no such custom field; define it under /v1/custom-fields")
    faults |= {name: "is required" for name, row in known.items() if row.is_required and name not in given}
    for name in given.keys() & known.keys():
        if (fault := _KINDS[known[name].kind](given[name], known[name])) is not None:
            faults[name] = fault
    if faults:
        errors = [{"pointer": f"/custom/{name}", "detail": detail} for name, detail in sorted(faults.items())]
        raise Problem(422, "unusable-input", "the request can't be used", errors=errors)
    return given


def _check_text(value: Any, field: Row[Any]) -> str | None:
    if not isinstance(value, str):
        return "must be text"
    if "\x00" in value:
        return "must not contain the NUL character"
    return None if len(value) <= MOST_TEXT else f"must have at most {MOST_TEXT} characters"


def _check_number(value: Any, field: Row[Any]) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return None if is_number else "must be a number below 10^15"


def _check_boolean(value: Any, field: Row[Any]) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _check_date(value: Any, field: Row[Any]) -> str | None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be a date such as 2026-01-31"
    return None


def _check_choice(value: Any, field: Row[Any]) -> str | None:
    return None if value in field.choices else f"must be one of {', '.join(field.choices)}"


_KINDS: dict[str, Callable[[Any, Row[Any]], str | None]] = {
    "text": _check_text,
    "number": _check_number,
    "boolean": _check_boolean,
    "date": _check_date,
    "choice": _check_choice,
}
KINDS = tuple(_KINDS)
