"""Models and nightly batches beside the lead score: deal value, time to conversion, churn. `pipelines.models` works."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError


@dataclass(frozen=True, slots=True)
class _Prediction:
    """A kind's name, what its model learns from, the asset of its predictions, and the grain of both in words."""

    kind: str
    learns_from: tuple[str, ...]
    asset: str
    model_grain: str
    batch_grain: str

    @property
    def dataset(self) -> str:
        return self.learns_from[0]


_PREDICTIONS: Mapping[str, _Prediction] = {
    one.kind: one
    for one in (
        _Prediction(
            "deal_value",
            ("lead_features", "conversions"),
            "lead_values",
            "One folder per version of the model of what a won deal is worth; promoted if it beats the live one.",
            "One row per tenant and lead: what a deal with it is worth, and the span of nine deals of ten.",
        ),
        _Prediction(
            "conversion_time",
            ("lead_features", "conversions"),
            "lead_conversions",
            "One folder per version of the model of when leads are won; promoted if it beats the live one.",
            "One row per tenant and lead: the chance that it is won by 7, 14, 30, 60 and 90 days.",
        ),
        _Prediction(
            "subscription_churn",
            ("subscription_features",),
            "subscription_churn",
            "One folder per version of the model of which subscriptions end; promoted if it beats the live one.",
            "One row per tenant and running subscription: the chance that it ends within 90 days, with reasons.",
        ),
    )
}


@dg.definitions
def predictions() -> dg.Definitions:
    """A model and a batch of each kind."""
    made = [build(one) for one in _PREDICTIONS.values() for build in (_model_asset, _batch_asset)]
    return dg.Definitions(assets=made)


def _model_asset(one: _Prediction) -> dg.AssetsDefinition:
    @dg.asset(
        name=one.kind,
        key_prefix=["models"],
        deps=[["lake", dataset] for dataset in one.learns_from],
        description=one.model_grain,
        group_name="scoring",
        owners=OWNERS,
        kinds={"lightgbm"},
        required_resource_keys={"platform"},
    )
    def train(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from pipelines.models import prediction_training  # seconds of imports, only where they are needed
        from pipelines.models.predictions import DEFINITIONS

        platform: Platform = context.resources.platform
        definition = next(d for d in DEFINITIONS if d.kind.name == one.kind)
        try:
            trained = prediction_training.train(platform, definition)
        except TekupError as error:
            # a young platform has no churn to learn from; nothing that is live is worse for it
            context.log.warning(f"no {one.kind} model was taught: {error.what}")
            return dg.MaterializeResult(metadata={"decision": "not taught", "why": error.what})
        told: dict[str, Any] = {
            "version": trained.version,
            "row_count": trained.row_count,
            "decision": trained.decision.outcome,
        }
        return dg.MaterializeResult(metadata={**told, "why": trained.decision.why, **trained.metrics})

    return train


def _batch_asset(one: _Prediction) -> dg.AssetsDefinition:
    @dg.asset(
        name=one.asset,
        key_prefix=["scores"],
        deps=[["models", one.kind], ["lake", one.dataset]],
        description=one.batch_grain,
        group_name="scoring",
        owners=OWNERS,
        kinds={"postgres"},
        automation_condition=AFTER_UPSTREAM,
        required_resource_keys={"platform"},
    )
    def predict(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from pipelines.models import prediction_batch
        from pipelines.models.predictions import DEFINITIONS

        definition = next(d for d in DEFINITIONS if d.kind.name == one.kind)
        done = prediction_batch.predict_all(context.resources.platform, definition)
        return dg.MaterializeResult(
            metadata={
                "row_count": sum(of.rows for of in done.values()),
                "rows_changed": sum(of.changed for of in done.values()),
                "rows_removed": sum(of.removed for of in done.values()),
            }
        )

    return predict
