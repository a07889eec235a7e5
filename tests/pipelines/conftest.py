"""The sandbox for tests that pull, shared with the tests of integrations."""

from collections.abc import Iterator

import pytest
from dagster._core.storage.defs_state.base import _current_storage

from tests.integrations.conftest import sandbox, world

__all__ = ["sandbox", "world"]


@pytest.fixture(autouse=True)
def no_ended_instance() -> Iterator[None]:
    """Forget the last Dagster instance's storage: that of one that a sensor opened stays current when it has ended."""
    _current_storage.set(None)
    yield
    _current_storage.set(None)
