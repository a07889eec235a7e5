"""The ECB's file of reference rates, simulated: the same walk for every tenant and seed, up to the sandbox's own day.

The krone keeps within a band about its central rate, as in ERM II. Weekends and TARGET holidays have no line.
"""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

FIRST_DAY = date(2019, 1, 2)
_BANDS = {"DKK": (7.46038, 0.0005), "BGN": (1.95583, 0.0)}
_WALKS = {
    "USD": (1.10, 0.0045), "JPY": (145.0, 0.006), "GBP": (0.86, 0.004), "SEK": (11.1, 0.004), "NOK": (11.4, 0.005),
    "CHF": (0.97, 0.003), "PLN": (4.35, 0.003), "CZK": (24.8, 0.003), "ISK": (149.0, 0.004), "INR": (90.0, 0.0045),
    "AUD": (1.63, 0.005), "CAD": (1.48, 0.004),
}  # fmt: skip
_REVERSION = 0.01
"""Per day, back towards the start, so that years of walking stay plausible."""


def rates_csv(now: float) -> str:
    """Return all days up to ``now`` (seconds since 1970) in the bank's format, newest first."""
    last = datetime.fromtimestamp(now, UTC).date()
    days = list(business_days(FIRST_DAY, last))
    columns = {name: _walk(place, len(days)) for place, name in enumerate((*_BANDS, *_WALKS))}
    lines = ["Date," + ",".join(columns) + ","]
    for row in range(len(days) - 1, -1, -1):
        # Bulgaria has the euro since 2026
        cells = (
            "N/A" if name == "BGN" and days[row].year >= 2026 else f"{walk[row]:.4f}" for name, walk in columns.items()
        )
        lines.append(f"{days[row]}," + ",".join(cells) + ",")
    return "\n".join(lines) + "\n"


def business_days(first: date, last: date) -> Iterator[date]:
    """Yield the days from ``first`` to ``last`` on which TARGET is open."""
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        if day.weekday() < 5 and not _is_holiday(day):
            yield day


def _is_holiday(day: date) -> bool:
    if (day.month, day.day) in ((1, 1), (5, 1), (12, 25), (12, 26)):
        return True
    return day - _easter(day.year) in (timedelta(-2), timedelta(1))


def _easter(year: int) -> date:
    """Return Easter Sunday by the rule of Meeus, Jones and Butcher."""
    century, rest = divmod(year, 100)
    epact = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    correction = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _walk(place: int, count: int) -> list[float]:
    """Return one currency's rates; a longer walk begins as the shorter one did."""
    name = (*_BANDS, *_WALKS)[place]
    steps = np.random.default_rng(1000 + place).standard_normal(count)
    if name in _BANDS:
        centre, width = _BANDS[name]
        return [centre * (1 + width * math.tanh(step)) for step in steps]
    start, volatility = _WALKS[name]
    height, walk = 0.0, []
    for step in steps:
        height += volatility * float(step) - _REVERSION * height
        walk.append(start * math.exp(height))
    return walk
