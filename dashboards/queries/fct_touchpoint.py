"""What people met before and after they became leads: one person's timeline."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

TIMELINE_LIMIT = 200

_TOUCH: Schema = {
    "occurred_at": UTC_TIME,
    "kind": pl.String,
    "channel": pl.String,
    "utm_campaign": pl.String,
    "landing_page": pl.String,
    "device": pl.String,
}


def read_timeline(tenant_id: UUID, person_id: str, limit: int = TIMELINE_LIMIT) -> pl.DataFrame:
    """A person's latest touchpoints, oldest of them first."""
    return read_frame(
        tenant_id,
        """
        select occurred_at, kind, channel, utm_campaign, landing_page, device
        from (
            select * from marts.fct_touchpoint
            where tenant_id = %(tenant_id)s and person_id = %(person_id)s
            order by occurred_at desc, touchpoint_id desc
            limit %(limit)s
        ) as latest
        order by occurred_at, touchpoint_id
        """,
        _TOUCH,
        {"person_id": person_id, "limit": limit},
    )
