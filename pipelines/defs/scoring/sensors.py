"""Asks for a training when a detector alarmed. What alarms and what is promoted is decided in `pipelines.models`."""

from collections.abc import Iterator

import dagster as dg


@dg.sensor(
    job_name="train_and_score",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    required_resource_keys={"platform"},
    description="Trains once for each model version and day on which leads, scores or calibration drifted.",
)
def retrain_on_drift(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per version and day however many tenants alarmed; the model must still beat the champion."""
    from pipelines.models.model_records import newest_alarm

    found = newest_alarm(context.resources.platform)
    if found is None:
        yield dg.SkipReason("nothing drifts from what the live model was taught on")
        return
    version, day, tenants = found
    yield dg.RunRequest(
        run_key=f"{version}:{day.isoformat()}",
        tags={"promotes_as": "retraining on drift", "drifting_tenants": str(tenants)},
    )
