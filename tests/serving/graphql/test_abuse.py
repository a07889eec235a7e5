"""Documents that want too much are refused before anything is read."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from serving.app import create_app
from tests.fixtures.database import TwoTenants
from tests.serving.conftest import Api
from tests.serving.graphql.conftest import Ask
from tests.serving.graphql.test_endpoints import data_of, fault_of, statements
from tests.serving.serve import serve

Header = dict[str, str]


def nested(levels: int) -> str:
    """Contacts of companies of contacts and so on."""
    query = "id"
    for level in range(levels):
        query = f"contacts(first: 1) {{ {query} }}" if level % 2 == 0 else f"company {{ {query} }}"
    return f"{{ companies(first: 1) {{ nodes {{ {query} }} }} }}"


def doubled(times: int) -> str:
    """Fragments that each spread the next twice: short to write, 2^n fields to read."""
    parts = [f"fragment f{n} on Company {{ ...f{n + 1} ...f{n + 1} }}" for n in range(times)]
    return f"{{ companies(first: 1) {{ nodes {{ ...f0 }} }} }} {' '.join(parts)} fragment f{times} on Company {{ id }}"


TOO_MUCH = {
    "levels": nested(9),
    "a hundred levels": nested(100),
    "aliases": "{" + " ".join(f"a{n}: __typename" for n in range(31)) + "}",
    "the same field again and again": "{" + "companies { nodes { id } } " * 21 + "}",
    "aliases in a fragment": "{ companies { nodes { ...f } } } fragment f on Company {"
    + " ".join(f"a{n}: id" for n in range(31)) + "}",
    "root fields by fragments": "{ ...f ...f ...f } fragment f on Query {" + "companies { nodes { id } } " * 8 + "}",
    "tokens": "{ companies { nodes {" + " id" * 2_000 + "} } }",
    "cost": "{ companies(first: 200) { nodes { contacts(first: 50) { id } } } }",
    "a huge page": "{ companies(first: 999999999999) { nodes { id } } }",
    "doubled fragments": doubled(40),
    "brackets": "{ a" * 1_000,
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused_and_nothing_is_read(ask: Ask, api: Api, as_a: Header, name: str) -> None:
    ask(as_a, "{ __typename }")
    with statements(api) as seen:
        answer = ask(as_a, TOO_MUCH[name])
    assert answer.status_code == 400, answer.text[:300]
    assert fault_of(answer)["code"] in ("query-too-large", "query-unusable")
    assert [one for one in seen if "app.companies" in one] == []


UNUSABLE = {
    "a fragment in itself": "{ companies { nodes { ...f } } } fragment f on Company { parent { ...f } }",
    "fragments in a ring": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    "a directive again and again": "{ companies { nodes { id " + "@skip(if: false) " * 20 + "} } }",
    "an unknown directive": "{ companies @x { nodes { id } } }",
    "no such field": "{ tenants { id } }",
    "no operation": "fragment a on Query { companies { nodes { id } } }",
    "two operations without a name": "query a { __typename } query b { __typename }",
    "a subscription": "subscription { events { id } }",
    "not GraphQL": "select 1",
    "empty": "",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_question_gets_400(ask: Ask, as_a: Header, name: str) -> None:
    answer = ask(as_a, UNUSABLE[name])
    assert answer.status_code == 400, answer.text[:300]
    assert fault_of(answer)["code"] == "query-unusable"


def test_pages_by_variables_are_counted_as_large_as_they_are(ask: Ask, as_a: Header) -> None:
    query = "query ($n: Int!) { companies(first: $n) { nodes { contacts(first: $n) { id } } } }"
    assert data_of(ask(as_a, query, n=10)) == {"companies": {"nodes": []}}
    assert fault_of(ask(as_a, query, n=200))["code"] == "query-too-large"


@pytest.mark.parametrize("body", [[{"query": "{ __typename }"}] * 2, "{ __typename }", {"queries": []}, None])
def test_batches_and_other_bodies_are_refused(client: httpx.Client, as_a: Header, body: Any) -> None:
    answer = client.post("/graphql", headers=as_a, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_questions_by_get_or_form_are_not_offered(client: httpx.Client, as_a: Header) -> None:
    assert client.get("/graphql", headers=as_a, params={"query": "{ __typename }"}).status_code == 405
    assert client.post("/graphql", headers=as_a, data={"query": "{ __typename }"}).status_code == 422


def test_introspection_is_bounded(ask: Ask, as_a: Header) -> None:
    types = data_of(ask(as_a, "{ __schema { types { name fields { name type { name } } } } }"))["__schema"]["types"]
    assert {"Lead", "Deal", "KpiDay"} <= {one["name"] for one in types}
    deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert ask(as_a, deep).status_code == 400


@pytest.fixture(scope="module")
def closed(api: Api) -> FastAPI:
    """The application with introspection off and a small budget."""
    changed = api.app.state.settings.model_copy(update={"graphql_introspection": False, "graphql_cost": 50})
    return create_app(changed)


def test_settings_close_the_schema_and_bound_the_cost(closed: FastAPI, as_a: Header, filled: TwoTenants) -> None:
    with serve(closed) as client:

        def ask(query: str) -> httpx.Response:
            return client.post("/graphql", headers=as_a, json={"query": query})

        for query in ("{ __schema { types { name } } }", '{ __type(name: "Lead") { name } }'):
            assert ask(query).status_code == 400
        assert "companies" not in ask("{ companie { nodes { id } } }").text
        assert ask("{ companies(first: 5) { nodes { id } } }").status_code == 200
        assert fault_of(ask("{ companies(first: 50) { nodes { id } } }"))["code"] == "query-too-large"
