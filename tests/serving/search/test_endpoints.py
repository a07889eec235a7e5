"""The search over HTTP: who finds what, stems and beginnings in two languages, rank, marks, pages, and what is gone."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

pytestmark = pytest.mark.usefixtures("leads_as_planned")

TABLES = ("activities", "deals", "contacts", "companies", "stages", "pipelines")


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in TABLES:
                    connection.execute(f"delete from app.{table}")
                connection.execute("delete from app.leads where email like '%@search.example'")

    clear()
    yield
    clear()


def search(client: httpx.Client, headers: Header, q: str, **more: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/search", headers=headers, params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def titles(client: httpx.Client, headers: Header, q: str, **more: Any) -> list[str]:
    return [hit["title"] for hit in search(client, headers, q, **more)]


@pytest.fixture
def records(client: httpx.Client, as_a: Header) -> dict[str, str]:
    """One record of each kind, about a bakery."""
    pipeline = post(client, as_a, "/v1/pipelines", name="Salg")["id"]
    stage = post(client, as_a, "/v1/stages", pipeline_id=pipeline, name="Møde", position=1, probability=0.5)["id"]
    made = {
        "company": post(client, as_a, "/v1/companies", name="Æblegården 100%", domain="aeble.example", city="Ærø"),
        "contact": post(
            client, as_a, "/v1/contacts", first_name="Åse", last_name="Æblegren", email="aase@search.example"
        ),
        "deal": post(client, as_a, "/v1/deals", name="Ny bageriovn", stage_id=stage),
        "lead": post(client, as_a, "/v1/leads", full_name="Bo Bager", email="bo@search.example",
                     message="Vi ønsker møder om regnskaber og two meetings about prices"),
    }  # fmt: skip
    made["activity"] = post(client, as_a, "/v1/activities", kind="note", subject="Opkald", deal_id=made["deal"]["id"],
                            body="Kunden Bager & <i>Søn</i> vil have mødet flyttet")  # fmt: skip
    return {kind: record["id"] for kind, record in made.items()}


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get("/v1/search", params={"q": "bager"}).status_code == 401
    headers = token_of(filled.a, "leads:read")
    assert client.get("/v1/search", headers=headers, params={"q": "bager"}).status_code == 403


def test_other_tenants_find_nothing(client: httpx.Client, as_b: Header, records: dict[str, str]) -> None:
    for word in ("bager", "æblegården", "møder", "aase@search.example"):
        assert search(client, as_b, word) == []


@pytest.mark.parametrize(
    "params", [{}, {"q": "æ"}, {"q": "x" * 201}, {"q": "bager", "kind": "horse"}, {"q": "bager", "cursor": "x"},
               {"q": "bager", "limit": 0}, {"q": "ba\x00ger"}]
)  # fmt: skip
def test_bad_input_gets_422(client: httpx.Client, as_a: Header, params: dict[str, Any]) -> None:
    assert client.get("/v1/search", headers=as_a, params=params).status_code == 422


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ("æBLEG", {"company", "contact"}),
        ("100%", {"company"}),
        ("møde", {"lead", "activity"}),
        ("regnskabet", {"lead"}),
        ("meeting price", {"lead"}),
        ("bage", {"lead", "deal", "activity"}),
        ("search.example", {"lead", "contact"}),
        ("aase@search.example", {"contact"}),
        ("bager -flyttet", {"lead"}),
        ('"mødet flyttet"', {"activity"}),
        ("ærø or bageriovn", {"company", "deal"}),
        ("bager nowhere", set()),
        ("' & | ! ( ) :* \\ <->", set()),
        ("og", {"lead"}),
        ("'; drop table app.leads; --", set()),
    ],
)
def test_words_are_found(
    client: httpx.Client, as_a: Header, records: dict[str, str], asked: str, kinds: set[str]
) -> None:
    found = search(client, as_a, asked)
    assert {hit["kind"] for hit in found} == kinds
    assert {hit["id"] for hit in found} <= set(records.values())


def test_names_come_before_texts_and_what_was_found_is_marked(
    client: httpx.Client, as_a: Header, records: dict[str, str]
) -> None:
    found = search(client, as_a, "bager", kind=["lead", "activity"])
    assert [hit["kind"] for hit in found] == ["lead", "activity"]
    assert found[0]["rank"] > found[1]["rank"]
    assert "<mark>Bager</mark>" in found[0]["snippet"]
    assert "<mark>Bager</mark> &amp; " in found[1]["snippet"]
    assert "<i>" not in found[1]["snippet"]


def test_kinds_that_the_caller_may_not_read_are_left_out(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], records: dict[str, str]
) -> None:
    narrow = token_of(filled.a, "companies:read", "contacts:read", "leads:read", "deals:read", "activities:read")
    for word, kinds in (("æbleg", ["company"]), ("bage", ["deal"]), ("møde", [])):
        assert [hit["kind"] for hit in search(client, narrow, word)] == kinds


def test_pages_follow_each_other_without_gaps(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    made = {post(client, as_a, "/v1/companies", name=f"Bageri nummer {n}", city="Ærø")["id"] for n in range(7)}
    seen: list[str] = []
    params: dict[str, Any] = {"q": "bageri", "limit": 3}
    while True:
        page = client.get("/v1/search", headers=as_a, params=params).json()
        seen += [hit["id"] for hit in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(seen) == 7
    assert set(seen) == made
    for headers, asked in ((as_a, "ærø"), (as_b, "bageri")):
        stolen = {**params, "q": asked}
        assert client.get("/v1/search", headers=headers, params=stolen).status_code == 422


def test_changes_are_found_at_once_and_what_is_gone_is_not(
    client: httpx.Client, as_a: Header, records: dict[str, str]
) -> None:
    company = f"/v1/companies/{records['company']}"
    assert client.patch(company, headers=as_a, json={"name": "Pæregården"}).status_code == 200
    assert titles(client, as_a, "æblegården") == []
    assert titles(client, as_a, "pæregården") == ["Pæregården"]
    assert client.delete(company, headers=as_a).status_code == 204
    assert titles(client, as_a, "pæregården") == []
    first, second = (
        post(client, as_a, "/v1/contacts", first_name=name, last_name="Kjær", email=f"{name}@search.example")["id"]
        for name in ("Per", "Pia")
    )
    assert len(titles(client, as_a, "kjær")) == 2
    merge = post(client, as_a, f"/v1/contacts/{first}/merges", other_id=second)
    assert titles(client, as_a, "kjær") == ["Per Kjær"]
    post(client, as_a, f"/v1/contacts/merges/{merge['id']}/undo", 200)
    assert sorted(titles(client, as_a, "kjær")) == ["Per Kjær", "Pia Kjær"]


def test_every_record_has_its_words_and_no_other(doors: Doors, filled: TwoTenants, records: dict[str, str]) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        for kind, table in (
            ("lead", "leads"), ("contact", "contacts"), ("company", "companies"), ("deal", "deals"),
            ("activity", "activities"),
        ):  # fmt: skip
            row = connection.execute(
                f"select count(*), count(r.id), count(d.record_id) from app.{table} as r full join "
                "(select record_id from app.search_documents where kind = %s) as d on d.record_id = r.id",
                (kind,),
            ).fetchone()
            assert row is not None
            assert row[0] == row[1] == row[2] > 0, (kind, row)
