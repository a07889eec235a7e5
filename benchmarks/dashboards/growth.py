"""Makes one tenant's marts some times as large, in a home that is thrown away afterwards. Measuring is run.py's."""

from uuid import UUID

import psycopg
from psycopg import sql

from tekup.db import Database, Doors

KEYS: dict[str, dict[str, str]] = {
    "fct_lead": {"lead_id": "uuid", "person_id": "text", "contact_id": "uuid"},
    "fct_lead_score": {"lead_id": "uuid"},
    "fct_conversion": {"lead_id": "uuid", "person_id": "text"},
    "fct_touchpoint": {"touchpoint_id": "uuid", "person_id": "text"},
    "fct_campaign_spend_daily": {"campaign_id": "uuid"},
    "fct_attribution_daily": {"campaign_key": "text", "campaign_id": "uuid"},
    "fct_reject": {"object_id": "text"},
}
"""Relations that grow with a tenant's leads, each with the keys that a copy has anew. Days don't grow: a daily figure
has a row a day whatever the tenant's size.
"""


def grow(doors: Doors, tenant_id: UUID, times: int) -> None:
    """Add ``times - 1`` copies of the tenant's rows, under keys of their own that go together across relations."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="a benchmark's larger tenant") as connection:
        for relation, keys in KEYS.items():
            if connection.execute("select to_regclass(%s)", (f"marts.{relation}",)).fetchone() != (None,):
                _copy(connection, relation, keys, tenant_id, times)
                connection.execute(sql.SQL("analyze {}").format(sql.Identifier("marts", relation)))


def _copy(connection: psycopg.Connection, relation: str, keys: dict[str, str], tenant_id: UUID, times: int) -> None:
    columns = [
        str(row[0])
        for row in connection.execute(
            "select column_name from information_schema.columns "
            "where table_schema = 'marts' and table_name = %s and is_generated = 'NEVER' order by ordinal_position",
            (relation,),
        )
    ]
    values = [
        sql.SQL("md5({}::text || ':' || copy)::{}").format(sql.Identifier("old", column), sql.SQL(keys[column]))  # type: ignore[arg-type]  # uuid or text
        if column in keys
        else sql.Identifier("old", column)
        for column in columns
    ]
    connection.execute(
        sql.SQL(
            "insert into {} ({}) select {} from {} as old cross join generate_series(2, %s) as copy "
            "where old.tenant_id = %s"
        ).format(
            sql.Identifier("marts", relation),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(values),
            sql.Identifier("marts", relation),
        ),
        (times, tenant_id),
    )
