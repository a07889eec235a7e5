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

GATE = dg.AssetKey(["quality", "gate"])
"""The asset that judges raw rows and marts, between marts and extracts."""

_IS_JUDGED_ANEW = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed()).allow(
    dg.AssetSelection.assets(GATE)
)
AFTER_GATE = (
    (
        dg.AutomationCondition.newly_missing() | _HAS_NEWS.ignore(dg.AssetSelection.assets(GATE)) | _IS_JUDGED_ANEW
    ).since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("after upstream changed and was judged")
"""As above, for what stands on the gate: a gate that judged as before is no news.

One tick asks for marts, gate and extracts as one run, in which each step waits for those that it stands on.
"""

RAW_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))
MART_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=8))
OWNERS = ["team:data"]
