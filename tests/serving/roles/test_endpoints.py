"""A tenant's own roles over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.roles import BUILT_IN
from tekup.directory.scopes import SCOPES
from tekup.directory.users import create_user
from tests.fixtures.database import TwoTenants
from tests.serving.signing_in import PASSWORD, Header, bearer, sign_in

PLANNER = {"name": "planner", "description": "plans", "scopes": ["kpis:read", "attribution:read"]}


@pytest.fixture
def owner(client: httpx.Client, doors: Doors, filled: TwoTenants) -> Iterator[Header]:
    create_user(doors, filled.a.id, "owner@roles.example", PASSWORD, role="owner")
    yield bearer(sign_in(client, "owner@roles.example"))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where email like '%%@roles.example'")
        connection.execute("delete from app.roles")


def test_built_in_ones_are_listed_before_the_tenants_own(client: httpx.Client, owner: Header) -> None:
    assert client.post("/v1/roles", headers=owner, json=PLANNER).status_code == 201
    listed = client.get("/v1/roles", headers=owner).json()["items"]
    assert [role["name"] for role in listed] == [*BUILT_IN, "planner"]
    assert [role["is_built_in"] for role in listed][-1] is False
    assert {scope["name"] for scope in client.get("/v1/scopes", headers=owner).json()["items"]} == set(SCOPES)


def test_a_change_holds_at_once_for_who_has_it(
    client: httpx.Client, owner: Header, doors: Doors, filled: TwoTenants
) -> None:
    client.post("/v1/roles", headers=owner, json=PLANNER)
    create_user(doors, filled.a.id, "planner@roles.example", PASSWORD, role="planner")
    mine = bearer(sign_in(client, "planner@roles.example"))
    assert client.get("/v1/kpis", headers=mine).status_code == 200
    assert client.get("/v1/leads", headers=mine).status_code == 403
    changed = client.put("/v1/roles/planner", headers=owner, json={"scopes": ["leads:read"]})
    assert changed.status_code == 200
    fresh = bearer(sign_in(client, "planner@roles.example"))
    assert client.get("/v1/leads", headers=fresh).status_code == 200
    assert client.get("/v1/kpis", headers=fresh).status_code == 403


def test_one_that_is_in_use_can_not_be_deleted(
    client: httpx.Client, owner: Header, doors: Doors, filled: TwoTenants
) -> None:
    client.post("/v1/roles", headers=owner, json=PLANNER)
    user_id = create_user(doors, filled.a.id, "planner@roles.example", PASSWORD, role="planner")
    assert client.delete("/v1/roles/planner", headers=owner).status_code == 409
    assert client.patch(f"/v1/users/{user_id}", headers=owner, json={"role": "sales"}).status_code == 200
    assert client.delete("/v1/roles/planner", headers=owner).status_code == 204
    assert client.delete("/v1/roles/planner", headers=owner).status_code == 404


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_built_in_ones_can_not_be_changed(client: httpx.Client, owner: Header, name: str) -> None:
    assert client.put(f"/v1/roles/{name}", headers=owner, json={"scopes": ["kpis:read"]}).status_code == 409
    assert client.delete(f"/v1/roles/{name}", headers=owner).status_code == 409
    assert client.post("/v1/roles", headers=owner, json={**PLANNER, "name": name}).status_code == 422


@pytest.mark.parametrize("change", [{"name": "Planner"}, {"name": "p"}, {"scopes": []}, {"scopes": ["all"]}, {"x": 1}])
def test_bad_input_gets_422(client: httpx.Client, owner: Header, change: dict[str, object]) -> None:
    assert client.post("/v1/roles", headers=owner, json={**PLANNER, **change}).status_code == 422


def test_the_same_name_twice_gets_409(client: httpx.Client, owner: Header) -> None:
    client.post("/v1/roles", headers=owner, json=PLANNER)
    assert client.post("/v1/roles", headers=owner, json=PLANNER).status_code == 409


def test_another_tenants_role_is_no_role_here(
    client: httpx.Client, owner: Header, doors: Doors, filled: TwoTenants
) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.b.id) as connection:
        connection.execute(
            "insert into app.roles (tenant_id, name, scopes) values (%s, 'theirs', '{kpis:read}') "
            "on conflict do nothing",
            (filled.b.id,),
        )
    assert client.put("/v1/roles/theirs", headers=owner, json={"scopes": ["kpis:read"]}).status_code == 404
    invited = client.post("/v1/invitations", headers=owner, json={"email": "x@roles.example", "role": "theirs"})
    assert invited.status_code == 422
