"""The sandbox for tests that pull, shared with the tests of integrations, and tenants that no other test fills."""

from collections.abc import Iterator

import pytest
from dagster._core.storage.defs_state.base import _current_storage

from tekup.db import Doors
from tekup.directory.tenants import create_tenant
from tekup.ids import derived_uuid
from tests.fixtures.database import TwoTenants
from tests.integrations.conftest import sandbox, world

__all__ = ["sandbox", "world"]


@pytest.fixture(autouse=True)
def no_ended_instance() -> Iterator[None]:
    """Forget the last Dagster instance's storage: that of one that a sensor opened stays current when it has ended."""
    _current_storage.set(None)
    yield
    _current_storage.set(None)


@pytest.fixture(scope="package")
def two_tenants(doors: Doors) -> TwoTenants:
    """Tenants A and B of the pipelines' tests alone."""
    a, b = (
        create_tenant(doors, f"{name} Pull", f"{name.lower()}-pull.example", tenant_id=derived_uuid("test", name))
        for name in ("Alfa", "Beta")
    )
    return TwoTenants(a, b)
