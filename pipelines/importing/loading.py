"""Checked rows into the operational tables, in one transaction of one tenant. Files are read elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from pipelines.importing.entities import ENTITIES, Entity
from pipelines.importing.reading import LINE, Map, Reject, apply_map, read_file
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import derived_uuid

STAGES = (("Open", 0.3, False, False), ("Won", 1.0, True, False), ("Lost", 0.0, False, True))


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file's import did: rows loaded (new or changed), rows left out."""

    rows: int
    rejects: list[Reject]


def import_file(
    doors: Doors, tenant_id: UUID, entity_name: str, path: Path, chosen: Map, *, skip_bad: bool = False
) -> Imported:
    """Load a file's rows; a row with the same key as an earlier import updates it, so a repeat changes nothing.

    With a bad row and without ``skip_bad`` nothing is loaded and the rejects are returned with ``rows`` 0.

    Raises:
        BadInput: the entity, file or map can't be used.
    """
    entity = ENTITIES.get(entity_name)
    if entity is None:
        raise BadInput(f"can't import {entity_name!r}", hint=f"choose one of {', '.join(ENTITIES)}")
    checked = apply_map(read_file(path), entity, chosen)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        good, unknown = _resolve_leads(connection, tenant_id, entity, checked.rows)
        rejects = sorted([*checked.rejects, *unknown], key=lambda reject: reject.line)
        if rejects and not skip_bad:
            return Imported(0, rejects)
        _LOADERS[entity.name](connection, tenant_id, good, checked.given)
    return Imported(good.height, rejects)


def row_id(tenant_id: UUID, entity: str, *key: object) -> UUID:
    """The id of an imported row: the same for the same tenant, entity and key."""
    return derived_uuid("import", tenant_id, entity, *key)


def _resolve_leads(
    connection: psycopg.Connection, tenant_id: UUID, entity: Entity, rows: pl.DataFrame
) -> tuple[pl.DataFrame, list[Reject]]:
    """For deals: the leads that they name must exist."""
    if entity.field("lead_key") is None:
        return rows, []
    ids = [None if key is None else row_id(tenant_id, "leads", key) for key in rows["lead_key"].to_list()]
    found = connection.execute("select id from app.leads where id = any(%s)", ([i for i in ids if i],)).fetchall()
    known = {row[0] for row in found}
    missing = [i is not None and i not in known for i in ids]
    rejects = [
        Reject(int(line), f"lead_key: no lead was imported with the key '{key}'")
        for line, key, is_missing in zip(rows[LINE], rows["lead_key"], missing, strict=True)
        if is_missing
    ]
    return rows.filter(~pl.Series(missing, dtype=pl.Boolean)), rejects


def _upsert(
    connection: psycopg.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    insert_only: frozenset[str] = frozenset(),
) -> None:
    """Insert rows by (tenant_id, id); an existing row is written only where something differs.

    ``insert_only`` columns are set on new rows and left alone on existing ones.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    changing = [name for name in columns if name not in ("tenant_id", "id") and name not in insert_only]
    statement = sql.SQL(
        "insert into app.{table} as t ({names}) values ({marks}) on conflict (tenant_id, id) do update set {updates} "
        "where ({old}) is distinct from ({new})"
    ).format(
        table=sql.Identifier(table),
        names=names,
        marks=sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        updates=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changing),
        old=sql.SQL(", ").join(sql.Identifier("t", name) for name in changing),
        new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in changing),
    )
    connection.cursor().executemany(statement, list(rows))


def _load_plain(table: str) -> Any:
    def load(connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, given: frozenset[str]) -> None:
        columns = [name for name in rows.columns if name not in (LINE, "key")]
        values = rows.select(columns).iter_rows()
        ids = (row_id(tenant_id, table, key) for key in rows["key"])
        _upsert(
            connection,
            table,
            ["tenant_id", "id", *columns],
            ((tenant_id, i, *row) for i, row in zip(ids, values, strict=True)),
            insert_only=frozenset(columns) - given,
        )

    return load


def _load_spend(connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, given: frozenset[str]) -> None:
    campaigns = rows.unique("campaign", keep="first", maintain_order=True)
    _upsert(
        connection,
        "campaigns",
        ["tenant_id", "id", "name", "channel", "currency"],
        (
            (tenant_id, row_id(tenant_id, "campaigns", name), name, channel, currency)
            for name, channel, currency in campaigns.select("campaign", "channel", "currency").iter_rows()
        ),
    )
    _upsert(
        connection,
        "campaign_spend",
        ["tenant_id", "id", "campaign_id", "spend_date", "amount_cents", "currency", "impressions", "clicks"],
        (
            (tenant_id, row_id(tenant_id, "spend", name, day), row_id(tenant_id, "campaigns", name), day, *rest)
            for name, day, *rest in rows.select(
                "campaign", "spend_date", "amount_cents", "currency", "impressions", "clicks"
            ).iter_rows()
        ),
    )


def _load_deals(connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, given: frozenset[str]) -> None:
    """Deals in a pipeline of their own; a closed deal also closes the lead that it belongs to."""
    pipeline = row_id(tenant_id, "pipelines", "imported")
    _upsert(connection, "pipelines", ["tenant_id", "id", "name"], [(tenant_id, pipeline, "Imported")])
    stages = {name.lower(): row_id(tenant_id, "stages", name) for name, *_ in STAGES}
    _upsert(
        connection,
        "stages",
        ["tenant_id", "id", "pipeline_id", "name", "position", "probability", "is_won", "is_lost"],
        (
            (tenant_id, stages[name.lower()], pipeline, name, number, *rest)
            for number, (name, *rest) in enumerate(STAGES, 1)
        ),
    )
    columns = ["name", "amount_cents", "currency", "status", "closed_at", "expected_close_date", "created_at"]
    deals = [
        (tenant_id, row_id(tenant_id, "deals", key), pipeline, stages[status],
         None if lead is None else row_id(tenant_id, "leads", lead), *rest)
        for key, lead, status, *rest in rows.select(
            "key", "lead_key", pl.col("status").alias("stage"), *columns
        ).iter_rows()
    ]  # fmt: skip
    _upsert(connection, "deals", ["tenant_id", "id", "pipeline_id", "stage_id", "lead_id", *columns], deals)
    connection.execute(
        "update app.leads as l set status = d.status, currency = coalesce(d.currency, l.currency), "
        "won_at = case when d.status = 'won' then d.closed_at end, "
        "lost_at = case when d.status = 'lost' then d.closed_at end, "
        "value_cents = case when d.status = 'won' then coalesce(d.amount_cents, 0) end "
        "from app.deals as d where d.tenant_id = l.tenant_id and d.lead_id = l.id and d.pipeline_id = %s "
        "and d.status in ('won', 'lost') and l.status is distinct from d.status",
        (pipeline,),
    )


_LOADERS = {
    "leads": _load_plain("leads"),
    "touchpoints": _load_plain("touchpoints"),
    "contacts": _load_plain("contacts"),
    "spend": _load_spend,
    "deals": _load_deals,
}
