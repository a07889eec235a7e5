"""Which bearer tokens are let in, and which are not."""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from serving.auth.subject import TRUSTED_SECONDS
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.directory.tokens import parse_token
from tests.fixtures.database import TwoTenants

Header = dict[str, str]


def test_a_valid_token_speaks_for_its_tenant(client: httpx.Client, as_a: Header, filled: TwoTenants) -> None:
    assert client.get("/v1/tenant", headers=as_a).json()["id"] == str(filled.a.id)


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Basic dGVzdDp0ZXN0",
        "Bearer tk_",
        "Bearer tk_!!!!",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer " + "A" * 5000,
    ],
)
def test_what_is_no_token_gets_401(client: httpx.Client, value: str) -> None:
    answer = client.get("/v1/tenant", headers={"authorization": value})
    assert answer.status_code == 401, answer.text


def test_a_token_with_another_tenants_id_gets_401(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    import base64

    def raw(header: Header) -> bytes:
        body = header["authorization"].removeprefix("Bearer tk_")
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))

    forged = raw(as_b)[:16] + raw(as_a)[16:]
    text = "tk_" + base64.urlsafe_b64encode(forged).decode().rstrip("=")
    assert parse_token(text) is not None
    assert client.get("/v1/tenant", headers={"authorization": f"Bearer {text}"}).status_code == 401


def test_an_expired_token_gets_401(client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]) -> None:
    headers = token_of(filled.a, expires_at=utc_now() - timedelta(seconds=1))
    assert client.get("/v1/tenant", headers=headers).status_code == 401


def test_a_revoked_token_gets_401_within_a_second(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], doors: Doors
) -> None:
    headers = token_of(filled.a)
    assert client.get("/v1/tenant", headers=headers).status_code == 200
    parsed = parse_token(headers["authorization"].removeprefix("Bearer "))
    assert parsed is not None
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("update app.api_tokens set revoked_at = now() where id = %s", (parsed[1],))
    time.sleep(TRUSTED_SECONDS + 0.1)
    assert client.get("/v1/tenant", headers=headers).status_code == 401


def test_use_is_noted_at_most_once_a_minute(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], doors: Doors
) -> None:
    headers = token_of(filled.a)
    parsed = parse_token(headers["authorization"].removeprefix("Bearer "))
    assert parsed is not None

    def last_used() -> object:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            row = connection.execute("select last_used_at from app.api_tokens where id = %s", (parsed[1],)).fetchone()
        assert row is not None
        return row[0]

    assert last_used() is None
    client.get("/v1/tenant", headers=headers)
    first = last_used()
    assert first is not None
    time.sleep(TRUSTED_SECONDS + 0.1)
    client.get("/v1/tenant", headers=headers)
    assert last_used() == first


def test_the_tenant_can_not_be_chosen_by_header_query_or_body(
    client: httpx.Client, as_a: Header, filled: TwoTenants
) -> None:
    headers = {**as_a, "x-tenant-id": str(filled.b.id)}
    answer = client.get("/v1/tenant", headers=headers, params={"tenant_id": str(filled.b.id)})
    assert answer.json()["id"] == str(filled.a.id)
    body = {"email": f"{uuid4()}@example.dk", "tenant_id": str(filled.b.id)}
    assert client.post("/v1/leads", headers=as_a, json=body).status_code == 422
