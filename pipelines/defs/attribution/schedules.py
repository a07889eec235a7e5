"""Keeps each month's credit as it was known shortly after. What a snapshot holds is told beside the assets."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg


@dg.schedule(
    target=dg.AssetSelection.key_prefixes(["attribution"]),
    cron_schedule="45 4 3 * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the third of each month, when late imports are in: every tenant's credit as of the month's end.",
)
def monthly_attribution_snapshot(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """One run a month; what a tenant keeps of that month already stays."""
    month_end = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    yield dg.RunRequest(
        run_key=f"attribution:{month_end:%Y-%m}",
        run_config={"ops": {"attribution": {"config": {"as_of": month_end.isoformat()}}}},
    )
