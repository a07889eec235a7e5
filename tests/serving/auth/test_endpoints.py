"""Signing in over HTTP, and what tokens open afterwards."""

import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from serving.auth.subject import TRUSTED_SECONDS
from serving.auth.throttle import FAILURES_PER_PERSON
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tests.fixtures.database import TwoTenants

PASSWORD = "correct horse battery"
FORM = {"grant_type": "password", "password": PASSWORD}


@pytest.fixture(scope="module")
def members(doors: Doors, filled: TwoTenants) -> TwoTenants:
    """Anna belongs to both tenants; Bo to B alone; Karl reads in A."""
    create_user(doors, filled.a.id, "anna@example.dk", PASSWORD, role="admin")
    create_user(doors, filled.b.id, "anna@example.dk", PASSWORD, role="read_only")
    create_user(doors, filled.b.id, "bo@example.dk", PASSWORD, role="sales")
    create_user(doors, filled.a.id, "karl@example.dk", PASSWORD, role="read_only")
    return filled


def sign_in(client: httpx.Client, username: str, **more: str) -> httpx.Response:
    return client.post("/v1/auth/token", data={**FORM, "username": username, **more})


def bearer(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


class TestCreateAccessToken:
    def test_wrong_password_and_unknown_email_get_the_same_401(self, client: httpx.Client, members: TwoTenants) -> None:
        wrong = sign_in(client, "bo@example.dk", password="not the password")
        unknown = sign_in(client, "nobody@example.dk")
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.content == unknown.content

    def test_a_user_of_one_tenant_gets_a_token_of_it(self, client: httpx.Client, members: TwoTenants) -> None:
        answer = sign_in(client, "BO@example.dk ")
        body = answer.json()
        assert body["tenant"] == {"id": str(members.b.id), "name": "Beta ApS"}
        assert (body["role"], body["token_type"], body["expires_in"]) == ("sales", "Bearer", 900)
        assert answer.headers["cache-control"] == "no-store"
        mine = client.get("/v1/tenant", headers=bearer(answer)).json()
        assert (mine["id"], mine["role"]) == (str(members.b.id), "sales")
        assert set(mine["scopes"]) == set(body["scope"].split())

    def test_several_tenants_get_409_with_the_choices_and_then_a_token_of_the_chosen(
        self, client: httpx.Client, members: TwoTenants
    ) -> None:
        unsure = sign_in(client, "anna@example.dk")
        assert unsure.status_code == 409
        choices = {choice["name"]: choice["id"] for choice in unsure.json()["choices"]}
        assert choices == {"Alfa ApS": str(members.a.id), "Beta ApS": str(members.b.id)}
        chosen = sign_in(client, "anna@example.dk", tenant=choices["Beta ApS"])
        assert client.get("/v1/tenant", headers=bearer(chosen)).json()["id"] == str(members.b.id)

    def test_a_tenant_without_membership_can_not_be_chosen(self, client: httpx.Client, members: TwoTenants) -> None:
        for tenant in (str(members.a.id), str(uuid4())):
            assert sign_in(client, "bo@example.dk", tenant=tenant).status_code == 422

    def test_choices_are_not_told_without_the_password(self, client: httpx.Client, members: TwoTenants) -> None:
        answer = sign_in(client, "anna@example.dk", password="guess guess guess")
        assert answer.status_code == 401
        assert "choices" not in answer.json()

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"grant_type": "refresh_token", "username": "a@b.dk", "password": "x"},
            {"grant_type": "password", "username": "a@b.dk"},
            {"grant_type": "password", "username": "a@b.dk", "password": "x", "role": "owner"},
            {"grant_type": "password", "username": "a@b.dk", "password": "x", "tenant": "alfa"},
            {"grant_type": "password", "username": "a\x00b@b.dk", "password": "x"},
            {"grant_type": "password", "username": "a@b.dk", "password": "x" * 1025},
        ],
    )
    def test_bad_form_gets_422_without_the_password(self, client: httpx.Client, form: dict[str, str]) -> None:
        answer = client.post("/v1/auth/token", data=form)
        assert answer.status_code == 422, answer.text
        assert "xxxx" not in answer.text

    def test_a_scope_narrows_and_never_widens(self, client: httpx.Client, members: TwoTenants) -> None:
        narrow = bearer(sign_in(client, "karl@example.dk", scope="leads:read"))
        assert client.get("/v1/leads", headers=narrow).status_code == 200
        assert client.get("/v1/kpis", headers=narrow).status_code == 403
        assert sign_in(client, "karl@example.dk", scope="leads:write").status_code == 422

    def test_a_reader_can_not_write(self, client: httpx.Client, members: TwoTenants) -> None:
        headers = bearer(sign_in(client, "karl@example.dk"))
        assert client.post("/v1/leads", headers=headers, json={"email": "x@example.dk"}).status_code == 403

    def test_failures_are_throttled_for_that_person_alone(self, client: httpx.Client, members: TwoTenants) -> None:
        email = "often.wrong@example.dk"
        statuses = [sign_in(client, email, password="guess").status_code for _ in range(FAILURES_PER_PERSON + 1)]
        assert statuses == [401] * FAILURES_PER_PERSON + [429]
        refused = sign_in(client, email)
        assert 0 < int(refused.headers["retry-after"]) <= 300
        assert sign_in(client, "bo@example.dk").status_code == 200

    def test_sign_in_is_audited_and_dated(self, client: httpx.Client, members: TwoTenants, doors: Doors) -> None:
        headers = {"x-request-id": f"sign-in-{uuid4()}"}
        form = {**FORM, "username": "karl@example.dk"}
        assert client.post("/v1/auth/token", data=form, headers=headers).status_code == 200
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, members.a.id) as connection:
            row = connection.execute(
                "select a.action, u.email, u.last_sign_in_at > now() - interval '1 minute' from app.audit_log a "
                "join app.users u on u.id::text = a.actor_id where a.request_id = %s",
                (headers["x-request-id"],),
            ).fetchone()
        assert row == ("user.sign_in", "karl@example.dk", True)


class TestAccessToken:
    @pytest.fixture
    def dora(self, doors: Doors, filled: TwoTenants) -> Iterator[str]:
        """A user who is put back after each test."""
        create_user(doors, filled.a.id, "dora@example.dk", PASSWORD, role="manager")
        yield "dora@example.dk"
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.users set status = 'active' where email = 'dora@example.dk'")
            connection.execute("update app.tenants set status = 'active'")

    @pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
    def test_anybody_can_verify_it_with_the_published_key(self, client: httpx.Client, members: TwoTenants) -> None:
        text = sign_in(client, "bo@example.dk").json()["access_token"]
        jwks = client.get("/.well-known/jwks.json").json()
        assert "d" not in jwks["keys"][0]
        token = jwt.decode(text, KeySet.import_key_set(jwks), algorithms=["EdDSA"])
        assert token.header["typ"] == "at+jwt"
        assert (token.claims["tid"], token.claims["aud"], token.claims["iss"]) == (
            str(members.b.id),
            "tekup-api",
            "tekup",
        )
        assert token.claims["exp"] - token.claims["iat"] == 900

    def test_a_disabled_user_is_out_within_a_second(
        self, client: httpx.Client, filled: TwoTenants, doors: Doors, dora: str
    ) -> None:
        headers = bearer(sign_in(client, dora))
        assert client.get("/v1/tenant", headers=headers).status_code == 200
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.users set status = 'disabled' where email = %s", (dora,))
        time.sleep(TRUSTED_SECONDS + 0.1)
        assert client.get("/v1/tenant", headers=headers).status_code == 401
        assert sign_in(client, dora).status_code == 401

    def test_a_lower_role_loses_its_scopes_within_a_second(
        self, client: httpx.Client, filled: TwoTenants, doors: Doors, dora: str
    ) -> None:
        headers = bearer(sign_in(client, dora))
        create_user(doors, filled.a.id, dora, PASSWORD, role="read_only")
        time.sleep(TRUSTED_SECONDS + 0.1)
        assert client.post("/v1/leads", headers=headers, json={"email": "x@example.dk"}).status_code == 403

    def test_a_suspended_tenant_is_shut(
        self, client: httpx.Client, filled: TwoTenants, doors: Doors, dora: str
    ) -> None:
        headers = bearer(sign_in(client, dora))
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.tenants set status = 'suspended'")
        time.sleep(TRUSTED_SECONDS + 0.1)
        assert client.get("/v1/tenant", headers=headers).status_code == 401
        assert sign_in(client, dora).status_code == 401
