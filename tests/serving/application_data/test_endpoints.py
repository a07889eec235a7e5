"""Documents of applications over HTTP: held to their schema, each tenant's own, told as events."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

Header = dict[str, str]
APP = "/v1/applications/voice-agent"
SCHEMA = {
    "type": "object",
    "required": ["call", "seconds"],
    "additionalProperties": False,
    "properties": {"call": {"$ref": "#/$defs/id"}, "seconds": {"type": "integer", "minimum": 0}},
    "$defs": {"id": {"type": "string", "maxLength": 40}},
}
DATA = {"call": "c-1", "seconds": 12}


@pytest.fixture(autouse=True)
def tidy(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (filled.a, filled.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.application_data where app_name = 'voice-agent'")
            connection.execute("delete from app.application_schemas")


class TestDocuments:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(APP + "/data").status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        reader = token_of(filled.a, "application_data:read")
        assert client.post(APP + "/data", headers=reader, json=DATA).status_code == 403
        assert client.put(APP + "/schema", headers=reader, json=SCHEMA).status_code == 403

    def test_other_tenant_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        client.put(APP + "/schema", headers=as_a, json=SCHEMA)
        client.put(APP + "/schema", headers=as_b, json=SCHEMA)
        path = client.post(APP + "/data", headers=as_a, json=DATA).headers["location"]
        for method in ("GET", "PUT", "DELETE"):
            body = {"json": DATA} if method == "PUT" else {}
            assert client.request(method, path, headers=as_b, **body).status_code == 404  # type: ignore[arg-type]
        assert client.get(path.replace("voice-agent", "inbox"), headers=as_a).status_code == 404
        assert client.get(APP + "/data", headers=as_b).json()["items"] == []

    @pytest.mark.parametrize(
        ("data", "pointer"),
        [
            ({"call": "c-1"}, ""),
            ({"call": "c-1", "seconds": "12"}, "/seconds"),
            ({"call": "c" * 41, "seconds": 1}, "/call"),
            ({"call": "a\u0000b", "seconds": 1}, ""),
            ({"call": "c-1", "seconds": 1, "more": True}, ""),
        ],
    )
    def test_what_is_not_as_the_schema_says_gets_422(
        self, client: httpx.Client, as_a: Header, data: dict[str, Any], pointer: str
    ) -> None:
        client.put(APP + "/schema", headers=as_a, json=SCHEMA)
        answer = client.post(APP + "/data", headers=as_a, json=data)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "nonsense"},
            {"properties": {"a": {"pattern": "(a+)+$"}}},
            {"patternProperties": {"a": {}}},
            {"$ref": "https://example.com/schema.json"},
            {"$ref": "#"},
        ],
    )
    def test_a_schema_that_is_not_offered_gets_422(
        self, client: httpx.Client, as_a: Header, schema: dict[str, Any]
    ) -> None:
        assert client.put(APP + "/schema", headers=as_a, json=schema).status_code == 422

    def test_a_document_lives_its_life(
        self, client: httpx.Client, doors: Doors, filled: TwoTenants, as_a: Header
    ) -> None:
        assert client.post(APP + "/data", headers=as_a, json=DATA).status_code == 409
        assert client.put(APP + "/schema", headers=as_a, json=SCHEMA).json()["json_schema"] == SCHEMA
        made = [client.post(APP + "/data", headers=as_a, json=DATA | {"seconds": n}).json() for n in range(3)]
        path = f"{APP}/data/{made[0]['id']}"
        assert client.put(path, headers=as_a, json=DATA | {"seconds": 99}).json()["data"]["seconds"] == 99
        assert client.get(path, headers=as_a).json()["data"]["seconds"] == 99
        page = client.get(APP + "/data", headers=as_a, params={"limit": 2}).json()
        rest = client.get(APP + "/data", headers=as_a, params={"limit": 2, "after": page["next_after"]}).json()
        assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in made]
        assert rest["next_after"] is None
        assert client.delete(path, headers=as_a).status_code == 204
        assert client.get(path, headers=as_a).status_code == 404
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            told = connection.execute(
                "select event_type from app.events where aggregate_id = %s order by id", (made[0]["id"],)
            ).fetchall()
        assert [row[0] for row in told] == ["ApplicationDataStored", "ApplicationDataStored", "ApplicationDataDeleted"]


class TestTenantSettings:
    def test_anonymous_gets_401_and_a_reader_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.patch("/v1/tenant/settings", json={"currency": "EUR"}).status_code == 401
        reader = token_of(filled.a, "tenant:read")
        assert client.patch("/v1/tenant/settings", headers=reader, json={"currency": "EUR"}).status_code == 403

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"timezone": "Mars/Olympus"}, {"currency": "euro"}, {"unknown": 1}, {"sales_see": "some"},
            {"scoring": {"is_pooled": "no"}}, {"scoring": {"capacity": 0.3}}, {"scoring": {"is_poled": False}},
        ],
    )  # fmt: skip
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, body: dict[str, Any]) -> None:
        assert client.patch("/v1/tenant/settings", headers=as_a, json=body).status_code == 422

    def test_how_leads_are_scored_is_the_tenants_choice(
        self, client: httpx.Client, filled: TwoTenants, as_a: Header, as_b: Header
    ) -> None:
        told = {"scoring": {"is_pooled": False, "capacity": 0.1}}
        changed = client.patch("/v1/tenant/settings", headers=as_a, json=told).json()["settings"]
        assert changed["scoring"] == told["scoring"]
        assert "scoring" not in client.get("/v1/tenant", headers=as_b).json()["settings"]
        client.patch("/v1/tenant/settings", headers=as_a, json={"scoring": None})
        assert "scoring" not in client.get("/v1/tenant", headers=as_a).json()["settings"]

    def test_settings_change_one_by_one_and_are_told(
        self, client: httpx.Client, doors: Doors, filled: TwoTenants, as_a: Header, as_b: Header
    ) -> None:
        before = client.get("/v1/tenant", headers=as_b).json()["settings"]
        client.patch("/v1/tenant/settings", headers=as_a, json={"currency": "EUR", "timezone": "Europe/Berlin"})
        after = client.patch("/v1/tenant/settings", headers=as_a, json={"timezone": None}).json()["settings"]
        assert after["currency"] == "EUR"
        assert "timezone" not in after
        assert client.get("/v1/tenant", headers=as_b).json()["settings"] == before
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            told = connection.execute(
                "select payload -> 'settings' ->> 'currency' from app.events where event_type = 'TenantChanged' "
                "order by id desc limit 1"
            ).fetchone()
        assert told == ("EUR",)
        client.patch("/v1/tenant/settings", headers=as_a, json={"currency": None})
