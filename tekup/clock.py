"""The time, always aware and in UTC. Formatting for people lives with the pages."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current instant."""
    return datetime.now(UTC)
