"""What the warehouse knows of model versions: figures, references, who promoted what. The registry decides."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg.types.json import Jsonb

from pipelines.models.lead_features import LABEL, LEAD, TENANT, TIME, mature
from pipelines.resources.platform import Platform
from scoring import drift
from scoring.model import LeadModel
from scoring.provenance import snapshot_hash
from scoring.registry import Registry
from tekup.contracts.events import ModelPromoted
from tekup.db import Database, Role
from tekup.ids import derived_uuid
from tekup.outbox import emit

KIND = "lead_score"
LEAST_REFERENCE = 100
"""Fewer leads are no reference: their own noise would pass for drift."""
NOT_WATCHED = (
    "created_month",
    "created_hour",
    "win_rate_so_far",
    "company_lead_count_so_far",
    "company_won_count_so_far",
)
"""Features that move by their nature, with the calendar or with the tenant's age, and would always alarm."""


def record_history(platform: Platform, registry: Registry[Any], kind: str = KIND) -> int:
    """Copy what the registry's history has beyond the append-only table, and mark who is live; returns how much.

    Whoever acts next calls this, so an entry whose author died before copying it is copied then.
    """
    entries = list(enumerate(registry.history()))
    live, challenger = registry.live_version(), registry.challenger_version()
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="history of model versions") as connection:
        row = connection.execute(
            "select coalesce(max(entry) + 1, 0) from ml.model_promotion where kind = %s", (kind,)
        ).fetchone()
        new = entries[row[0] if row else 0 :]
        _tell_promotions(platform, new, kind)
        connection.cursor().executemany(
            "insert into ml.model_promotion (kind, entry, action, model_version, previous_version, done_by, done_at, "
            "reason) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                (
                    kind,
                    number,
                    entry["action"],
                    entry["version"],
                    entry["previous"],
                    entry["by"],
                    datetime.fromisoformat(entry["at"]),
                    entry.get("why"),
                )
                for number, entry in new
            ],
        )
        connection.execute(
            "update ml.model_version set is_live = coalesce(model_version = %(live)s, false), "
            "is_challenger = coalesce(model_version = %(challenger)s, false) where kind = %(kind)s "
            "and (is_live, is_challenger) is distinct from "
            "(coalesce(model_version = %(live)s, false), coalesce(model_version = %(challenger)s, false))",
            {"live": live, "challenger": challenger, "kind": kind},
        )
    return len(new)


def _tell_promotions(platform: Platform, entries: list[tuple[int, dict[str, Any]]], kind: str) -> None:
    """Tell every tenant which version answers from now on, before it is noted: who dies in between tells it again.

    The event's id derives from the entry, so that each tenant hears of it once.
    """
    switches = [(number, entry) for number, entry in entries if entry["action"] in ("promote", "rollback")]
    model_id = derived_uuid("model", kind)
    for tenant in platform.tenants() if switches else ():
        with platform.doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant.id) as connection:
            for number, entry in switches:
                told = ModelPromoted(model_id=model_id, kind=kind, model_version=entry["version"])
                event_id = derived_uuid("ModelPromoted", tenant.id, kind, number)
                emit(connection, tenant.id, told, model_id, event_id=event_id)


def record_version(
    platform: Platform,
    version: str,
    *,
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
    decision: Mapping[str, Any],
    kind: str = KIND,
    card: str = "",
) -> None:
    """Note a published version; whether it is live is noted by `record_history`."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="a pooled model's version") as connection:
        connection.execute(
            "insert into ml.model_version (model_version, kind, metrics, provenance, decision, card) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (model_version) do update set metrics = excluded.metrics, "
            "provenance = excluded.provenance, decision = excluded.decision, card = excluded.card",
            (version, kind, Jsonb(metrics), Jsonb(provenance), Jsonb(decision), card),
        )


def record_quality(
    platform: Platform,
    version: str,
    figures: Mapping[str, tuple[int, Mapping[str, float], Mapping[str, float]]],
) -> None:
    """By tenant: leads, measures on its held-out leads, and the baseline's on the same."""
    for tenant_id, (lead_count, quality, baseline) in figures.items():
        with platform.warehouse(UUID(tenant_id)) as connection:
            connection.cursor().executemany(
                "insert into ml.model_quality (tenant_id, model_version, metric, value, baseline, lead_count) "
                "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id, model_version, metric) do update "
                "set value = excluded.value, baseline = excluded.baseline, lead_count = excluded.lead_count",
                [
                    (tenant_id, version, metric, value, baseline.get(metric), lead_count)
                    for metric, value in quality.items()
                ],
            )


def record_teaching(
    platform: Platform,
    version: str,
    frame: pl.DataFrame,
    words: pl.DataFrame,
    held_out: pl.DataFrame,
    held_scores: Sequence[float],
    model: LeadModel,
) -> None:
    """By tenant: what the version was taught, and how features, scores and calibration lay in it.

    ``words``: people's newest word on each lead; those on leads that taught are counted. Scores and calibration are
    those that the version's probe gave to leads it had not seen.
    """
    held_out = held_out.with_columns(pl.Series("probability", held_scores, dtype=pl.Float64))
    watched = [name for name in model.features if name not in NOT_WATCHED]
    late = {str(key[0]): rows for key, rows in held_out.group_by(TENANT)}
    for (tenant_id,), rows in frame.group_by(TENANT):
        own = rows.sort(TIME, LEAD)
        known = mature(own)
        held = late.get(str(tenant_id), held_out.clear())
        references: list[tuple[str, str, dict[str, Any], int]] = []
        if own.height >= LEAST_REFERENCE:
            references += [("feature", name, drift.reference_of(own[name]), own.height) for name in watched]
        if held.height >= LEAST_REFERENCE:
            label, scores = held[LABEL].cast(pl.Float64).to_numpy(), held["probability"]
            shape = drift.reference_of(scores, bins=drift.SCORE_BINS)
            references.append(("score", "probability", shape, held.height))
            lay = drift.reference_of_calibration(label, scores.to_numpy())
            references.append(("calibration", "outcome", lay, held.height))
        with platform.warehouse(UUID(str(tenant_id))) as connection:
            heard = known.join(words, on=[TENANT, LEAD], how="semi").height
            _note_teaching(connection, version, own, held, known.height, int(known[LABEL].sum()), heard)
            connection.cursor().executemany(
                "insert into ml.model_reference (tenant_id, model_version, subject, name, bins, row_count) "
                "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
                [(tenant_id, version, subject, name, Jsonb(bins), count) for subject, name, bins, count in references],
            )


def record_limits(platform: Platform, version: str, rows: pl.DataFrame, held_out: pl.DataFrame) -> None:
    """By tenant: how many rows taught a version that predicts anything but the lead score, and what its probe saw."""
    late = {str(key[0]): own for key, own in held_out.group_by(TENANT)}
    for (tenant_id,), own in rows.group_by(TENANT):
        held = late.get(str(tenant_id), held_out.clear())
        with platform.warehouse(UUID(str(tenant_id))) as connection:
            _note_teaching(connection, version, own.sort(TIME), held, own.height, 0, 0)


def _note_teaching(
    connection: psycopg.Connection,
    version: str,
    own: pl.DataFrame,
    held: pl.DataFrame,
    count: int,
    won: int,
    heard: int,
) -> None:
    newest = own[TIME].max()
    connection.execute(
        "insert into ml.model_teaching (tenant_id, model_version, lead_count, won_count, snapshot_hash, "
        "newest_lead_at, probe_until, feedback_count) values (%s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (
            own[TENANT][0],
            version,
            count,
            won,
            snapshot_hash(own),
            newest,
            held[TIME].min() if held.height else newest,
            heard,
        ),
    )


def unseen_by(platform: Platform, version: str, held_out: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``held_out`` that the probe of ``version`` does not know."""
    limits = probe_limits(platform, version)
    since = pl.DataFrame(
        {TENANT: list(limits), "since": list(limits.values())},
        schema={TENANT: pl.String, "since": held_out.schema[TIME]},
    )
    return held_out.join(since, on=TENANT, how="left", maintain_order="left").filter(
        pl.col("since").is_null() | (pl.col(TIME) >= pl.col("since"))
    )


def probe_limits(platform: Platform, version: str) -> dict[str, datetime]:
    """By tenant: from when on the version's probe knows no lead. A tenant that it was not taught is not there."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="what a pooled model saw") as connection:
        rows = connection.execute(
            "select tenant_id::text, probe_until from ml.model_teaching where model_version = %s", (version,)
        ).fetchall()
    return dict(rows)


def newest_alarm(platform: Platform) -> tuple[str, date, int] | None:
    """The live version, the last day on which a detector of it alarmed, and for how many tenants; None without one."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="alarms of a pooled model") as connection:
        row = connection.execute(
            "select d.model_version, d.looked_at::date, count(distinct d.tenant_id) from ml.model_drift as d "
            "inner join ml.model_version as v on v.model_version = d.model_version and v.is_live "
            "where d.name = '(all)' and d.is_drifting group by 1, 2 order by 2 desc limit 1"
        ).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def read_versions(platform: Platform, kind: str = KIND) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By version: its measures on held-out leads, and what was decided about it."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="list of model versions") as connection:
        rows = connection.execute(
            "select model_version, metrics, decision from ml.model_version where kind = %s", (kind,)
        ).fetchall()
    return {version: (metrics, decision) for version, metrics, decision in rows}
