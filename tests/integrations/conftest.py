"""The small world and a fresh sandbox for the tests of integrations."""

from collections.abc import Iterator

import pytest

from integrations.sandbox.world import World, simulate
from tests.integrations.running import AS_OF, SCALE, Sandbox


@pytest.fixture(scope="session")
def world() -> World:
    """A small world, drawn once a process; nobody changes it."""
    return simulate(7, SCALE, AS_OF)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    """A sandbox of its own for each test, with the vendors' limits relaxed."""
    with Sandbox(world) as running:
        yield running
