"""The lead-score model and each lead's score as assets. The work is done in `pipelines.models` and `scoring`."""

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError


@dg.asset(
    key=["models", "lead_score"],
    deps=[["lake", "lead_features"]],
    group_name="scoring",
    owners=OWNERS,
    kinds={"lightgbm"},
    required_resource_keys={"platform"},
)
def lead_score_model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One folder per version: model, calibration, schema, metrics, model card, hashes; the newest is promoted."""
    from pipelines.models import lead_scores  # seconds of imports, only where they are needed

    platform: Platform = context.resources.platform
    try:
        trained = lead_scores.train(platform)
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(
        metadata={"version": trained.version, "lead_count": trained.lead_count, **trained.metrics}
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
    """One row per tenant and lead: probability, grade and reasons by the live model; written only where changed."""
    from pipelines.models import lead_scores

    platform: Platform = context.resources.platform
    try:
        written = lead_scores.score_all(platform)
    except TekupError as error:
        raise dg.Failure(description=error.what, metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(metadata={"rows_changed": sum(written.values()), "by_tenant": dict(written)})
