"""The pooled lead score: trained over all tenants' features, written back per tenant. No Dagster here."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from psycopg.types.json import Jsonb

import scoring
from pipelines.resources.platform import Platform
from scoring import LeadModel
from tekup.db import Database
from tekup.errors import TekupError

LABEL = "is_won_90d"
TIME = "as_of_at"
TENANT = "tenant_id"
NOT_FEATURES = ("lead_id", "lead_count_so_far")
"""Columns that are no features: a count that only grows tells the date and the tenant, not the lead."""
MINIMUM_LEADS = 200
MOST_THREADS = 8
MINIMUM_TENANT_LEADS = 50
HELD_OUT = 0.2
"""The latest share of each tenant's leads, on which a model that never saw them is judged."""


class TooFewLeads(TekupError):
    """There are not enough leads with a known outcome to learn from."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A published version and how it fared on leads later than those it learned from."""

    version: str
    metrics: dict[str, float]
    lead_count: int


def read_features(platform: Platform) -> pl.DataFrame:
    """Every tenant's feature rows from the lake, one row per tenant and lead."""
    frame = platform.lake.query("lead_features", [tenant.id for tenant in platform.tenants()])
    if frame.is_empty():
        raise TooFewLeads("there are no lead features yet", hint="run the pull and the marts first: `tekup run`")
    return frame.sort(TENANT, TIME, "lead_id")


def train(platform: Platform, *, seed: int = 0) -> Trained:
    """Train, publish and promote a version, and store its quality for each tenant beside its baseline.

    Raises:
        TooFewLeads: fewer than `MINIMUM_LEADS` leads have a known outcome, or all have the same.
    """
    frame = read_features(platform)
    labelled = frame.filter(pl.col(LABEL).is_not_null())
    if labelled.height < MINIMUM_LEADS or labelled[LABEL].n_unique() < 2:
        raise TooFewLeads(
            f"{labelled.height} leads have a known outcome; a model needs {MINIMUM_LEADS}, some won and some not",
            hint="wait until more leads are 90 days old, or import past leads with `tekup import`",
        )
    is_late = pl.col(TIME) >= pl.col(TIME).quantile(1 - HELD_OUT).over(TENANT)
    known, held_out = labelled.filter(~is_late), labelled.filter(is_late)
    drop = tuple(name for name in NOT_FEATURES if name in frame.columns)

    def learn(rows: pl.DataFrame) -> LeadModel:
        return scoring.train(rows, label=LABEL, time=TIME, tenant=TENANT, drop=drop, seed=seed)

    with ThreadPoolExecutor(2) as pool:  # trees are grown outside the interpreter's lock
        probe, model = pool.map(learn, (known, labelled))
    version = platform.registry.publish(model)
    metrics = _store_quality(platform, version, probe, known, held_out)
    platform.registry.promote(version)
    return Trained(version, metrics, labelled.height)


def score_all(platform: Platform) -> dict[str, int]:
    """Score each tenant's leads with the live model; rows change only where score or version did. Counts by tenant.

    Raises:
        TooFewLeads: no model is live.
    """
    model = platform.registry.live()
    if model is None:
        raise TooFewLeads("no lead-score model is live", hint="train one: `tekup run`")
    version = platform.registry.live_version()
    written: dict[str, int] = {}
    for tenant in platform.tenants():
        frame = platform.lake.read(tenant.id, "lead_features")
        if frame is None or not frame.height:
            written[tenant.domain] = 0
            continue
        scores = model.score(frame, threads=min(os.cpu_count() or 1, MOST_THREADS))
        written[tenant.domain] = _write_scores(platform, tenant.id, str(version), frame, scores)
    return written


def _write_scores(
    platform: Platform, tenant_id: UUID, version: str, features: pl.DataFrame, scores: pl.DataFrame
) -> int:
    rows = zip(
        features["lead_id"].to_list(),
        scores["probability"].to_list(),
        scores["grade"].to_list(),
        scores["reasons"].to_list(),
        strict=True,
    )
    with platform.warehouse(tenant_id) as connection:
        connection.execute(
            "create temporary table incoming_scores (lead_id uuid, probability float8, grade text, reasons jsonb) "
            "on commit drop"
        )
        with connection.cursor().copy("copy incoming_scores from stdin") as copy:
            for lead_id, probability, grade, reasons in rows:
                copy.write_row((lead_id, probability, grade, Jsonb(reasons)))
        connection.execute(
            "delete from ml.lead_score as s where tenant_id = %s "
            "and not exists (select from incoming_scores as i where i.lead_id = s.lead_id)",
            (tenant_id,),
        )
        changed = connection.execute(
            "with changed as ("
            "insert into ml.lead_score as s (tenant_id, lead_id, model_version, probability, grade, reasons) "
            "select %(tenant)s, lead_id, %(version)s, probability, grade, reasons from incoming_scores "
            "on conflict (tenant_id, lead_id) do update set model_version = excluded.model_version, "
            "probability = excluded.probability, grade = excluded.grade, reasons = excluded.reasons, "
            "scored_at = now() where s.probability is distinct from excluded.probability "
            "or s.grade is distinct from excluded.grade or s.reasons is distinct from excluded.reasons "
            "or s.model_version is distinct from excluded.model_version "
            "returning lead_id, scored_at, model_version, probability, grade) "
            "insert into ml.lead_score_history (tenant_id, lead_id, scored_at, model_version, probability, grade) "
            "select %(tenant)s, lead_id, scored_at, model_version, probability, grade from changed "
            "on conflict do nothing",
            {"tenant": tenant_id, "version": version},
        ).rowcount
    return changed


def _baseline(known: pl.DataFrame, rows: pl.DataFrame) -> dict[str, float]:
    """What frequency naive Bayes, learned from the tenant's own earlier leads, reaches on the same rows."""
    if known.height < MINIMUM_TENANT_LEADS or known[LABEL].n_unique() < 2:
        return {}
    drop = [name for name in (*NOT_FEATURES, TENANT, TIME) if name in rows.columns]
    return scoring.baseline(known.drop(drop), LABEL, test=rows.drop(drop))


def _store_quality(
    platform: Platform, version: str, probe: LeadModel, known: pl.DataFrame, held_out: pl.DataFrame
) -> dict[str, float]:
    """Quality on the latest fifth of the leads of a model that never saw them, beside the base rate's."""
    metrics = scoring.evaluate(probe, held_out, label=LABEL)
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="quality of a pooled model") as connection:
        connection.execute("update ml.model_version set is_live = false where kind = 'lead_score'")
        connection.execute(
            "insert into ml.model_version (model_version, kind, is_live, metrics) values (%s, 'lead_score', true, %s) "
            "on conflict (model_version) do update set is_live = true, metrics = excluded.metrics",
            (version, Jsonb(metrics)),
        )
        for (tenant_id,), rows in held_out.group_by(TENANT):
            if rows.height < MINIMUM_TENANT_LEADS or rows[LABEL].n_unique() < 2:
                continue
            quality = scoring.evaluate(probe, rows, label=LABEL)
            base = _baseline(known.filter(pl.col(TENANT) == tenant_id), rows)
            for metric, value in quality.items():
                connection.execute(
                    "insert into ml.model_quality (tenant_id, model_version, metric, value, baseline, lead_count) "
                    "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id, model_version, metric) do update "
                    "set value = excluded.value, baseline = excluded.baseline, lead_count = excluded.lead_count",
                    (str(tenant_id), version, metric, value, base.get(metric), rows.height),
                )
    return metrics
