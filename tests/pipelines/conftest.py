"""The sandbox for tests that pull, shared with the tests of integrations."""

from tests.integrations.conftest import sandbox, world

__all__ = ["sandbox", "world"]
