"""The nightly batch of a kind of prediction: each tenant's rows, written only where inputs or the model changed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql

from pipelines.models import model_records
from pipelines.models.predictions import Definition, Told
from pipelines.models.scored_rows import INPUT_HASH, changed_rows, copy_rows
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Predicted:
    """One tenant's night: rows there are, rows whose inputs or model changed, predictions that are gone."""

    rows: int
    changed: int
    removed: int


def predict_all(platform: Platform, definition: Definition[Any]) -> dict[str, Predicted]:
    """Predict for each tenant's rows with the live model; what was done by tenant, nothing where none is live."""
    registry = platform.registry_of(definition.kind)
    version = registry.live_version()
    if version is None:
        return {}
    model_records.record_history(platform, registry, definition.kind.name)
    model = registry.load(version)
    done: dict[str, Predicted] = {}
    for tenant in platform.tenants():
        rows = platform.lake.read(tenant.id, definition.dataset)
        if rows is None:
            continue
        asked = definition.asked(rows)
        changed, removed = predict_tenant(platform, definition, tenant.id, asked, model, version)
        done[tenant.domain] = Predicted(asked.height, changed, removed)
    return done


def predict_tenant(
    platform: Platform, definition: Definition[Any], tenant_id: UUID, asked: pl.DataFrame, model: Any, version: str
) -> tuple[int, int]:
    """Predict one tenant's changed rows and remove those that are no longer asked; returns how many of each."""
    told = definition.told
    stored = read_tenant_frame(
        platform.doors,
        tenant_id,
        f"select {told.key}, model_version, {INPUT_HASH} from ml.{told.table}",  # noqa: S608  # our own names
    )
    changed = changed_rows(asked, definition.features(model), stored.filter(model_version=version), told.key)
    gone = stored.join(asked.select(told.key), on=told.key, how="anti")[told.key].to_list()
    if changed.is_empty() and not gone:
        return 0, 0
    rows = pl.DataFrame()
    if not changed.is_empty():
        answer = definition.tell(model, changed)
        rows = pl.concat([changed.select(told.key, INPUT_HASH), answer.select(list(told.columns))], how="horizontal")
    with platform.warehouse(tenant_id) as connection:
        name, key = sql.Identifier("ml", told.table), sql.Identifier(told.key)
        connection.execute(
            sql.SQL("delete from {} where {} = any(%s::{}[])").format(name, key, sql.SQL(told.key_type)), (gone,)
        )
        if rows.height:
            copy_rows(connection, rows, {told.key: told.key_type, INPUT_HASH: "bigint", **told.columns})
            connection.execute(_upsert(told), {"tenant": tenant_id, "version": version})
    return rows.height, len(gone)


def _upsert(told: Told) -> sql.Composed:
    names = [sql.Identifier(name) for name in (INPUT_HASH, *told.columns)]
    return sql.SQL(
        "insert into {table} (tenant_id, {key}, model_version, {columns}) "
        "select %(tenant)s, {key}, %(version)s, {columns} from incoming_scores on conflict (tenant_id, {key}) "
        "do update set model_version = excluded.model_version, {renewed}, predicted_at = now()"
    ).format(
        table=sql.Identifier("ml", told.table),
        key=sql.Identifier(told.key),
        columns=sql.SQL(", ").join(names),
        renewed=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in names),
    )
