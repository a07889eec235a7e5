"""Euro reference rates as an asset, with its job and schedule. They belong to no tenant and are read once for all."""

import dagster as dg

from pipelines.automation import OWNERS
from pipelines.resources.platform import Platform
from tekup.errors import TekupError


@dg.asset(
    key=["raw", "ecb", "exchange_rates"],
    group_name="ecb",
    owners=OWNERS,
    kinds={"postgres"},
    required_resource_keys={"platform"},
)
def exchange_rates(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One row per currency and day on which the European Central Bank named a rate."""
    from integrations.ecb.rates import read_rates
    from pipelines.sync.exchange_rates import rates_version, store_rates

    platform: Platform = context.resources.platform
    try:
        stored = store_rates(platform.doors, read_rates(platform.exchange_rates()))
    except TekupError as error:
        raise dg.Failure(description=f"exchange rates: {error.what}", metadata={"hint": error.hint or ""}) from error
    return dg.MaterializeResult(
        data_version=dg.DataVersion(rates_version(platform.doors)),
        metadata={
            "rows_read": stored.read,
            "rows_changed": stored.changed,
            "last_day": str(stored.last_day),
        },
    )


import_exchange_rates = dg.define_asset_job(
    "import_exchange_rates",
    selection=dg.AssetSelection.assets(["raw", "ecb", "exchange_rates"]),
    description="Read the European Central Bank's reference rates.",
)
# the bank names a day's rates at about 16:00
daily_exchange_rates = dg.ScheduleDefinition(
    name="daily_exchange_rates",
    job=import_exchange_rates,
    cron_schedule="25 16 * * *",
    execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every afternoon; a day that was missed comes with the next, since the file holds all of them.",
)
