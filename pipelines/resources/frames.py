"""Query results as polars frames, over Arrow without a row in Python. Queries are written where they are used."""

from uuid import UUID

import polars as pl

from tekup.db import Database, Doors, Role
from tekup.tenancy import CONTEXT_VARIABLE


def read_tenant_frame(doors: Doors, tenant_id: UUID, query: str) -> pl.DataFrame:
    """The rows of ``query`` in the warehouse that belong to one tenant; the database leaves out all others."""
    import adbc_driver_postgresql.dbapi  # brings pandas along: seconds, where only extracts need it

    with (
        adbc_driver_postgresql.dbapi.connect(doors.url(Database.WAREHOUSE, Role.PIPELINE)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"select set_config('{CONTEXT_VARIABLE}', '{UUID(str(tenant_id))}', true)")
        cursor.fetchall()
        cursor.execute(query)
        return _spell_uuids(pl.DataFrame(cursor.fetch_arrow_table()))


def _spell_uuids(frame: pl.DataFrame) -> pl.DataFrame:
    """UUIDs as the text that people and JSON know; over Arrow they arrive as 16 bytes."""
    spelled = []
    for name, kind in frame.schema.items():
        if kind == pl.Binary:
            digits = pl.col(name).bin.encode("hex")
            parts = [digits.str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
            spelled.append(pl.concat_str(parts, separator="-").alias(name))
    return frame.with_columns(spelled)
