"""Each lead's score by the live model, and by the challenger in its shadow: written only where something changed.

A lead is scored again when its inputs or the model changed, so a night's work grows with the changes, not with the
leads. Training lives in `lead_training`.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from pipelines.models import model_records
from pipelines.models.lead_features import LABEL, LEAD, TIME, TooFewLeads
from pipelines.models.score_evidence import erase_leads
from pipelines.models.scored_rows import INPUT_HASH, as_json, changed_rows, copy_rows
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from scoring import LeadModel

MOST_THREADS = 8
FRESH = timedelta(days=7)
_STORED = "select lead_id, model_version, input_hash from ml.lead_score"
_SHADOWED = "select lead_id, model_version, input_hash from ml.lead_score_shadow"
_TOLD = {
    "probability": "float8",
    "probability_low": "float8",
    "probability_high": "float8",
    "has_enough_data": "boolean",
    "is_out_of_distribution": "boolean",
    "grade": "text",
}
"""What a model tells of a lead beside its reasons, with the columns' types."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One tenant's night: leads there are, leads whose inputs or model changed, leads that are gone."""

    leads: int
    scored: int
    removed: int
    shadowed: int


def score_all(platform: Platform) -> dict[str, Scored]:
    """Score each tenant's leads with the live model where their inputs or the model changed; what was done by tenant.

    Raises:
        TooFewLeads: no model is live.
    """
    registry = platform.registry
    version, challenging = registry.live_version(), registry.challenger_version()
    if version is None:
        raise TooFewLeads("no lead-score model is live", hint="train one: `tekup run`")
    model_records.record_history(platform, registry)
    model = registry.load(version)
    challenger = None if challenging is None else registry.load(challenging)
    done: dict[str, Scored] = {}
    for tenant in platform.tenants():
        frame = platform.lake.read(tenant.id, "lead_features")
        if frame is None:
            done[tenant.domain] = Scored(0, 0, 0, 0)
            continue
        scored, removed = score_tenant(platform, tenant.id, frame, model, version)
        shadowed = 0
        if challenger is not None and challenging is not None:
            shadowed = shadow_tenant(platform, tenant.id, frame, challenger, challenging)
        done[tenant.domain] = Scored(frame.height, scored, removed, shadowed)
    return done


def score_tenant(
    platform: Platform, tenant_id: UUID, frame: pl.DataFrame, model: LeadModel, version: str
) -> tuple[int, int]:
    """Score one tenant's changed leads and remove those that are gone; returns how many of each."""
    stored = read_tenant_frame(platform.doors, tenant_id, _STORED)
    changed = changed_rows(frame, model.features, stored.filter(model_version=version), LEAD)
    gone = stored.join(frame.select(LEAD), on=LEAD, how="anti")[LEAD].to_list()
    if changed.is_empty() and not gone:
        return 0, 0
    rows = pl.DataFrame()
    if not changed.is_empty():
        scores = model.score(changed, threads=min(os.cpu_count() or 1, MOST_THREADS))
        rows = changed.select(
            LEAD,
            INPUT_HASH,
            *(scores[name] for name in _TOLD),
            scores["expected_value"].round().cast(pl.Int64).alias("expected_value_cents"),
            pl.lit(model.base_probability(str(tenant_id))).alias("base_probability"),
            as_json(scores["reasons"]),
            _is_fresh(frame).alias("is_fresh"),
            _features_json(changed, model),
        )
    with platform.warehouse(tenant_id) as connection:
        _remove(connection, [UUID(lead_id) for lead_id in gone])
        if rows.height:
            _store(connection, tenant_id, version, rows)
    return rows.height, len(gone)


def shadow_tenant(platform: Platform, tenant_id: UUID, frame: pl.DataFrame, model: LeadModel, version: str) -> int:
    """Let the challenger score new leads, whose outcome will judge it; it is asked again where a lead changes."""
    stored = read_tenant_frame(platform.doors, tenant_id, _SHADOWED).filter(model_version=version)
    changed = changed_rows(frame.filter(_is_fresh(frame)), model.features, stored, LEAD)
    if changed.is_empty():
        return 0
    scores = model.score(changed, reasons=0)
    rows = changed.select(LEAD, INPUT_HASH, scores["probability"], scores["grade"])
    with platform.warehouse(tenant_id) as connection:
        copy_rows(connection, rows, {LEAD: "uuid", INPUT_HASH: "bigint", "probability": "float8", "grade": "text"})
        connection.execute(
            "insert into ml.lead_score_shadow (tenant_id, lead_id, model_version, input_hash, probability, grade) "
            "select %s, lead_id, %s, input_hash, probability, grade from incoming_scores "
            "on conflict (tenant_id, model_version, lead_id) do update set input_hash = excluded.input_hash, "
            "probability = excluded.probability, grade = excluded.grade, scored_at = now()",
            (tenant_id, version),
        )
    return rows.height


def _is_fresh(frame: pl.DataFrame) -> pl.Expr:
    """Leads of the tenant's last `FRESH` whose outcome is not known: by the data, not by the clock."""
    return pl.col(LABEL).is_null() & (pl.col(TIME) > pl.lit(frame[TIME].max()) - FRESH)


def _features_json(frame: pl.DataFrame, model: LeadModel) -> pl.Series:
    exact = frame.select(
        pl.col(name).cast(pl.Float64) if frame.schema[name].is_decimal() else pl.col(name) for name in model.features
    )
    return exact.select(pl.struct(pl.all()).struct.json_encode().alias("features"))["features"]


def _remove(connection: psycopg.Connection, lead_ids: list[UUID]) -> None:
    """Current scores of leads without features; of those that were deleted at the source, all that is kept of them."""
    if not lead_ids:
        return
    connection.execute("delete from ml.lead_score where lead_id = any(%s)", (lead_ids,))
    here = connection.execute(
        "select id from raw_operational.leads where id = any(%s) and deleted_at is null", (lead_ids,)
    ).fetchall()
    erase_leads(connection, sorted(set(lead_ids) - {row[0] for row in here}))


def _store(connection: psycopg.Connection, tenant_id: UUID, version: str, rows: pl.DataFrame) -> None:
    """Current scores, their history, and the inputs that no earlier score of the lead had."""
    own = {"expected_value_cents": "bigint", "base_probability": "float8", "reasons": "jsonb"}
    copy_rows(
        connection,
        rows,
        {LEAD: "uuid", INPUT_HASH: "bigint", **_TOLD, **own, "is_fresh": "boolean", "features": "jsonb"},
    )
    told = {"tenant": tenant_id, "version": version}
    connection.execute(
        "insert into ml.lead_score_input (tenant_id, lead_id, input_hash, features) "
        "select %(tenant)s, lead_id, input_hash, features from incoming_scores on conflict do nothing",
        told,
    )
    names = (INPUT_HASH, *_TOLD, *own)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    renewed = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names)
    connection.execute(
        sql.SQL(
            "insert into ml.lead_score (tenant_id, lead_id, model_version, {columns}) "
            "select %(tenant)s, lead_id, %(version)s, {columns} from incoming_scores on conflict (tenant_id, lead_id) "
            "do update set model_version = excluded.model_version, {renewed}, scored_at = now()"
        ).format(columns=columns, renewed=renewed),
        told,
    )
    connection.execute(
        sql.SQL(
            "insert into ml.lead_score_history (tenant_id, lead_id, scored_at, model_version, is_fresh, {columns}) "
            "select %(tenant)s, lead_id, now(), %(version)s, is_fresh, {columns} from incoming_scores "
            "on conflict do nothing"
        ).format(columns=columns),
        told,
    )
