"""What an import leaves in the warehouse, and who may see it."""

from datetime import date
from decimal import Decimal

import psycopg
import pytest

from integrations.ecb.rates import Rate
from pipelines.sync.exchange_rates import Stored, rates_version, store_rates
from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture(autouse=True)
def _empty(doors: Doors) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
        connection.execute("delete from raw_ecb.exchange_rates")


def test_a_rate_is_added_corrected_and_never_lost(doors: Doors) -> None:
    first = [Rate("USD", MONDAY, Decimal("1.1")), Rate("JPY", MONDAY, Decimal("160"))]
    assert store_rates(doors, first) == Stored(2, 2, MONDAY)
    version = rates_version(doors)
    assert store_rates(doors, first) == Stored(2, 0, MONDAY)
    assert rates_version(doors) == version
    later = [Rate("USD", MONDAY, Decimal("1.2")), Rate("USD", TUESDAY, Decimal("1.3"))]
    assert store_rates(doors, later) == Stored(2, 2, TUESDAY)
    assert rates_version(doors) != version
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
        held = connection.execute(
            "select currency, rate_date, units_per_euro from raw_ecb.exchange_rates order by 1, 2"
        ).fetchall()
    assert held == [
        ("JPY", MONDAY, Decimal("160")), ("USD", MONDAY, Decimal("1.2")), ("USD", TUESDAY, Decimal("1.3")),
    ]  # fmt: skip


def test_no_reader_sees_rates(doors: Doors, two_tenants: TwoTenants) -> None:
    for role in (Role.READER, Role.APP):
        with (
            doors.tenant_transaction(Database.WAREHOUSE, role, two_tenants.a.id) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("select * from raw_ecb.exchange_rates")
