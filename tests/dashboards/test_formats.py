"""Numbers, money, dates and ages in both languages."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import formats
from dashboards.formats import Language

DA, EN = Language.DA, Language.EN


@pytest.mark.parametrize(
    ("value", "digits", "danish", "english"),
    [
        (1234567, 0, "1.234.567", "1,234,567"),
        (1234.5, 1, "1.234,5", "1,234.5"),
        (-12.0, 0, "-12", "-12"),
        (None, 0, "–", "–"),
    ],
)
def test_numbers(value: float | None, digits: int, danish: str, english: str) -> None:
    assert formats.format_number(value, DA, digits) == danish
    assert formats.format_number(value, EN, digits) == english


@pytest.mark.parametrize(
    ("cents", "currency", "danish", "english"),
    [
        (123_456_00, "DKK", "123.456 kr.", "DKK 123,456"),
        (5_000, "EUR", "50 EUR", "EUR 50"),
        (5_000, "JPY", "5.000 JPY", "JPY 5,000"),
        (100, None, "1 kr.", "DKK 1"),
        (None, "DKK", "–", "–"),
    ],
)
def test_money(cents: int | None, currency: str | None, danish: str, english: str) -> None:
    assert formats.format_money(cents, currency, DA).replace("\N{NO-BREAK SPACE}", " ") == danish
    assert formats.format_money(cents, currency, EN).replace("\N{NO-BREAK SPACE}", " ") == english


def test_rates_and_changes_carry_their_sign() -> None:
    assert formats.format_rate(0.125, DA, 1) == "12,5\N{NO-BREAK SPACE}%"
    assert formats.format_rate(0.125, EN, 1) == "12.5%"
    assert formats.format_change(0.5, EN) == "+50%"
    assert formats.format_change(-0.5, EN) == "-50%"
    assert formats.format_change(None, EN) is None
    assert [formats.format_signed(value, DA, 1) for value in (1.25, -0.5, 0.0)] == ["+1,2", "-0,5", "0,0"]


def test_instants_are_shown_in_copenhagen() -> None:
    winter, summer = datetime(2026, 12, 31, 23, 30, tzinfo=UTC), datetime(2026, 5, 3, 22, 5, tzinfo=UTC)
    assert formats.format_time(winter, DA) == "1. jan. 2027 00.30"
    assert formats.format_time(summer, EN) == "4 May 2026 00:05"
    assert formats.format_date(date(2026, 5, 3), DA) == "3. maj 2026"
    assert formats.format_date(None, EN) == "–"
    assert formats.format_month(date(2026, 5, 3), DA) == "maj 2026"
    assert formats.format_month(date(2026, 2, 1), EN) == "Feb 2026"


@pytest.mark.parametrize(
    ("age", "danish", "english"),
    [
        (timedelta(minutes=5), "5 min.", "5 min"),
        (timedelta(hours=3), "3 t.", "3 h"),
        (timedelta(days=12), "12 dage", "12 days"),
        (timedelta(seconds=-5), "0 min.", "0 min"),
    ],
)
def test_ages(age: timedelta, danish: str, english: str) -> None:
    assert formats.format_age(age, DA) == danish
    assert formats.format_age(age, EN) == english


@given(st.integers(-(10**12), 10**12))
def test_both_languages_write_the_same_digits(value: int) -> None:
    strip = str.maketrans("", "", ".,")
    assert (
        formats.format_number(value, DA).translate(strip)
        == formats.format_number(value, EN).translate(strip)
        == str(value)
    )
