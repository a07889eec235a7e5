"""Money's minor digits, and that Python and SQL agree on them."""

import csv

from tekup.money import MINOR_DIGITS, Money
from tests.paths import ROOT


def test_an_amount_is_told_with_its_currencys_own_digits() -> None:
    assert str(Money(123_456, "DKK")) == "1,234.56 DKK"
    assert str(Money(123_456, "JPY")) == "123,456 JPY"
    assert str(Money(123_456, "KWD")) == "123.456 KWD"


def test_the_warehouses_currencies_have_the_same_digits() -> None:
    with (ROOT / "dbt" / "seeds" / "currency.csv").open() as file:
        seeded = {row["currency"]: int(row["minor_digits"]) for row in csv.DictReader(file)}
    assert {currency: digits for currency, digits in seeded.items() if digits != 2} == MINOR_DIGITS
