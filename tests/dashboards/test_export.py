"""The CSV file."""

import csv
import io
import zipfile

import polars as pl
import pytest

from dashboards.export import say_leads, write_csv, write_excel
from dashboards.formats import Language

LEADS = pl.DataFrame(
    {
        "lead_id": ["1", "2"],
        "person_id": ["p", "q"],
        "full_name": ["Åse; Bæk", '=HYPERLINK("http://evil.example")'],
        "reasons": ['[{"feature": "source", "value": "email", "contribution": 0.1}]', None],
        "probability": [0.25, None],
    }
)


@pytest.mark.parametrize(("language", "separator", "number"), [(Language.DA, ";", "0,25"), (Language.EN, ",", "0.25")])
def test_a_spreadsheet_reads_it_back(language: Language, separator: str, number: str) -> None:
    text = write_csv(say_leads(LEADS, language), language).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    assert rows[0]["full_name"] == "Åse; Bæk"
    assert rows[0]["probability"] == number
    assert rows[0]["reasons"].startswith("▲")
    assert "person_id" not in rows[0]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_formula_is_made_harmless(start: str) -> None:
    leads = LEADS.with_columns(full_name=pl.lit(f"{start}1+1"))
    text = write_csv(say_leads(leads, Language.EN), Language.EN).decode("utf-8-sig")
    assert {row["full_name"] for row in csv.DictReader(io.StringIO(text))} == {f"'{start}1+1"}


def test_a_workbook_keeps_texts_as_texts() -> None:
    with zipfile.ZipFile(io.BytesIO(write_excel(LEADS, "leads"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "Åse; Bæk" in words
    assert "=HYPERLINK" in words
