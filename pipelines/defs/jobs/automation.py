"""Switches the automation conditions on: what is downstream follows its upstream without anybody asking."""

import dagster as dg

follow_upstream = dg.AutomationConditionSensorDefinition(
    name="follow_upstream",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Builds marts, extracts, scores and credit once what they stand on has new data.",
)
