"""Watches the live lead model on each tenant's leads, and the challenger on outcomes. The tests are `scoring`'s.

How it is looked is told in `looks`. A detector that alarms asks for a training, whose model must beat the champion
like any other.
"""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import polars as pl

from pipelines.models import model_records
from pipelines.models.lead_features import LABEL, LEAD, TIME
from pipelines.models.looks import FORECAST, OUTCOME, Alarm, Watched, look, store_outcomes
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from scoring import outcomes
from scoring.promotion import Decision, Evidence, decide

LEAST_SHADOW = 200
_FRESH_SCORES = """
select lead_id, model_version, probability, scored_at from ml.lead_score_history where is_fresh
"""
_SHADOWS = "select lead_id, model_version, probability, scored_at from ml.lead_score_shadow"


def watch(platform: Platform) -> Watched:
    """Look at what arrived and what matured since the last look, tenant by tenant; then at the challenger."""
    version = platform.registry.live_version()
    if version is None:
        return Watched(0, (), None)
    challenger = platform.registry.challenger_version()
    alarms: list[Alarm] = []
    looks = 0
    pairs: list[pl.DataFrame] = []
    for tenant in platform.tenants():
        frame = platform.lake.read(tenant.id, "lead_features")
        if frame is None or frame.is_empty():
            continue
        realised = _realise(platform, tenant.id, frame)
        _store_outcomes(platform, tenant.id, realised)
        taken, found = _look(platform, tenant.id, tenant.domain, version, frame, realised)
        looks += taken
        alarms += found
        if challenger is not None:
            pairs.append(_pair(realised, version, challenger).with_columns(pl.lit(str(tenant.id)).alias("tenant")))
    decision = _judge_challenger(platform, challenger, pairs)
    return Watched(looks, tuple(alarms), decision)


def _realise(platform: Platform, tenant_id: UUID, frame: pl.DataFrame) -> pl.DataFrame:
    """Scores that live models and challengers gave to new leads, with the outcome that came."""
    given = [read_tenant_frame(platform.doors, tenant_id, query) for query in (_FRESH_SCORES, _SHADOWS)]
    return outcomes.realise(pl.concat(given), frame, lead_id=LEAD, label=LABEL, time=TIME)


def _store_outcomes(platform: Platform, tenant_id: UUID, realised: pl.DataFrame) -> None:
    for (version,), own in realised.group_by("model_version"):
        counts = (own.height, int(own[LABEL].sum()))
        store_outcomes(platform, tenant_id, str(version), outcomes.judge(own, label=LABEL), counts, own[TIME].max())


def _look(
    platform: Platform, tenant_id: UUID, domain: str, version: str, frame: pl.DataFrame, realised: pl.DataFrame
) -> tuple[int, list[Alarm]]:
    scores = read_tenant_frame(
        platform.doors, tenant_id, "select lead_id, model_version, probability from ml.lead_score"
    ).filter(model_version=version)
    told = pl.col("probability").alias(FORECAST)
    return look(
        platform,
        tenant_id,
        domain,
        version,
        LEAD,
        {
            "feature": frame,
            "score": frame.join(scores.select(LEAD, told), on=LEAD),
            "calibration": realised.filter(model_version=version).with_columns(
                told, pl.col(LABEL).cast(pl.Float64).alias(OUTCOME)
            ),
        },
    )


def _pair(realised: pl.DataFrame, champion: str, challenger: str) -> pl.DataFrame:
    """Leads that both scored while they were new: outcome and both probabilities."""
    ours, theirs = realised.filter(model_version=champion), realised.filter(model_version=challenger)
    return ours.select(LEAD, TIME, pl.col(LABEL).cast(pl.Float64), pl.col("probability").alias("champion")).join(
        theirs.select(LEAD, pl.col("probability").alias("candidate")), on=LEAD
    )


def _judge_challenger(platform: Platform, challenger: str | None, pairs: Sequence[pl.DataFrame]) -> Decision | None:
    """Promote or dismiss the challenger once its shadow says so; the bounds hold however often this is asked."""
    if challenger is None or not pairs:
        return None
    rows = pl.concat(pairs).sort(TIME)
    if rows.height < LEAST_SHADOW:
        return None
    arrays = {name: rows[name].to_numpy() for name in (LABEL, "champion", "candidate")}
    evidence = Evidence(
        arrays[LABEL], arrays["champion"], arrays["candidate"], {"tenant": np.asarray(rows["tenant"].to_list())}
    )
    decision = decide(evidence, anytime=True)
    if decision.outcome == "promote":
        platform.registry.promote(challenger, by="shadow", why=decision.why)
    elif decision.outcome == "reject":
        platform.registry.dismiss(by="shadow", why=decision.why)
    if decision.outcome != "challenge":
        model_records.record_history(platform, platform.registry)
    return decision
