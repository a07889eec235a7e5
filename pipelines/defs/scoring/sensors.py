"""Asks for a training when a detector alarmed. What alarms and what is promoted is decided in `pipelines.models`."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.scoring.predictions import BATCHES


@dg.sensor(
    job_name="train_and_score",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    required_resource_keys={"platform"},
    description="Trains a kind once for each live version and day on which rows, scores or calibration drifted.",
)
def retrain_on_drift(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per version and day however many tenants alarmed; the model must still beat the champion."""
    from pipelines.models.model_records import newest_alarms

    found = newest_alarms(context.resources.platform)
    if not found:
        yield dg.SkipReason("nothing drifts from what the live models were taught on")
    for kind, version, day, tenants in found:
        yield dg.RunRequest(
            run_key=f"{version}:{day.isoformat()}",
            asset_selection=[
                dg.AssetKey(key) for key in (["models", kind], ["scores", BATCHES[kind]], ["watch", kind])
            ],
            tags={"promotes_as": "retraining on drift", "drifting_tenants": str(tenants)},
        )
