"""Puts the simulated operational rows into the database, through row-level security. Truth never goes there."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import polars as pl
import psycopg
from psycopg import sql

from integrations.sandbox.world import World

Connect = Callable[[], AbstractContextManager[psycopg.Connection]]


def seed_operational(connect: Connect, world: World) -> dict[str, int]:
    """Insert what is missing, one transaction per tenant; return how many rows each table gained.

    ``connect`` opens a connection of a role that may insert into every operational table. Rows that exist already
    (same tenant and id) are left as they are, so that a second call, or one after a crash, adds only what lacks.
    """
    gained: dict[str, int] = dict.fromkeys(world.operational, 0)
    with connect() as connection:
        for tenant_id in world.operational["tenants"]["id"]:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("select set_config('app.tenant_id', %s, true)", (tenant_id,))
                for table, frame in world.operational.items():
                    key = "id" if table == "tenants" else "tenant_id"
                    gained[table] += _insert(cursor, table, frame.filter(pl.col(key) == tenant_id))
    return gained


def _missing(cursor: psycopg.Cursor, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that the tenant's table lacks: reading ids is far cheaper than firing triggers in vain."""
    query = sql.SQL("copy (select id from {target}) to stdout").format(target=sql.Identifier("app", table))
    with cursor.copy(query) as copy:
        text = b"".join(copy)
    if not text:
        return frame
    present = pl.read_csv(io.BytesIO(text), has_header=False, new_columns=["id"], schema_overrides=[pl.String])
    return frame.join(present, on="id", how="anti", maintain_order="left")


def _insert(cursor: psycopg.Cursor, table: str, frame: pl.DataFrame) -> int:
    frame = _missing(cursor, table, frame)
    if frame.is_empty():
        return 0
    target = sql.Identifier("app", table)
    draft = sql.Identifier(f"seed_{table}")
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    # COPY can't write to a table under row-level security, a temporary table of its own shape can take it.
    cursor.execute(
        sql.SQL("create temporary table {draft} on commit drop as select {columns} from {target} with no data").format(
            draft=draft, columns=columns, target=target
        )
    )
    with cursor.copy(
        sql.SQL("copy {draft} ({columns}) from stdin (format csv)").format(draft=draft, columns=columns)
    ) as copy:
        for part in frame.iter_slices(50_000):
            buffer = io.BytesIO()
            part.write_csv(buffer, include_header=False)
            copy.write(buffer.getvalue())
    cursor.execute(
        sql.SQL("insert into {target} ({columns}) select {columns} from {draft} on conflict do nothing").format(
            target=target, columns=columns, draft=draft
        )
    )
    return cursor.rowcount
