"""What a decision on a candidate leads to in its registry, for every kind. Deciding itself is `scoring.promotion`'s."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from scoring.promotion import Decision
from scoring.registry import Registry
from tekup.clock import utc_now

CHALLENGE_DAYS = 120
"""So long a challenger that is neither better nor worse keeps its place: an outcome takes 90 days to come."""


def place(registry: Registry[Any], version: str, decision: Decision, by: str) -> None:
    """Make the version live, let it challenge, or leave it, as was decided; a champion's rise ends a challenge."""
    if decision.outcome == "promote":
        registry.promote(version, by=by, why=decision.why)
        if registry.challenger_version() is not None:
            registry.dismiss(by=by, why=f"{version} became the champion")
    elif decision.outcome == "challenge":
        current = registry.challenger_version()
        if current is None or age_of(registry.provenance(current)) > timedelta(days=CHALLENGE_DAYS):
            registry.challenge(version, by=by, why=decision.why)


def age_of(told: Mapping[str, Any]) -> timedelta:
    """How long ago the version with this provenance was published."""
    return utc_now() - datetime.fromisoformat(told["published_at"])
