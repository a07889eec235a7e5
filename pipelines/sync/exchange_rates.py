"""Stores reference rates in the warehouse. Reading them is done in `integrations.ecb`, filling days in dbt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from integrations.ecb.rates import Rate
from tekup.db import Database, Doors


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import did: rates read, those that were new or other than before, and the last day with one."""

    read: int
    changed: int
    last_day: date | None


def store_rates(doors: Doors, rates: Sequence[Rate]) -> Stored:
    """Add new rates and correct changed ones, in one transaction; a rate that the file no longer has stays."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="rates belong to no tenant") as connection:
        connection.execute(
            "create temporary table told (currency text, rate_date date, units_per_euro numeric) on commit drop"
        )
        with connection.cursor().copy("copy told (currency, rate_date, units_per_euro) from stdin") as copy:
            for rate in rates:
                copy.write_row((rate.currency, rate.day, rate.units_per_euro))
        changed = connection.execute(
            "insert into raw_ecb.exchange_rates as held (currency, rate_date, units_per_euro) "
            "select currency, rate_date, units_per_euro from told "
            "on conflict (currency, rate_date) do update "
            "set units_per_euro = excluded.units_per_euro, synced_at = now() "
            "where held.units_per_euro <> excluded.units_per_euro"
        ).rowcount
        row = connection.execute("select max(rate_date) from raw_ecb.exchange_rates").fetchone()
    return Stored(len(rates), changed, row[0] if row else None)


def rates_version(doors: Doors) -> str:
    """Return what changes as soon as any stored rate does."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="rates belong to no tenant") as connection:
        row = connection.execute("select count(*), max(synced_at) from raw_ecb.exchange_rates").fetchone()
    return f"{row[0]} {row[1]}" if row else ""
