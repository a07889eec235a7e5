"""The caller's own tenant over HTTP."""

import httpx

from tests.fixtures.database import TwoTenants

Header = dict[str, str]


def test_anonymous_gets_401(client: httpx.Client) -> None:
    assert client.get("/v1/tenant").status_code == 401


def test_each_caller_sees_his_own(client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants) -> None:
    for headers, tenant in ((as_a, filled.a), (as_b, filled.b)):
        body = client.get("/v1/tenant", headers=headers).json()
        assert (body["id"], body["name"], body["domain"]) == (str(tenant.id), tenant.name, tenant.domain)
        assert body["role"] is None
        assert "leads:read" in body["scopes"]
