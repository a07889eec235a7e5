"""The sandbox for tests that pull, shared with the tests of integrations, and tenants that no other test fills."""

from collections.abc import Iterator

import pytest
from dagster._core.storage.defs_state.base import _current_storage

from tekup.db import Doors
from tests.fixtures.database import TwoTenants, tenants_for_a_while
from tests.integrations.conftest import sandbox, world

__all__ = ["sandbox", "world"]


@pytest.fixture(autouse=True)
def no_ended_instance() -> Iterator[None]:
    """Forget the last Dagster instance's storage: that of one that a sensor opened stays current when it has ended."""
    _current_storage.set(None)
    yield
    _current_storage.set(None)


@pytest.fixture(scope="module")
def two_tenants(doors: Doors) -> Iterator[TwoTenants]:
    """Tenants A and B of one file of the pipelines' tests."""
    with tenants_for_a_while(doors, Alfa="alfa-pull.example", Beta="beta-pull.example") as made:
        yield made
