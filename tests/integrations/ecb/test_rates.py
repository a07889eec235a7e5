"""The bank's two forms of its file, from disk, zip and sandbox; and files that are something else."""

import io
import itertools
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from integrations.ecb.rates import Rate, parse_rates, read_rates
from integrations.sandbox.ecb import business_days
from tekup.errors import BadInput, VendorError
from tests.integrations.running import Sandbox

ALL_DAYS = "Date,USD,JPY,RUB,\n2026-11-27,1.0912,163.45,N/A,\n2026-11-26,1.0900,163.00,N/A,\n"
ONE_DAY = "Date, USD, JPY, \n27 November 2026, 1.0912, 163.45, \n"


def test_both_forms_of_the_file_tell_the_same_day_alike() -> None:
    friday = [Rate("USD", date(2026, 11, 27), Decimal("1.0912")), Rate("JPY", date(2026, 11, 27), Decimal("163.45"))]
    assert list(parse_rates(ONE_DAY, "it")) == friday
    assert list(parse_rates(ALL_DAYS, "it"))[:2] == friday
    assert len(list(parse_rates(ALL_DAYS, "it"))) == 4


def test_a_zip_is_opened(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("eurofxref-hist.csv", ALL_DAYS)
    (tmp_path / "rates.zip").write_bytes(content.getvalue())
    assert len(read_rates(str(tmp_path / "rates.zip"))) == 4


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "Date\n", "Date,USD\n27/11/2026,1.1\n", "Date,USD\n2026-11-27,one\n", "Date,USD\n2026-11-27,0\n",
     "Date,USD\n2026-11-27,-1\n", "Date,USD\n2026-11-27,Infinity\n", "Date,USD\n2026-11-27,NaN\n",
     "Date,USD\n2026-11-27,1\n2026-11-27,2\n"],
)  # fmt: skip
def test_what_is_no_file_of_rates_is_refused_whole(text: str) -> None:
    with pytest.raises(BadInput, match="it"):
        list(parse_rates(text, "it"))


def test_a_missing_file_bytes_and_a_dead_address_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        read_rates(str(tmp_path / "none.csv"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="neither text nor a zip"):
        read_rates(str(tmp_path / "bytes"))
    with pytest.raises(VendorError, match="can't be read"):
        read_rates("http://127.0.0.1:1/rates.csv")


def test_the_sandbox_serves_every_business_day_up_to_its_own(sandbox: Sandbox) -> None:
    address = f"{sandbox.url}/ecb/stats/eurofxref/eurofxref-hist.csv"
    rates = read_rates(address)
    dollars = {rate.day: rate.units_per_euro for rate in rates if rate.currency == "USD"}
    assert max(dollars) == date(2026, 10, 30)
    assert date(2026, 4, 3) not in dollars  # Good Friday
    assert date(2026, 4, 6) not in dollars  # Easter Monday
    assert date(2026, 4, 7) in dollars
    kroner = [rate.units_per_euro for rate in rates if rate.currency == "DKK"]
    assert max(abs(one / Decimal("7.46038") - 1) for one in kroner) < Decimal("0.001")
    sandbox.pass_time(timedelta(days=3).total_seconds())
    later = {rate.day: rate.units_per_euro for rate in read_rates(address) if rate.currency == "USD"}
    assert later.items() > dollars.items()


def test_no_gap_between_business_days_is_longer_than_rates_are_carried() -> None:
    days = list(business_days(date(1999, 1, 1), date(2040, 1, 1)))
    assert max(b - a for a, b in itertools.pairwise(days)) <= timedelta(5)
