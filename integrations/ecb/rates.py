"""Reads the ECB's reference rates from a file or an address: how many units of a currency one euro buys on a day.

The bank offers one file of all days (`eurofxref-hist`) and one of the last day (`eurofxref`), each as a zip with a CSV
in it; they differ in their spaces and in how they write a day. Weekends and TARGET holidays have no line: filling
them is not done here.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import httpx

from tekup.errors import BadInput, VendorError

ALL_DAYS = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
_DAY_FORMATS = ("%Y-%m-%d", "%d %B %Y")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NONE = frozenset({"", "N/A", "-"})
_HINT = "it should be the ECB's eurofxref CSV, or its zip"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one euro was worth on one day."""

    currency: str
    day: date
    units_per_euro: Decimal


def read_rates(source: str) -> list[Rate]:
    """Return the rates of ``source``, a path or an http(s) address.

    Raises:
        BadInput: the file can't be read or is not in the bank's format.
        VendorError: the address can't be read.
    """
    content = _fetch(source) if source.startswith(("http://", "https://")) else _load(Path(source))
    return list(parse_rates(_unpack(content, source), source))


def parse_rates(text: str, source: str) -> Iterator[Rate]:
    """Yield the rates of a CSV: a line a day, a column a currency, nothing where the bank names no rate.

    Raises:
        BadInput: a day or a rate can't be read; none is skipped in silence.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = [cell.strip() for cell in next(rows, [])]
    if header[:1] != ["Date"] or len(header) < 2:
        raise BadInput(f"{source} does not begin with a line of currencies", hint=_HINT)
    known: set[date] = set()
    for line in rows:
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        day = _day(cells[0], source)
        if day in known:
            raise BadInput(f"{source} has two lines of {day}", hint=_HINT)
        known.add(day)
        for currency, cell in zip(header[1:], cells[1:], strict=False):
            if _CURRENCY.fullmatch(currency) and cell not in _NONE:
                yield Rate(currency, day, _units(cell, currency, day, source))


def _day(cell: str, source: str) -> date:
    for form in _DAY_FORMATS:
        try:
            return datetime.strptime(cell, form).date()  # a day has no zone
        except ValueError:
            continue
    raise BadInput(f"{source} has a line of the day {cell!r}", hint=_HINT)


def _units(cell: str, currency: str, day: date, source: str) -> Decimal:
    try:
        units = Decimal(cell)
    except InvalidOperation:
        units = Decimal(0)
    if not units.is_finite() or units <= 0:
        raise BadInput(f"{source} gives {cell!r} as the rate of {currency} on {day}", hint=_HINT)
    return units


def _fetch(address: str) -> bytes:
    try:
        with httpx.Client(
            timeout=httpx.Timeout(60.0, connect=5.0),
            transport=httpx.HTTPTransport(retries=2),
            follow_redirects=True,
        ) as http:
            answer = http.get(address)
            answer.raise_for_status()
    except httpx.HTTPError as fault:
        raise VendorError(
            f"the exchange rates at {address} can't be read: {fault or type(fault).__name__}",
            hint="amounts keep the last known rates for a week; TEKUP_EXCHANGE_RATES may name a file instead",
        ) from fault
    return answer.content


def _load(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as fault:
        raise BadInput(f"the exchange rates in {path} can't be read: {fault.strerror}", hint=_HINT) from fault


def _unpack(content: bytes, source: str) -> str:
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(archive.namelist()[0])
        return content.decode()
    except (zipfile.BadZipFile, IndexError, UnicodeDecodeError) as fault:
        raise BadInput(f"{source} is neither text nor a zip of it", hint=_HINT) from fault
