"""A file into the operational tables, in one transaction of one tenant. How rows are judged is told elsewhere."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from pipelines.importing.checking import Reader, Repeats, open_reader
from pipelines.importing.entities import ENTITIES, Entity
from pipelines.importing.erased import Sieve
from pipelines.importing.mapping import Map, source_fields
from pipelines.importing.shapes import LINE, Options, Reject
from pipelines.importing.tables import open_table
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import derived_uuid
from tekup.privacy.ledger import read_ledger

STAGES = (("Open", 0.3, False, False), ("Won", 1.0, True, False), ("Lost", 0.0, False, True))
PREVIEWED = 10
# Of so many rows the first good ones are shown; those that repeat a key are known only at the end.
_PREVIEW_POOL = 1000
_UUIDS = frozenset({"id", "campaign_id", "pipeline_id", "stage_id", "lead_id"})
_SQL_TYPES: dict[pl.DataType, LiteralString] = {
    pl.String(): "text",
    pl.Int64(): "bigint",
    pl.Float64(): "double precision",
    pl.Boolean(): "boolean",
    pl.Date(): "date",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file's import did or, dry, would do.

    ``rows`` were loaded, ``good`` could be; ``columns`` is field -> column of the file, ``ignored`` columns feed no
    field; ``unit`` is what a reject's place counts; ``preview`` holds the first good rows as they land. ``erased`` rows
    are of persons whom the tenant has erased: they are left out and are no fault of the file.
    """

    rows: int
    good: int
    rejects: list[Reject]
    detected: tuple[str, ...]
    columns: dict[str, str]
    ignored: tuple[str, ...]
    unit: str
    preview: pl.DataFrame
    erased: int = 0


def import_file(
    doors: Doors,
    tenant_id: UUID,
    entity_name: str,
    path: Path,
    chosen: Map,
    *,
    options: Options | None = None,
    skip_bad: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Load a file's rows; a row with the same key as an earlier import updates it, so a repeat changes nothing.

    The file is read three times, in batches: to learn how it is written, to judge every row, and to load. With a bad
    row and without ``skip_bad`` nothing is loaded, and with ``dry_run`` nothing is ever.

    Raises:
        BadInput: the entity, file, options or map can't be used.
    """
    entity = ENTITIES.get(entity_name)
    if entity is None:
        raise BadInput(f"can't import {entity_name!r}", hint=f"choose one of {', '.join(ENTITIES)}")
    table = open_table(path, options)
    version = _version(path)
    sourced = source_fields(table.columns, entity, chosen)
    reader = open_reader(table, entity, chosen, sourced)
    sieve = Sieve(read_ledger(doors, tenant_id), functools.partial(row_id, tenant_id))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        judged = _judge(connection, tenant_id, reader, sieve)
        is_loaded = not dry_run and (skip_bad or not judged.rejects)
        if is_loaded:
            loaded = _load(connection, tenant_id, reader, judged, sieve)
            if loaded != judged.good or _version(path) != version:
                raise BadInput(f"{path.name} changed while it was read; nothing is loaded", hint="import it again")
    shown = [spec.name for spec in entity.fields if spec.name in sourced.given or spec.default is not None]
    return Imported(
        rows=judged.good if is_loaded else 0,
        good=judged.good,
        rejects=judged.rejects,
        detected=(*table.detected, *reader.notation.described()),
        columns={name: column for name, column in sourced.columns.items() if column is not None},
        ignored=sourced.ignored,
        unit=table.unit,
        preview=judged.preview.select(LINE, *shown),
        erased=judged.erased,
    )


def _version(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def row_id(tenant_id: UUID, entity: str, *key: object) -> UUID:
    """The id of an imported row: the same for the same tenant, entity and key."""
    return derived_uuid("import", tenant_id, entity, *key)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What reading the whole file has shown: one reject a bad line."""

    good: int
    rejects: list[Reject]
    preview: pl.DataFrame
    erased: int


def _judge(connection: psycopg.Connection, tenant_id: UUID, reader: Reader, sieve: Sieve) -> _Judged:
    repeats = Repeats(reader.entity, reader.table.unit)
    reasons: dict[int, list[str]] = {}
    late: set[int] = set()
    rows, heads, found, erased = 0, [], 0, 0
    for checked in reader.batches():
        checked, left_out = sieve.sift(reader.entity, checked)
        erased += left_out
        rows += checked.rows.height
        repeats.note(checked.rows)
        for reject in checked.rejects:
            reasons.setdefault(reject.line, []).append(reject.reason)
        strangers = _strangers(connection, tenant_id, reader.entity, checked.rows)
        for reject in strangers:
            reasons.setdefault(reject.line, []).append(reject.reason)
            late.add(reject.line)
        if found < PREVIEWED:
            heads.append(checked.rows.head(_PREVIEW_POOL))
            found += heads[-1].height - len(strangers)
    for reject in repeats.rejects():
        reasons.setdefault(reject.line, []).append(reject.reason)
        late.add(reject.line)
    rejects = [Reject(line, "; ".join(reasons[line])) for line in sorted(reasons)]
    preview = pl.concat(heads).filter(~pl.col(LINE).is_in(list(late))).head(PREVIEWED)
    return _Judged(rows - len(late), rejects, preview, erased)


def _strangers(connection: psycopg.Connection, tenant_id: UUID, entity: Entity, rows: pl.DataFrame) -> list[Reject]:
    """For deals: the leads that they name must exist."""
    if entity.field("lead_key") is None:
        return []
    named = rows.select(LINE, "lead_key").drop_nulls()
    ids = [row_id(tenant_id, "leads", key) for key in named["lead_key"]]
    found = connection.execute("select id from app.leads where id = any(%s)", (ids,)).fetchall()
    known = {row[0] for row in found}
    return [
        Reject(line, f"lead_key: no lead was imported with the key '{key}'")
        for (line, key), lead in zip(named.iter_rows(), ids, strict=True)
        if lead not in known
    ]


def _load(connection: psycopg.Connection, tenant_id: UUID, reader: Reader, judged: _Judged, sieve: Sieve) -> int:
    bad = pl.Series([reject.line for reject in judged.rejects], dtype=pl.Int64)
    loader = _LOADERS[reader.entity.name](connection, tenant_id, reader.sourced.given)
    loaded = 0
    for checked in reader.batches():
        checked, _ = sieve.sift(reader.entity, checked)
        good = checked.rows.filter(~pl.col(LINE).is_in(bad.implode())) if len(bad) else checked.rows
        loader.take(good.drop(LINE))
        loaded += good.height
    loader.finish()
    return loaded


def upsert(
    connection: psycopg.Connection,
    tenant_id: UUID,
    table: str,
    rows: pl.DataFrame,
    insert_only: frozenset[str] = frozenset(),
) -> None:
    """Insert rows by their ``id``; an existing row is written only where something differs.

    ``insert_only`` columns are set on new rows and left alone on existing ones.
    """
    if rows.is_empty():
        return
    names = [sql.Identifier(name) for name in rows.columns]
    changing = [name for name in rows.columns if name != "id" and name not in insert_only]
    # One JSON text a batch: the application's role may not make temporary tables to copy into, and a statement a row
    # takes ten times as long.
    statement = sql.SQL(
        "insert into app.{table} as t (tenant_id, {names}) select {tenant}, {names} "
        "from json_to_recordset(%s::json) as i ({typed}) on conflict (tenant_id, id) do update set {updates} "
        "where ({old}) is distinct from ({new})"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(names),
        tenant=sql.Literal(tenant_id),
        typed=sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_sql_type(name, kind)))
            for name, kind in rows.schema.items()
        ),
        updates=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changing),
        old=sql.SQL(", ").join(sql.Identifier("t", name) for name in changing),
        new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in changing),
    )
    texts = rows.with_columns(
        pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"), pl.col(pl.Date).cast(pl.String)
    )
    connection.execute(statement, (texts.write_json(),))


def _sql_type(name: str, kind: pl.DataType) -> LiteralString:
    if name in _UUIDS:
        return "uuid"
    if isinstance(kind, pl.Datetime):
        return "timestamptz"
    return _SQL_TYPES[kind]


class _Loader:
    """Rows of one entity into its table; others that go into several tables say so in `take`."""

    table = ""

    def __init__(self, connection: psycopg.Connection, tenant_id: UUID, given: frozenset[str]) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._given = given

    def take(self, rows: pl.DataFrame) -> None:
        """Load a batch."""
        columns = rows.drop("key")
        ready = columns.insert_column(0, self._ids(self.table, rows, "key").alias("id"))
        self._upsert(self.table, ready, frozenset(columns.columns) - self._given)

    def finish(self) -> None:
        """Do what must wait for the last batch."""

    def _ids(self, entity: str, rows: pl.DataFrame, *key: str) -> pl.Series:
        ids = (
            None if None in values else str(row_id(self._tenant_id, entity, *values))
            for values in rows.select(key).iter_rows()
        )
        return pl.Series("id", list(ids), dtype=pl.String)

    def _upsert(self, table: str, rows: pl.DataFrame, insert_only: frozenset[str] = frozenset()) -> None:
        upsert(self._connection, self._tenant_id, table, rows, insert_only)


class _Leads(_Loader):
    table = "leads"


class _Touchpoints(_Loader):
    table = "touchpoints"


class _Contacts(_Loader):
    table = "contacts"


class _Spend(_Loader):
    """A day's spend, and the campaign as its first row tells it."""

    def __init__(self, connection: psycopg.Connection, tenant_id: UUID, given: frozenset[str]) -> None:
        super().__init__(connection, tenant_id, given)
        self._campaigns: set[str] = set()

    def take(self, rows: pl.DataFrame) -> None:
        first = rows.unique("campaign", keep="first", maintain_order=True)
        new = first.filter(~pl.col("campaign").is_in(list(self._campaigns)))
        self._campaigns.update(new["campaign"])
        campaigns = new.select(
            self._ids("campaigns", new, "campaign"), pl.col("campaign").alias("name"), "channel", "currency"
        )
        self._upsert("campaigns", campaigns)
        ready = rows.select(
            self._ids("spend", rows, "campaign", "spend_date"),
            self._ids("campaigns", rows, "campaign").alias("campaign_id"),
            *("spend_date", "amount_cents", "currency", "impressions", "clicks"),
        )
        self._upsert("campaign_spend", ready)


class _Deals(_Loader):
    """Deals in a pipeline of their own; a closed deal also closes the lead that it belongs to."""

    def __init__(self, connection: psycopg.Connection, tenant_id: UUID, given: frozenset[str]) -> None:
        super().__init__(connection, tenant_id, given)
        self._pipeline = str(row_id(tenant_id, "pipelines", "imported"))
        self._stages = {name.lower(): str(row_id(tenant_id, "stages", name)) for name, *_ in STAGES}
        self._upsert("pipelines", pl.DataFrame({"id": [self._pipeline], "name": ["Imported"]}))
        names, probability, is_won, is_lost = zip(*STAGES, strict=True)
        stages = {"id": list(self._stages.values()), "name": names, "position": range(1, len(STAGES) + 1)}
        flags = {"probability": probability, "is_won": is_won, "is_lost": is_lost}
        self._upsert("stages", pl.DataFrame({**stages, "pipeline_id": self._pipeline, **flags}))

    def take(self, rows: pl.DataFrame) -> None:
        self._upsert(
            "deals",
            rows.select(
                self._ids("deals", rows, "key"),
                pl.lit(self._pipeline).alias("pipeline_id"),
                pl.col("status").replace_strict(self._stages, return_dtype=pl.String).alias("stage_id"),
                self._ids("leads", rows, "lead_key").alias("lead_id"),
                *("name", "amount_cents", "currency", "status", "closed_at", "expected_close_date", "created_at"),
            ),
        )

    def finish(self) -> None:
        self._connection.execute(
            "update app.leads as l set status = d.status, currency = coalesce(d.currency, l.currency), "
            "won_at = case when d.status = 'won' then d.closed_at end, "
            "lost_at = case when d.status = 'lost' then d.closed_at end, "
            "value_cents = case when d.status = 'won' then coalesce(d.amount_cents, 0) end "
            "from app.deals as d where d.tenant_id = l.tenant_id and d.lead_id = l.id and d.pipeline_id = %s "
            "and d.status in ('won', 'lost') and l.status is distinct from d.status",
            (self._pipeline,),
        )


_LOADERS: dict[str, type[_Loader]] = {
    "leads": _Leads,
    "touchpoints": _Touchpoints,
    "contacts": _Contacts,
    "spend": _Spend,
    "deals": _Deals,
}
