"""Numbers, money, dates and ages as Danish and English readers write them. No sentence is made here.

The languages, and how they write numbers and ratios, are the kernel's: the API says them too.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tekup.language import MISSING, Language, format_number, format_rate
from tekup.money import MINOR_DIGITS

__all__ = [
    "MISSING",
    "ZONE",
    "Language",
    "format_age",
    "format_change",
    "format_date",
    "format_money",
    "format_month",
    "format_number",
    "format_rate",
    "format_signed",
    "format_time",
    "money_scale",
]

ZONE = ZoneInfo("Europe/Copenhagen")
"""The zone in which times are shown; the marts' days are cut in the tenant's own."""

_NBSP = "\N{NO-BREAK SPACE}"
_MONTHS_DA = ("jan.", "feb.", "mar.", "apr.", "maj", "jun.", "jul.", "aug.", "sep.", "okt.", "nov.", "dec.")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_money(cents: float | None, currency: str | None, language: Language) -> str:
    """Whole units with the currency: 1.234 kr. in Danish, DKK 1,234 in English."""
    if cents is None:
        return MISSING
    code = currency or "DKK"
    amount = format_number(cents / 10 ** MINOR_DIGITS.get(code, 2), language)
    if language is Language.DA:
        return f"{amount}{_NBSP}{'kr.' if code == 'DKK' else code}"
    return f"{code}{_NBSP}{amount}"


def money_scale(currency: str | None) -> int:
    """How many minor units make a whole one of ``currency``."""
    return int(10 ** MINOR_DIGITS.get(currency or "DKK", 2))


def format_change(change: float | None, language: Language) -> str | None:
    """A relative change with its sign; None where there is nothing to compare with."""
    if change is None:
        return None
    return _sign(change) + format_rate(abs(change), language)


def format_signed(value: float, language: Language, digits: int = 0) -> str:
    """A number that always shows whether it adds or takes away."""
    return _sign(value) + format_number(abs(value), language, digits)


def format_date(value: date | None, language: Language) -> str:
    """3. feb. 2026 in Danish, 3 Feb 2026 in English; an instant is shown in ``ZONE``."""
    if value is None:
        return MISSING
    day = value.astimezone(ZONE).date() if isinstance(value, datetime) else value
    if language is Language.DA:
        return f"{day.day}. {_MONTHS_DA[day.month - 1]} {day.year}"
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def format_month(value: date, language: Language) -> str:
    """feb. 2026 in Danish, Feb 2026 in English."""
    names = _MONTHS_DA if language is Language.DA else _MONTHS_EN
    return f"{names[value.month - 1]} {value.year}"


def format_time(value: datetime | None, language: Language) -> str:
    """Day and time to the minute, in ``ZONE``."""
    if value is None:
        return MISSING
    local = value.astimezone(ZONE)
    clock = (
        f"{local.hour:02d}.{local.minute:02d}" if language is Language.DA else f"{local.hour:02d}:{local.minute:02d}"
    )
    return f"{format_date(value, language)} {clock}"


def format_age(age: timedelta, language: Language) -> str:
    """How long ago, in the largest fitting unit: 5 min., 3 t. (3 h), 12 dage (12 days)."""
    danish = language is Language.DA
    seconds = max(age.total_seconds(), 0)
    if seconds < 3600:
        return f"{int(seconds // 60)} {'min.' if danish else 'min'}"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)} {'t.' if danish else 'h'}"
    days = int(seconds // 86400)
    return f"{format_number(days, language)} {'dage' if danish else 'days'}"


def _sign(value: float) -> str:
    return "+" if value > 0 else "-" if value < 0 else ""
