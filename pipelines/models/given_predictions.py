"""What each version predicted of rows while they were new: the champion's, and a challenger's that nobody is shown.

The first prediction of a row stays, so that what came can judge it. How it is judged is `prediction_watch`'s.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from psycopg import sql

from pipelines.models.lead_features import TIME
from pipelines.models.predictions import Definition
from pipelines.models.scored_rows import copy_rows
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform

FRESH = timedelta(days=7)
PREDICTED = "predicted"


def give(
    platform: Platform, definition: Definition[Any], tenant_id: UUID, rows: pl.DataFrame, model: Any, version: str
) -> int:
    """Keep what the version predicts of the tenant's new rows of which it has not said anything yet; returns how many.

    New are rows of the tenant's last `FRESH`, by the data and not by the clock, that came after all that the version
    was taught. What came of some may be known already: to leave these out would leave out what comes quickly.
    """
    key, watching = definition.told.key, definition.watching
    with platform.warehouse(tenant_id, read_only=True) as connection:
        taught = connection.execute(
            "select newest_lead_at from ml.model_teaching where model_version = %s", (version,)
        ).fetchone()
    since = rows[TIME].max() - FRESH  # type: ignore[operator]  # a moment, as the column is one
    since = since if taught is None else max(since, taught[0])
    fresh = watching.population(rows).filter(pl.col(TIME) > pl.lit(since).cast(rows.schema[TIME]))
    said = read_given(platform, definition, tenant_id).filter(model_version=version)
    new = fresh.join(said.cast({TIME: rows.schema[TIME]}), on=[key, TIME], how="anti", maintain_order="left")
    if new.is_empty():
        return 0
    predicted = pl.Series(PREDICTED, watching.predict(model, new).tolist(), dtype=pl.List(pl.Float64))
    with platform.warehouse(tenant_id) as connection:
        kinds = {key: definition.told.key_type, TIME: "timestamptz", PREDICTED: "float8[]"}
        copy_rows(connection, new.select(key, TIME, predicted), kinds)
        connection.execute(
            sql.SQL(
                "insert into {} (tenant_id, {key}, kind, model_version, as_of_at, predicted) "
                "select %s, {key}, %s, %s, as_of_at, predicted from incoming_scores on conflict do nothing"
            ).format(_table(definition), key=sql.Identifier(key)),
            (tenant_id, definition.kind.name, version),
        )
    return new.height


def read_given(platform: Platform, definition: Definition[Any], tenant_id: UUID) -> pl.DataFrame:
    """All that was predicted of one tenant's new rows: the row's key and time, version and numbers."""
    key, kind = definition.told.key, definition.kind.name
    table = _table(definition).as_string(None)
    query = f"select {key}, as_of_at, model_version, predicted from {table} where kind = '{kind}'"  # noqa: S608  # our own names
    return read_tenant_frame(platform.doors, tenant_id, query).cast({TIME: pl.Datetime("us", "UTC")})


def numbers_of(rows: pl.DataFrame) -> np.ndarray:
    """The numbers that were predicted, a row of each row."""
    return np.asarray(rows[PREDICTED].to_list(), dtype=float)


def _table(definition: Definition[Any]) -> sql.Identifier:
    return sql.Identifier("ml", f"{definition.told.key.removesuffix('_id')}_prediction_given")
