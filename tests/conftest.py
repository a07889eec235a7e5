"""Fixtures that every test may use; they are defined in tests.fixtures."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

from tests.fixtures.database import doors, settings, two_tenants
from tests.fixtures.folders import server_home
from tests.fixtures.warehouse import warehouse

__all__ = ["doors", "server_home", "settings", "two_tenants", "warehouse"]
