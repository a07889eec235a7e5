"""Models, batches, watches beside the lead score: deal value, time to conversion, churn. `pipelines.models` works."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError

if TYPE_CHECKING:
    from pipelines.models.looks import Watched


@dataclass(frozen=True, slots=True)
class _Prediction:
    """A kind's name, what its model learns from, the asset of its predictions, and the grain of both in words."""

    kind: str
    learns_from: tuple[str, ...]
    asset: str
    model_grain: str
    batch_grain: str
    watch_grain: str

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
            "One row per tenant, version, thing and look: leads and deals' values against the training snapshot's.",
        ),
        _Prediction(
            "conversion_time",
            ("lead_features", "conversions"),
            "lead_conversions",
            "One folder per version of the model of when leads are won; promoted if it beats the live one.",
            "One row per tenant and lead: the chance that it is won by 7, 14, 30, 60 and 90 days.",
            "One row per tenant, version, thing and look: leads and their waits against the training snapshot's.",
        ),
        _Prediction(
            "subscription_churn",
            ("subscription_features",),
            "subscription_churn",
            "One folder per version of the model of which subscriptions end; promoted if it beats the live one.",
            "One row per tenant and running subscription: the chance that it ends within 90 days, with reasons.",
            "One row per tenant, version, thing and look: subscriptions and ends against the training snapshot's.",
        ),
    )
}

BATCHES: Mapping[str, str] = {"lead_score": "leads"} | {one.kind: one.asset for one in _PREDICTIONS.values()}
"""By kind of model, the asset of what it tells."""
STILL: Mapping[str, str] = {
    "features_are_still": "feature",
    "scores_are_still": "score",
    "calibration_is_still": "calibration",
}
"""The checks of a watch, and the detector that each is about."""


@dg.definitions
def predictions() -> dg.Definitions:
    """A model, a batch and a watch of each kind."""
    made = [build(one) for one in _PREDICTIONS.values() for build in (_model_asset, _batch_asset, _watch_asset)]
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
            by = context.run.tags.get("promotes_as", "training")
            trained = prediction_training.train(platform, definition, by=by)
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
                "new_rows_kept": sum(of.given for of in done.values()),
                "shadow_rows_kept": sum(of.shadowed for of in done.values()),
            }
        )

    return predict


def _watch_asset(one: _Prediction) -> dg.AssetsDefinition:
    key = dg.AssetKey(["watch", one.kind])

    @dg.asset(
        key=key,
        deps=[["scores", one.asset]],
        description=one.watch_grain,
        group_name="scoring",
        owners=OWNERS,
        kinds={"postgres"},
        automation_condition=AFTER_UPSTREAM,
        required_resource_keys={"platform"},
        check_specs=watch_checks(key),
    )
    def watch(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from pipelines.models import prediction_watch
        from pipelines.models.predictions import DEFINITIONS

        definition = next(d for d in DEFINITIONS if d.kind.name == one.kind)
        yield from tell_watched(key, prediction_watch.watch(context.resources.platform, definition))

    return watch


def watch_checks(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a watch: no detector alarmed."""
    return [
        dg.AssetCheckSpec(
            name,
            asset=key,
            description=f"No tenant's {subject} detector alarmed in this look; false alarms: docs/scoring.md.",
        )
        for name, subject in STILL.items()
    ]


def tell_watched(key: dg.AssetKey, watched: "Watched") -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What a watch found, as the asset's metadata and its checks; an alarm warns and names the tenants."""
    told = {"looks": watched.looks, "alarms": len(watched.alarms)}
    challenger = (
        {} if watched.decision is None else {"challenger": watched.decision.outcome, "why": watched.decision.why}
    )
    yield dg.MaterializeResult(metadata={**told, **challenger})
    for name, subject in STILL.items():
        alarms = [alarm for alarm in watched.alarms if alarm.subject == subject]
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=key,
            passed=not alarms,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"tenants": {alarm.tenant: ", ".join(alarm.names) or subject for alarm in alarms}},
        )
