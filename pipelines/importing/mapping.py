"""How a file's columns become an entity's fields, as the user says or as the names tell. Cells are judged elsewhere."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.importing.entities import Entity, Field
from tekup.errors import BadInput


@dataclass(frozen=True, slots=True)
class Map:
    """What the user says about a file.

    ``columns`` field -> column; ``values`` field -> {text in the file: text to store}; ``constants`` field -> value
    for every row; ``defaults`` field -> value where the cell is empty; ``factors`` field -> number to multiply by;
    ``formats`` field -> strptime format. ``decimal`` is "," or ".", ``date_order`` "dmy" or "mdy": what isn't said is
    detected. ``timezone`` is meant where a time names none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = None
    date_order: str | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("columns", "values", "constants", "defaults", "factors", "formats"):
            if not isinstance(getattr(self, name), Mapping):
                raise ValueError(f"{name} must be an object")
        if self.decimal not in (None, ",", "."):
            raise ValueError('decimal must be "," or "."')
        if self.date_order not in (None, "dmy", "mdy"):
            raise ValueError('date_order must be "dmy" or "mdy"')
        for name, factor in self.factors.items():
            if isinstance(factor, bool) or not isinstance(factor, int | float):
                raise ValueError(f"the factor of {name} must be a number")
        for name, form in self.formats.items():
            _check_format(name, form)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no timezone {self.timezone!r}") from None


def _check_format(name: str, form: str) -> None:
    try:
        pl.Series(["1"]).str.to_datetime(form, strict=False)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise ValueError(f"the format of {name}, {form!r}: {str(error).splitlines()[0]}") from None


@dataclass(frozen=True, slots=True)
class Sourced:
    """Where each field of an entity comes from: a column of the file, or None. ``ignored`` columns feed no field."""

    columns: Mapping[str, str | None]
    ignored: tuple[str, ...]
    given: frozenset[str]

    def label(self, name: str) -> str:
        """The field, with the column's own name where that differs."""
        column = self.columns.get(name)
        return name if column in (None, name) else f"{name} (column {column!r})"


def read_map(path: Path) -> Map:
    """Read a map from a JSON file.

    Raises:
        BadInput: the file is no JSON object of known parts.
    """
    try:
        parts = json.loads(path.read_text(encoding="utf-8-sig"))
        return Map(**parts)
    except OSError as error:
        raise BadInput(f"can't read the map {path}: {error.strerror}", hint="check the path") from None
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the map {path} can't be used: {error}",
            hint=f"write a JSON object with any of {', '.join(part.name for part in fields(Map))}",
        ) from None


def source_fields(columns: Sequence[str], entity: Entity, chosen: Map) -> Sourced:
    """Say which column feeds which field: as the map says, else by the name, however it is written.

    Raises:
        BadInput: the map names an unknown field or column, or a required field has no column at all.
    """
    _check_names(columns, entity, chosen)
    alike: dict[str, str] = {}
    for column in columns:
        alike.setdefault(_folded(column), column)
    found: dict[str, str | None] = {}
    for spec in entity.fields:
        if spec.name in chosen.constants:
            found[spec.name] = None
        elif spec.name in chosen.columns:
            found[spec.name] = chosen.columns[spec.name]
        else:
            found[spec.name] = spec.name if spec.name in columns else alike.get(spec.name)
    for spec in entity.fields:
        _check_required(spec, entity, found, chosen)
    used = set(found.values())
    given = {name for name, column in found.items() if column is not None} | {*chosen.constants, *chosen.defaults}
    return Sourced(found, tuple(column for column in columns if column not in used), frozenset(given))


def _folded(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip()).lower()


def _check_names(columns: Sequence[str], entity: Entity, chosen: Map) -> None:
    known = [spec.name for spec in entity.fields]
    parts = (chosen.columns, chosen.values, chosen.constants, chosen.defaults, chosen.factors, chosen.formats)
    for part in parts:
        for name in part:
            if name not in known:
                raise BadInput(f"{entity.name} have no field {name!r}", hint=f"fields: {', '.join(known)}")
    for name, column in chosen.columns.items():
        if column not in columns:
            raise BadInput(
                f"the file has no column {column!r}, which the map gives to {name}",
                hint=f"its columns: {', '.join(columns)}",
            )


def _check_required(spec: Field, entity: Entity, found: Mapping[str, str | None], chosen: Map) -> None:
    if spec.is_required and found[spec.name] is None and spec.name not in chosen.constants:
        raise BadInput(
            f"{entity.name} need the field {spec.name}, and the file has no such column",
            hint='name the column with --map, e.g. {"columns": {"' + spec.name + '": "its name in the file"}}',
        )
