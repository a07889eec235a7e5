"""Versions of the models, and who made which of them live. They are all tenants' and name no tenant's rows."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_VERSION: Schema = {
    "kind": pl.String,
    "model_version": pl.String,
    "is_live": pl.Boolean,
    "is_challenger": pl.Boolean,
    "trained_at": UTC_TIME,
    "metrics": pl.String,
    "outcome": pl.String,
    "findings": pl.String,
    "card": pl.String,
}
_PROMOTION: Schema = {
    "action": pl.String,
    "model_version": pl.String,
    "previous_version": pl.String,
    "done_by": pl.String,
    "done_at": UTC_TIME,
    "reason": pl.String,
}


def read_versions(tenant_id: UUID, limit: int = 200) -> pl.DataFrame:
    """Versions of every kind, the live one first, then the challenger, then the newest."""
    return read_frame(
        tenant_id,
        """
        select kind, model_version, is_live, is_challenger, trained_at, metrics::text,
               decision ->> 'outcome', (decision -> 'findings')::text, card
        from ml.model_version
        order by kind, is_live desc, is_challenger desc, trained_at desc, model_version
        limit %(limit)s
        """,
        _VERSION,
        {"limit": limit},
    )


def read_promotions(tenant_id: UUID, kind: str, limit: int = 100) -> pl.DataFrame:
    """What was done with versions of ``kind``, the latest first."""
    return read_frame(
        tenant_id,
        """
        select action, model_version, previous_version, done_by, done_at, reason
        from ml.model_promotion
        where kind = %(kind)s
        order by entry desc
        limit %(limit)s
        """,
        _PROMOTION,
        {"kind": kind, "limit": limit},
    )
