"""Rows as a CSV or Excel file that a spreadsheet opens without harm. Which rows is the page's choice."""

from io import BytesIO

import polars as pl

from dashboards.formats import Language
from dashboards.reasons import read_reasons

_FORMULA_STARTS = r"^([=+\-@\t\r])"


def say_leads(leads: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Leads with their reasons in words."""
    reasons = [
        "; ".join(f"{reason.sign} {reason.words}" for reason in read_reasons(stored, language))
        for stored in leads["reasons"].to_list()
    ]
    return leads.with_columns(pl.Series("reasons", reasons, dtype=pl.String)).drop("person_id")


def write_csv(table: pl.DataFrame, language: Language) -> bytes:
    """UTF-8 with a byte-order mark, as Excel wants it; semicolons and decimal commas in Danish.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    harmless = table.with_columns(pl.col(pl.String).str.replace(_FORMULA_STARTS, "'$1"))
    danish = language is Language.DA
    text: str = harmless.write_csv(
        separator=";" if danish else ",", decimal_comma=danish, datetime_format="%Y-%m-%dT%H:%M:%SZ"
    )
    return b"\xef\xbb\xbf" + text.encode()


def write_excel(table: pl.DataFrame, title: str) -> bytes:
    """A workbook of one sheet. Texts stay texts there, whatever they begin with."""
    written = BytesIO()
    times = [name for name, kind in table.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    table.with_columns(pl.col(times).dt.replace_time_zone(None)).write_excel(
        written, worksheet=title[:31], autofit=True
    )
    return written.getvalue()
