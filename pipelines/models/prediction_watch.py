"""Watches a kind of prediction: new rows against the training's, what came against what was predicted, the challenger.

The looks are `looks`'s, the same as the lead score's; which rows are looked at is told in `prediction_outcomes`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import polars as pl

from pipelines.models import model_records
from pipelines.models.given_predictions import PREDICTED, numbers_of, read_given
from pipelines.models.lead_features import TENANT, TIME
from pipelines.models.looks import FORECAST, OUTCOME, Alarm, Subject, Watched, look, store_outcomes
from pipelines.models.predictions import Definition
from pipelines.resources.platform import Platform
from scoring import drift
from scoring.outcomes import MIN_LEADS
from scoring.promotion import Decision, decide_by_losses
from scoring.registry import Artefact

M = TypeVar("M", bound=Artefact)
LEAST_SHADOW = 200


def record_references(
    platform: Platform, definition: Definition[M], version: str, probe: M, limits: Mapping[str, datetime]
) -> dict[str, datetime]:
    """How rows, forecasts and calibration lay when ``version`` was taught; by tenant, until when these rows go.

    ``limits``: by tenant that taught, from when on the version's probe knows no row. Forecasts and calibration are the
    probe's on those.
    """
    newest = {}
    watching, key = definition.watching, definition.told.key
    names = [
        name for name in definition.features(probe) if name not in (*model_records.NOT_WATCHED, *watching.unwatched)
    ]
    for tenant_id, since in limits.items():
        rows = platform.lake.read(UUID(tenant_id), definition.dataset)
        if rows is None or rows.is_empty():
            continue
        newest[tenant_id] = rows[TIME].max()
        known = watching.population(rows).sort(TIME)
        seen, late = watching.looked(known), pl.col(TIME) >= pl.lit(since).cast(rows.schema[TIME])
        held = _once(seen.filter(late), key)
        settled = _once(watching.settle_soon(platform, UUID(tenant_id), known).filter(late), key)
        references: list[model_records.Reference] = []
        if seen.height >= model_records.LEAST_REFERENCE:
            references += [("feature", name, drift.reference_of(seen[name]), seen.height) for name in names]
        if held.height >= model_records.LEAST_REFERENCE:
            told = pl.Series(watching.forecast(watching.predict(probe, held)))
            references.append(("score", FORECAST, drift.reference_of(told, bins=drift.SCORE_BINS), held.height))
        if settled.height >= model_records.LEAST_REFERENCE:
            outcome, forecast = watching.meet(watching.predict(probe, settled), settled)
            lay = drift.reference_of_calibration(outcome, forecast)
            references.append(("calibration", OUTCOME, lay, settled.height))
        model_records.record_references(platform, UUID(tenant_id), version, references)
    return newest  # type: ignore[return-value]  # moments, as the column is one


def watch(platform: Platform, definition: Definition[Any]) -> Watched:
    """Look at what arrived and what came of it since the last look, tenant by tenant; then at the challenger."""
    registry = platform.registry_of(definition.kind)
    version, challenger = registry.live_version(), registry.challenger_version()
    if version is None:
        return Watched(0, (), None)
    watching, key = definition.watching, definition.told.key
    # the model's own forecasts are another function's than the reference's: that would pass for drift
    probe = registry.load_probe(version)

    def foretell(batch: pl.DataFrame) -> pl.DataFrame:
        return batch.with_columns(pl.Series(FORECAST, watching.forecast(watching.predict(probe, batch))))

    alarms: list[Alarm] = []
    looks = 0
    pairs: list[pl.DataFrame] = []
    for tenant in platform.tenants():
        rows = platform.lake.read(tenant.id, definition.dataset)
        if rows is None or rows.is_empty():
            continue
        known = watching.population(rows)
        given = read_given(platform, definition, tenant.id).cast({TIME: rows.schema[TIME]})
        realised, soon = (
            given.join(settle(platform, tenant.id, known), on=[key, TIME], how="inner").sort(TIME, key)
            for settle in (watching.settle, watching.settle_soon)
        )
        _store_outcomes(platform, definition, tenant.id, realised)
        seen = watching.looked(known)
        subjects: dict[Subject, pl.DataFrame] = {
            "feature": seen,
            "score": seen if probe is not None else seen.clear(),
            "calibration": _with_outcome(definition, soon.filter(model_version=version)),
        }
        taken, found = look(platform, tenant.id, tenant.domain, version, key, subjects, foretell=foretell)
        looks += taken
        alarms += found
        if challenger is not None:
            pairs.append(
                _pair(definition, realised, version, challenger).with_columns(pl.lit(str(tenant.id)).alias(TENANT))
            )
    return Watched(looks, tuple(alarms), _judge_challenger(platform, definition, challenger, pairs))


def _once(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    return rows.unique(key, keep="last", maintain_order=True)


def _with_outcome(definition: Definition[Any], rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return rows.with_columns(pl.lit(0.0).alias(FORECAST), pl.lit(0.0).alias(OUTCOME))
    outcome, forecast = definition.watching.meet(numbers_of(rows), rows)
    return rows.with_columns(pl.Series(FORECAST, forecast), pl.Series(OUTCOME, outcome))


def _store_outcomes(platform: Platform, definition: Definition[Any], tenant_id: UUID, realised: pl.DataFrame) -> None:
    """Measures of each version; none below `MIN_LEADS` rows, or where all came out alike."""
    for (version,), rows in realised.group_by("model_version"):
        outcome = _with_outcome(definition, rows)[OUTCOME]
        if rows.height < MIN_LEADS or outcome.n_unique() < 2:
            continue
        figures = definition.watching.measure(numbers_of(rows), rows)
        counts = (rows.height, int(rows[definition.watching.event].sum()))
        store_outcomes(platform, tenant_id, str(version), figures, counts, rows[TIME].max())


def _pair(definition: Definition[Any], realised: pl.DataFrame, champion: str, challenger: str) -> pl.DataFrame:
    """Rows of which both said something while they were new: the losses of both."""
    ours, theirs = realised.filter(model_version=champion), realised.filter(model_version=challenger)
    on = [definition.told.key, TIME]
    both = ours.join(theirs.select(*on, pl.col(PREDICTED).alias("candidate")), on=on, how="inner").sort(on[::-1])
    losses = {}
    for name, column in (("champion", PREDICTED), ("challenger", "candidate")):
        told = numbers_of(both.select(pl.col(column).alias(PREDICTED)))
        losses[name] = definition.watching.losses(told, both).tolist() if both.height else []
    return both.select(TIME).with_columns(pl.Series(n, x, dtype=pl.Float64) for n, x in losses.items())


def _judge_challenger(
    platform: Platform, definition: Definition[Any], challenger: str | None, pairs: Sequence[pl.DataFrame]
) -> Decision | None:
    """Promote or dismiss the challenger once its shadow says so; the bounds hold however often this is asked."""
    rows = pl.concat(pairs) if pairs else pl.DataFrame()
    if challenger is None or rows.height < LEAST_SHADOW:
        return None
    decision = decide_by_losses(
        rows["champion"].to_numpy(), rows["challenger"].to_numpy(), {TENANT: rows[TENANT].to_numpy()}, anytime=True
    )
    registry = platform.registry_of(definition.kind)
    if decision.outcome == "promote":
        registry.promote(challenger, by="shadow", why=decision.why)
    elif decision.outcome == "reject":
        registry.dismiss(by="shadow", why=decision.why)
    if decision.outcome != "challenge":
        model_records.record_history(platform, registry, definition.kind.name)
    return decision
