"""The commonest paths of channels, those that led to a sale and those that did not. Which touches count is decided
elsewhere.
"""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

LIMIT = 200

_PATH: Schema = {
    "path": pl.List(pl.String),
    "conversions": pl.Float64,
    "null_count": pl.Float64,
    "value_cents": pl.Int64,
    "currency": pl.String,
}


def read_paths(tenant_id: UUID, limit: int = LIMIT) -> pl.DataFrame:
    """Paths with a touch by their sales, the commonest first; a channel met several times in a row stands once in it.

    ``path`` is null for all paths that are not listed. ``value_cents`` and ``currency`` are null where a path led to
    sales in several currencies; ``null_count`` are the journeys along it that led nowhere.
    """
    return read_frame(
        tenant_id,
        """
        select path, sum(conversions), sum(null_count),
               case when count(*) = 1 then min(value_cents) end, case when count(*) = 1 then min(currency) end
        from ml.attribution_path
        where tenant_id = %(tenant_id)s and (path is null or cardinality(path) > 0)
        group by path
        order by path is not null, sum(conversions) desc, sum(null_count) desc, path
        limit %(limit)s
        """,
        _PATH,
        {"limit": limit},
    )
