"""How fresh a source is, from when it last succeeded. Pulling is the pipeline's affair."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

LATE_AFTER = timedelta(hours=3)
"""Pulls run hourly: two missed in a row are late."""


class Freshness(StrEnum):
    """States of a source, best first."""

    FRESH = "fresh"
    LATE = "late"
    FAILING = "failing"
    NEVER = "never"


COLORS: dict[Freshness, Literal["green", "orange", "red", "gray"]] = {
    Freshness.FRESH: "green",
    Freshness.LATE: "orange",
    Freshness.FAILING: "red",
    Freshness.NEVER: "gray",
}
ICONS = {
    Freshness.FRESH: ":material/check_circle:",
    Freshness.LATE: ":material/schedule:",
    Freshness.FAILING: ":material/error:",
    Freshness.NEVER: ":material/do_not_disturb_on:",
}


def judge(status: str, succeeded_at: datetime | None, now: datetime) -> Freshness:
    """The state of a source whose latest run has ``status`` and that last succeeded at ``succeeded_at``."""
    if status == "failed":
        return Freshness.FAILING
    if succeeded_at is None:
        return Freshness.NEVER
    return Freshness.FRESH if now - succeeded_at <= LATE_AFTER else Freshness.LATE
