"""No form and no lead of ours before or after."""

from collections.abc import Iterator

import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in ("form_submissions", "forms", "touchpoints", "campaigns"):
                    connection.execute(f"delete from app.{table}")
                connection.execute("delete from app.leads where email like '%@forms.example'")

    clear()
    yield
    clear()
