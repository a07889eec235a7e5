"""What the tests of this folder name of the shared build; the fixture `warehouse` is `tests.fixtures.warehouse`'s."""

from tests.fixtures.warehouse import A, B, Warehouse, kept_rows

__all__ = ["A", "B", "Warehouse", "kept_rows"]
