"""A file and its map into typed rows and a list of rejects. Nothing is written to a database here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.importing.entities import CHANNEL_SYNONYMS, CHANNELS, Entity, Field
from tekup.errors import BadInput

LINE = "line"
_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
)
_DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Map:
    """How a file's columns become an entity's fields.

    ``columns`` field -> column; ``values`` field -> {text in the file: text to store}; ``constants`` field -> value
    for every row; ``defaults`` field -> value where the cell is empty; ``factors`` field -> number to multiply by.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that can't be loaded: its line in the file and why."""

    line: int
    reason: str


def read_map(path: Path) -> Map:
    """Read a map from a JSON file.

    Raises:
        BadInput: the file is no JSON object of known parts.
    """
    try:
        parts = json.loads(path.read_text())
        return Map(**parts)
    except OSError as error:
        raise BadInput(f"can't read the map {path}: {error.strerror}", hint="check the path") from None
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the map {path} can't be used: {error}",
            hint="write a JSON object with any of columns, values, constants, defaults, factors",
        ) from None


def read_file(path: Path) -> pl.DataFrame:
    """Every cell as text, with the line of each row; CSV (also gzipped), Parquet and JSONL by the file's ending.

    Raises:
        BadInput: the file is missing, empty or not of its ending's kind.
    """
    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith((".csv", ".tsv", ".txt")):
            frame = pl.read_csv(path, separator=_separator(path), infer_schema=False, encoding="utf8")
            first = 2
        elif name.endswith(".parquet"):
            frame, first = pl.read_parquet(path), 1
        elif name.endswith((".jsonl", ".ndjson")):
            frame, first = pl.read_ndjson(path, infer_schema_length=None), 1
        else:
            raise BadInput(f"{path.name}: unknown kind of file", hint="give .csv, .parquet or .jsonl")
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}", hint="check the path") from None
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise BadInput(
            f"{path.name} can't be read: {str(error).splitlines()[0]}",
            hint="save it again as UTF-8 CSV, Parquet or JSONL",
        ) from None
    if frame.is_empty():
        raise BadInput(f"{path.name} holds no rows", hint="give a file with a header and at least one row")
    texts = frame.select(pl.all().cast(pl.String, strict=False).str.strip_chars().replace("", None))
    return texts.with_row_index(LINE, offset=first)


@dataclass(frozen=True, slots=True)
class Checked:
    """Typed rows that can be loaded, those that can't, and the fields that the file really gives.

    Fields that it does not give hold the entity's defaults, for new rows only: an import never resets what it does
    not know.
    """

    rows: pl.DataFrame
    rejects: list[Reject]
    given: frozenset[str]


def apply_map(frame: pl.DataFrame, entity: Entity, chosen: Map) -> Checked:
    """Typed columns of ``entity`` for the rows that can be loaded, and the rows that can't.

    Raises:
        BadInput: the map names an unknown field or column, or a required field has no column at all.
    """
    _check_map(frame, entity, chosen)
    columns, faults = [], []
    for spec in entity.fields:
        text = _text(frame, spec, chosen)
        typed = _typed(text, spec, chosen)
        columns.append(typed.alias(spec.name))
        faults.append(_fault(text, typed, spec).alias(f"fault {spec.name}"))
    typed_frame = frame.select(LINE, *columns, *faults)
    typed_frame = typed_frame.with_columns(_repeated(entity).alias("fault (key)"))
    reasons = pl.concat_str(pl.selectors.starts_with("fault "), separator="; ", ignore_nulls=True)
    judged = typed_frame.with_columns(reasons.alias("reasons"))
    bad = judged.filter(pl.col("reasons") != "")
    rejects = [Reject(int(line), str(reason)) for line, reason in bad.select(LINE, "reasons").iter_rows()]
    good = judged.filter(pl.col("reasons") == "").select(LINE, *(spec.name for spec in entity.fields))
    sources = {*frame.columns, *chosen.columns, *chosen.constants, *chosen.defaults}
    return Checked(good, rejects, frozenset(spec.name for spec in entity.fields if spec.name in sources))


def _separator(path: Path) -> str:
    """The one of comma, semicolon and tab that the header has most of."""
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    head = pl.read_csv(path, has_header=False, n_rows=1, separator="\x00", quote_char=None, infer_schema=False)
    header = str(head.item(0, 0) or "")
    return max(",;\t", key=header.count)


def _check_map(frame: pl.DataFrame, entity: Entity, chosen: Map) -> None:
    known = [spec.name for spec in entity.fields]
    for part in (chosen.columns, chosen.values, chosen.constants, chosen.defaults, chosen.factors):
        for name in part:
            if name not in known:
                raise BadInput(f"{entity.name} have no field {name!r}", hint=f"fields: {', '.join(known)}")
    for name, column in chosen.columns.items():
        if column not in frame.columns:
            raise BadInput(
                f"the file has no column {column!r}, which the map gives to {name}",
                hint=f"its columns: {', '.join(c for c in frame.columns if c != LINE)}",
            )
    for spec in entity.fields:
        has_source = spec.name in chosen.columns or spec.name in frame.columns or spec.name in chosen.constants
        if spec.is_required and not has_source:
            raise BadInput(
                f"{entity.name} need the field {spec.name}, and the file has no such column",
                hint='name the column with --map, e.g. {"columns": {"' + spec.name + '": "its name in the file"}}',
            )


def _text(frame: pl.DataFrame, spec: Field, chosen: Map) -> pl.Expr:
    if spec.name in chosen.constants:
        text = pl.lit(str(chosen.constants[spec.name]), dtype=pl.String)
    else:
        column = chosen.columns.get(spec.name, spec.name)
        text = pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
    if spec.name in chosen.values:
        text = text.replace(dict(chosen.values[spec.name]))
    default = chosen.defaults.get(spec.name, spec.default)
    return text if default is None else text.fill_null(str(default))


def _typed(text: pl.Expr, spec: Field, chosen: Map) -> pl.Expr:
    if spec.kind == "time":
        tries = [text.str.to_datetime(f, strict=False, time_zone="UTC", time_unit="us") for f in _TIME_FORMATS[:2]]
        tries += [
            text.str.to_datetime(f, strict=False, time_unit="us").dt.replace_time_zone("UTC") for f in _TIME_FORMATS[2:]
        ]
        dates = [text.str.to_date(f, strict=False) for f in _DATE_FORMATS]
        return pl.coalesce(*tries, *(d.cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for d in dates))
    if spec.kind == "date":
        return pl.coalesce(*(text.str.to_date(f, strict=False) for f in _DATE_FORMATS))
    if spec.kind == "integer":
        number = text.cast(pl.Float64, strict=False) * chosen.factors.get(spec.name, 1)
        return number.round().cast(pl.Int64, strict=False)
    if spec.kind == "boolean":
        folded = text.str.to_lowercase()
        return (
            pl.when(folded.is_in(["true", "t", "yes", "y", "ja", "1"]))
            .then(True)
            .when(folded.is_in(["false", "f", "no", "n", "nej", "0"]))
            .then(False)
        )
    if spec.kind == "channel":
        folded = text.str.to_lowercase().str.replace_all(r"[\s-]+", "_").replace(CHANNEL_SYNONYMS)
        return pl.when(folded.is_in(CHANNELS)).then(folded)
    if spec.kind == "currency":
        upper = text.str.to_uppercase()
        return pl.when(upper.str.contains(r"^[A-Z]{3}$")).then(upper)
    if spec.allowed:
        folded = text.str.to_lowercase()
        return pl.when(folded.is_in(spec.allowed)).then(folded)
    return text


def _fault(text: pl.Expr, typed: pl.Expr, spec: Field) -> pl.Expr:
    expected = {"channel": "one of " + ", ".join(CHANNELS), "currency": "a three-letter code"}.get(
        spec.kind, f"a {spec.kind}"
    )
    if spec.allowed:
        expected = "one of " + ", ".join(spec.allowed)
    wrong = pl.format(f"{spec.name}: '{{}}' is not {expected}", text.str.slice(0, 60))
    empty = pl.lit(f"{spec.name} is empty") if spec.is_required else pl.lit(None, dtype=pl.String)
    return pl.when(text.is_not_null() & typed.is_null()).then(wrong).when(text.is_null()).then(empty)


def _repeated(entity: Entity) -> pl.Expr:
    key = pl.concat_str(*(pl.col(name).cast(pl.String) for name in entity.key), separator="\x1f")
    first = pl.col(LINE).first().over(key)
    return pl.when(key.is_not_null() & (first != pl.col(LINE))).then(pl.format("the same key stands in line {}", first))
