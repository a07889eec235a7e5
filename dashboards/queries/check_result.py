"""What the data checks last found. The checks themselves are the pipeline's and dbt's."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_CHECK: Schema = {
    "check_name": pl.String,
    "is_passed": pl.Boolean,
    "severity": pl.String,
    "observed": pl.String,
    "expected": pl.String,
    "checked_at": UTC_TIME,
    "is_blocking": pl.Boolean,
    "failed_row_count": pl.Int64,
    "failing_since": UTC_TIME,
}


def read_checks(tenant_id: UUID, limit: int = 500) -> pl.DataFrame:
    """The latest result of each check, failing ones first, errors before warnings."""
    return read_frame(
        tenant_id,
        """
        select check_name, is_passed, severity, observed, expected, checked_at,
               is_blocking, failed_row_count, failing_since
        from ops.check_result
        where tenant_id = %(tenant_id)s
        order by is_passed, severity, check_name
        limit %(limit)s
        """,
        _CHECK,
        {"limit": limit},
    )
