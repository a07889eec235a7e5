"""When assets are brought up to date by themselves. Which assets there are is told under `defs/`."""

from datetime import timedelta

import dagster as dg

_HAS_NEWS = dg.AutomationCondition.any_deps_match(
    dg.AutomationCondition.data_version_changed() | dg.AutomationCondition.will_be_requested()
)
AFTER_UPSTREAM = (
    (dg.AutomationCondition.newly_missing() | _HAS_NEWS).since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("after upstream changed")
"""Build once something upstream has other data than before, unless a run for it is under way.

Dagster's own `eager` asks whether upstream was materialized: an hourly pull that finds nothing would rebuild all. A
pull's data version moves only when it changed a row. A missing partition (a tenant without that vendor) holds up
nobody.
"""

RAW_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))
MART_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=8))
OWNERS = ["team:data"]
