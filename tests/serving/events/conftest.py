"""A log that is empty before and after each test, and a loop in which consumers run."""

from collections.abc import Iterator

import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants


@pytest.fixture(autouse=True)
def empty_log(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    """No event of either tenant."""
    clear_log(doors, two_tenants)
    yield
    clear_log(doors, two_tenants)


@pytest.fixture(autouse=True)
def no_effects(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    """No effect of a consumer of the tests is left to the next."""
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.application_data where app_name like 'effect-%'")


def clear_log(doors: Doors, tenants: TwoTenants, *, keeps_heads: bool = False) -> None:
    """Delete both tenants' events with all that hangs on them."""
    for tenant in (tenants.a, tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            for table in ("event_parked", "event_inbox", "event_cursors", "events"):
                connection.execute(f"delete from app.{table}")
            if not keeps_heads:
                connection.execute("delete from app.event_heads")
