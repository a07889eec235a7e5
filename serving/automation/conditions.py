"""Conditions in CEL, the Common Expression Language, over a record's fields and an event's data.

A condition is checked against the types of the fields when it is stored; what a rule then does is not known here.
CEL has no loops of its own, no functions but its standard library, and matches patterns in linear time.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from cel_expr_python import cel
from pydantic import BaseModel
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, Integer, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tekup.errors import BadInput

LONGEST = 2_000
"""Characters of a condition. How deep one may nest and how much it may compute is limited by CEL itself."""
_STRING, _INT, _DOUBLE, _BOOL = (
    cel.Type(f"google.protobuf.{name}Value") for name in ("String", "Int64", "Double", "Bool")
)
_CUSTOM = {"text": _STRING, "number": _DOUBLE, "boolean": _BOOL, "date": _STRING, "choice": _STRING}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds; ``fault`` says why it could not be judged, which counts as no."""

    holds: bool
    fault: str | None = None


def check_condition(
    text: str, noun: str, table: Table, event: type[BaseModel] | None, custom: Mapping[str, str]
) -> None:
    """Refuse what is no condition over these fields; ``custom`` are the tenant's own fields with their kinds.

    Raises:
        BadInput: it can't be read, names a field that is not there, compares what can't be, or gives no yes or no.
    """
    if not text.strip():
        return
    if len(text) > LONGEST:
        raise BadInput(f"a condition has at most {LONGEST} characters")
    names = _types_of(noun, table, event, custom)
    try:
        found = cel.NewEnv(variables=names).compile(text).return_type()
    except RuntimeError as error:
        raise BadInput(_told(error)) from None
    if found.name() not in ("BOOL", "google.protobuf.BoolValue", "DYN"):
        raise BadInput(f"a condition must be true or false; this one is {found.name().lower()}")


def field_types(noun: str, table: Table, event: type[BaseModel] | None, custom: Mapping[str, str]) -> dict[str, str]:
    """What a condition may name, and of which type each is."""
    return {name: kind.name() for name, kind in _types_of(noun, table, event, custom).items()}


def judge(text: str, noun: str, record: Mapping[str, Any], event: Mapping[str, Any]) -> Verdict:
    """Whether a condition holds for a record and an event, whose values may be null."""
    if not text.strip():
        return Verdict(True)
    data = {"now": datetime.now(UTC), **_named(noun, record), **_named("event", event)}
    moments = tuple((name, isinstance(value, datetime)) for name, value in data.items())
    try:
        value = _program(text, moments).eval(data=data)
    except RuntimeError as error:
        return Verdict(False, _told(error))
    kind = value.type().name()
    if kind == "ERROR":
        return Verdict(False, str(value.plain_value()).partition(": ")[2][:300])
    return Verdict(kind == "BOOL" and bool(value.plain_value()))


@lru_cache(maxsize=2_000)
def _program(text: str, moments: tuple[tuple[str, bool], ...]) -> Any:
    """The condition, ready to run; its types were checked when it was stored, and here any value may be null.

    The library takes a moment only under a name that is declared as one, and null only under one that is not.
    """
    names = {name: cel.Type.TIMESTAMP if is_moment else cel.Type.DYN for name, is_moment in moments}
    return cel.NewEnv(variables=names).compile(text)


def _types_of(noun: str, table: Table, event: type[BaseModel] | None, custom: Mapping[str, str]) -> dict[str, Any]:
    return {"now": cel.Type.TIMESTAMP, **_types_of_table(noun, table, custom), **_types_of_event(event)}


def _types_of_table(noun: str, table: Table, custom: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type
        if column.name in ("tenant_id", "custom"):
            continue
        if isinstance(kind, ARRAY):
            told = cel.Type.List(cel.Type.STRING)
        elif isinstance(kind, DateTime | Date):
            told = cel.Type.TIMESTAMP
        elif isinstance(kind, BigInteger | Integer):
            told = _INT
        elif isinstance(kind, Float):
            told = _DOUBLE
        elif isinstance(kind, Boolean):
            told = _BOOL
        else:
            told = cel.Type.DYN if isinstance(kind, JSONB) else _STRING
        found[f"{noun}.{column.name}"] = told
    return found | {f"{noun}.custom.{name}": _CUSTOM[kind] for name, kind in custom.items()}


def _types_of_event(event: type[BaseModel] | None) -> dict[str, Any]:
    fields = {} if event is None else event.model_fields
    return {f"event.{field.serialization_alias or name}": _type_of(field.annotation) for name, field in fields.items()}


def _type_of(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is list:
        return cel.Type.List(cel.Type.STRING)
    known = {int: _INT, float: _DOUBLE, bool: _BOOL, datetime: cel.Type.TIMESTAMP, str: _STRING, UUID: _STRING}
    return known.get(annotation, cel.Type.DYN if get_origin(annotation) is dict else _STRING)


def _named(noun: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by their full names; those of own fields are named one by one."""
    found = {f"{noun}.{name}": _plain(value) for name, value in values.items() if name != "custom"}
    return found | {f"{noun}.custom.{name}": _plain(value) for name, value in (values.get("custom") or {}).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return [str(one) if isinstance(one, UUID) else one for one in value] if isinstance(value, list) else value


def _told(error: RuntimeError) -> str:
    """The library's message without its codes: place, reason, and the place marked."""
    return str(error).removeprefix("INVALID_ARGUMENT: ").replace(" [INVALID_ARGUMENT]", "")[:500]
