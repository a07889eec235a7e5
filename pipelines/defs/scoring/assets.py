"""The lead-score model, each lead's score and the watch over both, as assets. `pipelines.models` does the work."""

from collections.abc import Iterator

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError

_STILL = {
    "features_are_still": "feature",
    "scores_are_still": "score",
    "calibration_is_still": "calibration",
}


@dg.asset(
    key=["models", "lead_score"],
    deps=[["lake", "lead_features"], ["lake", "conversions"], ["models", "deal_value"]],
    group_name="scoring",
    owners=OWNERS,
    kinds={"lightgbm"},
    required_resource_keys={"platform"},
)
def lead_score_model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One folder per version: model, calibration, schema, metrics, card, hashes; promoted if it beats the live one."""
    from pipelines.models import lead_training  # seconds of imports, only where they are needed

    platform: Platform = context.resources.platform
    try:
        trained = lead_training.train(platform, by=context.run.tags.get("promotes_as", "training"))
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(
        metadata={
            "version": trained.version,
            "lead_count": trained.lead_count,
            "decision": trained.decision.outcome,
            "why": trained.decision.why,
            **trained.metrics,
        }
    )


@dg.asset(
    key=["scores", "leads"],
    deps=[["models", "lead_score"], ["lake", "lead_features"]],
    group_name="scoring",
    owners=OWNERS,
    kinds={"postgres"},
    automation_condition=AFTER_UPSTREAM,
    required_resource_keys={"platform"},
)
def lead_scores_table(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One row per tenant and lead: probability, grade and reasons by the live model; made anew only where changed."""
    from pipelines.models import lead_scores

    platform: Platform = context.resources.platform
    try:
        done = lead_scores.score_all(platform)
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(
        metadata={
            "lead_count": sum(one.leads for one in done.values()),
            "rows_changed": sum(one.scored for one in done.values()),
            "rows_removed": sum(one.removed for one in done.values()),
            "shadow_rows_changed": sum(one.shadowed for one in done.values()),
            "by_tenant": {domain: one.scored for domain, one in done.items()},
        }
    )


@dg.asset(
    key=["watch", "lead_score"],
    deps=[["scores", "leads"]],
    group_name="scoring",
    owners=OWNERS,
    kinds={"postgres"},
    automation_condition=AFTER_UPSTREAM,
    required_resource_keys={"platform"},
    check_specs=[
        dg.AssetCheckSpec(
            name,
            asset=["watch", "lead_score"],
            description=f"No tenant's {subject} detector alarmed in this look; false alarms: docs/scoring.md.",
        )
        for name, subject in _STILL.items()
    ],
)
def lead_score_watch(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """One row per tenant, model version, thing looked at and look: drift against the training snapshot."""
    from pipelines.models import lead_watch

    watched = lead_watch.watch(context.resources.platform)
    told = {"looks": watched.looks, "alarms": len(watched.alarms)}
    challenger = (
        {} if watched.decision is None else {"challenger": watched.decision.outcome, "why": watched.decision.why}
    )
    yield dg.MaterializeResult(metadata={**told, **challenger})
    for name, subject in _STILL.items():
        alarms = [alarm for alarm in watched.alarms if alarm.subject == subject]
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=["watch", "lead_score"],
            passed=not alarms,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"tenants": {alarm.tenant: ", ".join(alarm.names) or subject for alarm in alarms}},
        )
