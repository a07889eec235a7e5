"""Two tenants whose portals share their objects' ids."""

import time
from collections.abc import Iterator

import pytest

from integrations.sandbox.world import World, simulate
from tekup.db import Doors
from tests.fixtures.database import TwoTenants
from tests.integrations.running import AS_OF, Sandbox
from tests.serving.hubspot_sync.twins import Twin


@pytest.fixture(scope="package")
def tiny_world() -> World:
    return simulate(7, 0.002, AS_OF)


@pytest.fixture
def sandbox(tiny_world: World) -> Iterator[Sandbox]:
    with Sandbox(tiny_world) as running:
        running.seconds = time.time()
        yield running


@pytest.fixture
def a(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> Iterator[Twin]:
    twin = Twin(doors, sandbox, two_tenants.a, "fjord-software")
    twin.clear()
    yield twin
    twin.clear()


@pytest.fixture
def b(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> Iterator[Twin]:
    twin = Twin(doors, sandbox, two_tenants.b, "byg-og-bo")
    twin.clear()
    yield twin
    twin.clear()
