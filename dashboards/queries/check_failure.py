"""Some of the rows that break a check, as the check kept them. How many there were is with the check's result."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_FAILURE: Schema = {"check_name": pl.String, "failed_row": pl.String, "found_at": UTC_TIME}


def read_failures(tenant_id: UUID, limit: int = 1000) -> pl.DataFrame:
    """The kept rows by check, each as JSON text; none for a reader who may not see people."""
    return read_frame(
        tenant_id,
        """
        select check_name, failed_row::text, found_at
        from ops.check_failure
        where tenant_id = %(tenant_id)s and failed_row is not null
        order by check_name, row_number
        limit %(limit)s
        """,
        _FAILURE,
        {"limit": limit},
    )
