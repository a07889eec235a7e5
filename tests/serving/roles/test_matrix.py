"""Every route of the OpenAPI document with every role, with a role of the tenant's own, and with nobody."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.roles import BUILT_IN
from tekup.directory.users import create_user
from tests.fixtures.database import TwoTenants
from tests.serving.conftest import Api
from tests.serving.signing_in import PASSWORD, Header, bearer, sign_in
from tests.serving.test_app import OPEN_TO_ANYBODY

NOWHERE = "00000000-0000-7000-8000-000000000000"
OWN_ROLE, OWN_SCOPES = "matrix_reader", {"kpis:read", "users:read"}
STREAMS = {"GET /v1/events/stream"}
"""These answer without an end; who may open them is tested with them."""
CHANGES_ITS_CALLER = {"POST /v1/auth/sign-out", "DELETE /v1/sessions"}


@pytest.fixture(scope="module")
def members(client: httpx.Client, doors: Doors, filled: TwoTenants) -> Iterator[dict[str, tuple[Header, set[str]]]]:
    """A signed-in user of each role, with the scopes of the role."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute(
            "insert into app.roles (tenant_id, name, scopes) values (%s, %s, %s)",
            (filled.a.id, OWN_ROLE, sorted(OWN_SCOPES)),
        )
    scopes = {name: set(role.scopes) for name, role in BUILT_IN.items()} | {OWN_ROLE: OWN_SCOPES}
    found = {}
    for name in scopes:
        create_user(doors, filled.a.id, f"{name}@matrix.example", PASSWORD, role=name)
        found[name] = (bearer(sign_in(client, f"{name}@matrix.example")), scopes[name])
    yield found
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where email like '%%@matrix.example'")
        connection.execute("delete from app.roles")


@pytest.fixture(scope="module")
def operations(api: Api) -> dict[str, tuple[str, str, set[str]]]:
    """Method, path with made-up ids and scopes of each guarded route, from the OpenAPI document."""
    found = {}
    for path, methods in api.app.openapi()["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            security: list[dict[str, Any]] = operation.get("security", [])
            if name in OPEN_TO_ANYBODY | STREAMS:
                assert not security or name in STREAMS, name
                continue
            assert len(security) == 1, name
            (scopes,) = security[0].values()
            found[name] = (method.upper(), re.sub(r"\{.*?\}", NOWHERE, path), set(scopes))
    return found


def test_the_document_names_every_guarded_route_and_only_known_scopes(
    operations: dict[str, tuple[str, str, set[str]]],
) -> None:
    assert len(operations) > 40
    asked = set().union(*(scopes for _, _, scopes in operations.values()))
    assert asked <= set(BUILT_IN["owner"].scopes)


@pytest.mark.parametrize("role", [*BUILT_IN, OWN_ROLE])
def test_a_role_opens_a_route_just_when_it_holds_the_routes_scopes(
    client: httpx.Client,
    members: dict[str, tuple[Header, set[str]]],
    operations: dict[str, tuple[str, str, set[str]]],
    role: str,
) -> None:
    headers, held = members[role]
    wrong = {}
    for name, (method, path, asked) in operations.items():
        if name in CHANGES_ITS_CALLER:
            continue
        # a body that no route takes: what is let in ends at its shape or at an id that is nowhere, and changes nothing
        answer = client.request(method, path, headers=headers, json=[] if method != "GET" else None)
        is_shut = answer.status_code == 403 and answer.json()["type"].endswith("scope-missing")
        if answer.status_code == 401 or answer.status_code >= 500 or is_shut != bool(asked - held):
            wrong[name] = (answer.status_code, answer.text[:200])
    assert wrong == {}


def test_nobody_opens_any(client: httpx.Client, operations: dict[str, tuple[str, str, set[str]]]) -> None:
    answers = {
        name: client.request(method, path, json=[] if method != "GET" else None)
        for name, (method, path, _) in operations.items()
    }
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 401} == {}
    assert len({answer.content for answer in answers.values()}) == 1
