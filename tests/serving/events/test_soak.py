"""The soak in small: writers and workers under kill -9 lose, double and reorder nothing."""

from collections.abc import Iterator

import pytest

from benchmarks.events.roles import DOMAINS
from benchmarks.events.soak import soak
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import delete_tenant, list_tenants


@pytest.fixture
def leaves_nothing(doors: Doors) -> Iterator[None]:
    yield
    for tenant in list_tenants(doors):
        if tenant.domain in DOMAINS:
            delete_tenant(doors, tenant)
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute("drop table if exists app.soak_effects")


@pytest.mark.slow
@pytest.mark.usefixtures("leaves_nothing")
def test_kills_lose_double_and_reorder_nothing(doors: Doors) -> None:
    outcome = soak(doors, 1000, 4)
    assert (outcome.events, outcome.kills) == (1000, 4)
    assert outcome.is_clean, outcome
