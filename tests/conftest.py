"""Fixtures that every test may use; they are defined in tests.fixtures."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import pytest

from tests.fixtures.database import doors, settings, two_tenants
from tests.fixtures.folders import server_home
from tests.fixtures.warehouse import warehouse

__all__ = ["doors", "server_home", "settings", "two_tenants", "warehouse"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that the workers end together and none waits for another's last file."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
