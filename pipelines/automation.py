"""When assets are brought up to date by themselves. Which assets there are is told under `defs/`."""

from datetime import timedelta

import dagster as dg

AFTER_UPSTREAM = dg.AutomationCondition.eager().without(
    ~dg.AutomationCondition.any_deps_missing()  # a tenant without a vendor must not hold up the others' marts
)
"""Build once something upstream has new data, unless a run for it is under way."""

RAW_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))
MART_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=8))
OWNERS = ["team:data"]
