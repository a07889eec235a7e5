"""Imports over HTTP: who may, what a file can't be, mapping, matching, references, and dry runs."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import xlsxwriter

from tekup.db import Database, Doors, Role
from tekup.privacy.ledger import forget_erasure, remember_erased
from tekup.privacy.persons import Person
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

CONTACTS = "/v1/contacts/imports"
TABLES = ("deals", "contacts", "companies", "stages", "pipelines", "custom_fields")
PEOPLE = (
    "Mail;Fornavn;Efternavn;Pladser;Tags;Noget\nida@imports.example;Ida;Ørn;12,5;vip, dk;x\n\n"
    "bo@imports.example;Bo;;;;\n"
)


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in TABLES:
                    connection.execute(f"delete from app.{table}")

    clear()
    yield
    clear()


def take(client: httpx.Client, headers: Header, content: str | bytes, path: str = CONTACTS, **form: Any) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    if isinstance(form.get("mapping"), dict):
        form["mapping"] = json.dumps(form["mapping"])
    return client.post(path, headers=headers, files={"file": ("table.csv", raw)}, data=form)


def contacts(client: httpx.Client, headers: Header) -> list[dict[str, Any]]:
    return list(client.get("/v1/contacts", headers=headers, params={"sort": "created_at"}).json()["items"])


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    reader = token_of(filled.a, "contacts:read", "companies:read", "deals:read")
    for name in ("contacts", "companies", "deals"):
        assert take(client, {}, PEOPLE, f"/v1/{name}/imports").status_code == 401
        assert take(client, reader, PEOPLE, f"/v1/{name}/imports").status_code == 403


@pytest.mark.parametrize(
    ("content", "form", "told"),
    [
        ("", {}, "no rows"),
        ("Mail\n", {}, "no rows"),
        ("Mail;Mail\na;b\n", {}, "one name"),
        ("Farve\nrød\n", {}, "no column fills"),
        (b"PK\x03\x04 no workbook", {}, "can't be read"),
        (b"\x00\x01\x02\n\x00", {}, "neither"),
        ("Mail\n" + "a@b.dk\n" * 5_001, {}, "more than 5000 rows"),
        (PEOPLE, {"mapping": {"Post": "email"}}, "no column 'Post'"),
        (PEOPLE, {"mapping": {"Mail": "address"}}, "no field 'address'"),
        (PEOPLE, {"mapping": {"Mail": "email", "Noget": "email"}}, "one field"),
        (PEOPLE, {"mapping": "[1]"}, "JSON object"),
        (PEOPLE, {"match_on": "domain"}, "no domain"),
        (PEOPLE, {"match_on": "shoe size"}, "match_on"),
    ],
)
def test_a_file_that_can_not_be_used_gets_422_and_nothing_is_stored(
    client: httpx.Client, as_a: Header, content: str | bytes, form: dict[str, Any], told: str
) -> None:
    answer = take(client, as_a, content, **form)
    assert answer.status_code == 422
    assert told in answer.text
    assert contacts(client, as_a) == []


def test_columns_are_found_by_their_names_and_a_dry_run_stores_nothing(
    client: httpx.Client, as_a: Header, as_b: Header
) -> None:
    post(client, as_a, "/v1/custom-fields", entity="contact", name="pladser", label="Pladser", kind="number")
    trial = take(client, as_a, PEOPLE, dry_run="true").json()
    assert (trial["created"], trial["failed"], [row["status"] for row in trial["rows"]]) == (2, 0, [201, 201])
    assert (contacts(client, as_a), trial["unmapped"]) == ([], ["Noget"])
    done = take(client, as_a, PEOPLE.encode("cp1252")).json()
    assert (done["created"], done["rows"]) == (2, [])
    ida, bo = contacts(client, as_a)
    assert (ida["email"], ida["last_name"], ida["tags"], ida["custom"]) == (
        "ida@imports.example", "Ørn", ["vip", "dk"], {"pladser": 12.5},
    )  # fmt: skip
    assert (bo["first_name"], bo["last_name"], bo["custom"]) == ("Bo", None, {})
    assert contacts(client, as_b) == []


def test_each_row_stands_or_falls_by_itself_and_is_named(client: httpx.Client, as_a: Header) -> None:
    rows = "email,first_name,has_marketing_consent\nida@imports.example,Ida,ja\nnobody,Bo,nej\n,,\n"
    rows += "a@b.dk,Eva,måske\n,,nej\n"
    report = take(client, as_a, rows).json()
    assert (report["created"], report["failed"]) == (1, 3)
    assert [(row["row"], row["status"], row["errors"][0]["pointer"]) for row in report["rows"]] == [
        (3, 422, "/email"), (5, 422, "/has_marketing_consent"), (6, 422, ""),
    ]  # fmt: skip
    (ida,) = contacts(client, as_a)
    assert ida["has_marketing_consent"] is True


def test_rows_that_match_change_what_they_tell_and_empty_nothing(client: httpx.Client, as_a: Header) -> None:
    post(client, as_a, "/v1/contacts", email="ida@imports.example", first_name="Ida", phone="71934826")
    rows = "email;first_name;phone\nIDA@imports.example;Ida Marie;\nny@imports.example;Ny;\nny@imports.example;Nyere;\n"
    report = take(client, as_a, rows, match_on="email").json()
    assert (report["created"], report["changed"], report["failed"]) == (1, 2, 0)
    assert [(one["first_name"], one["phone"]) for one in contacts(client, as_a)] == [
        ("Ida Marie", "71934826"), ("Nyere", None),
    ]  # fmt: skip


def test_a_sheet_of_deals_finds_stages_companies_and_amounts(client: httpx.Client, as_a: Header) -> None:
    pipeline = post(client, as_a, "/v1/pipelines", name="Salg", is_default=True)["id"]
    stage = post(client, as_a, "/v1/stages", pipeline_id=pipeline, name="Tilbud", position=1, probability=0.5)["id"]
    company = post(client, as_a, "/v1/companies", name="Ørn", domain="oern.example")["id"]
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("Tom")
    sheet = book.add_worksheet("Aftaler")
    for number, cells in enumerate(
        (["Name", "Fase", "company_domain", "Beløb", "Valuta"], ["Ti pladser", "tilbud", "oern.example", 1234.5, "DKK"],
         ["Ukendt", "Nowhere", "", "", ""])
    ):  # fmt: skip
        sheet.write_row(number, 0, cells)
    book.close()
    assert take(client, as_a, out.getvalue(), "/v1/deals/imports", sheet="Nope").status_code == 422
    report = take(client, as_a, out.getvalue(), "/v1/deals/imports", sheet="Aftaler").json()
    assert (report["created"], report["rows"][0]["errors"]) == (
        1, [{"pointer": "/stage_name", "detail": "no stage is called 'Nowhere'"}],
    )  # fmt: skip
    (deal,) = client.get("/v1/deals", headers=as_a).json()["items"]
    assert (deal["stage_id"], deal["company_id"], deal["amount_cents"]) == (stage, company, 123_450)


def test_who_was_erased_does_not_come_back_by_a_file(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    gone = Person({"email": frozenset({"ida@imports.example"})})
    remember_erased(doors, filled.a.id, uuid4(), gone)
    try:
        report = take(client, as_a, PEOPLE.replace("ida@", "Ida@")).json()
    finally:
        forget_erasure(doors, filled.a.id, gone)
    assert (report["created"], report["failed"]) == (1, 1)
    (row,) = report["rows"]
    assert (row["row"], row["status"], row["errors"][0]["pointer"]) == (2, 409, "/email")
    assert "ida" not in json.dumps(report["rows"]).lower()
    assert [one["email"] for one in contacts(client, as_a)] == ["bo@imports.example"]
    assert take(client, as_a, PEOPLE).json()["created"] == 2
