"""When assets are brought up to date by themselves. Which assets there are is told under `defs/`."""

from datetime import timedelta
from typing import Any

import dagster as dg

_CHANGED_ELSEWHERE = dg.AutomationCondition.data_version_changed() & ~dg.AutomationCondition.executed_with_root_target()
_HAS_NEWS = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested() | _CHANGED_ELSEWHERE)


def _once_for(news: dg.AutomationCondition[Any], label: str) -> dg.AutomationCondition[Any]:
    """Ask once for whatever is new, and once more for what changed after that.

    Dagster's own `since_last_handled` forgets news once the asset was built. A build reads at its beginning: what
    changed upstream while it ran, or between the tick that asked for it and the next, would be forgotten unread. So
    only the tick after the one that asked forgets, and not what is new on that very tick. A change by the run that
    also built this asset is none: there each step waits for those that it stands on.
    """
    asked = dg.AutomationCondition.newly_requested() | dg.AutomationCondition.initial_evaluation()
    return (
        (dg.AutomationCondition.newly_missing() | news).since(asked & ~news)
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label(label)


AFTER_UPSTREAM = _once_for(_HAS_NEWS, "after upstream changed")
"""Build once something upstream has other data than before, unless a run for it is under way.

Dagster's own `eager` asks whether upstream was materialized: an hourly pull that finds nothing would rebuild all. A
pull's data version moves only when it changed a row. A missing partition (a tenant without that vendor) holds up
nobody. What a person or a job built without being asked is built once more: an increment with nothing new.
"""

GATE = dg.AssetKey(["quality", "gate"])
"""The asset that judges raw rows and marts, between marts and extracts."""

_IS_JUDGED_ANEW = dg.AutomationCondition.any_deps_match(_CHANGED_ELSEWHERE).allow(dg.AssetSelection.assets(GATE))
AFTER_GATE = _once_for(
    _HAS_NEWS.ignore(dg.AssetSelection.assets(GATE)) | _IS_JUDGED_ANEW,
    "after upstream changed and was judged",
)
"""As above, for what stands on the gate: a gate that judged as before is no news.

One tick asks for marts, gate and extracts as one run, in which each step waits for those that it stands on.
"""

RAW_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))
MART_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=8))
OWNERS = ["team:data"]
