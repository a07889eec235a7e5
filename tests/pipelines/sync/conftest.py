"""Each test of a sync leaves the raw tables and the record of syncs empty."""

from collections.abc import Iterator

import pytest

from tekup.db import Doors
from tests.fixtures.raw_tables import empty_raw_tables


@pytest.fixture(autouse=True)
def empty_warehouse(doors: Doors) -> Iterator[None]:
    yield
    empty_raw_tables(doors)
