"""API tokens and clients over HTTP: made, used, narrowed with their maker, and ended."""

import base64
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user, set_user_status
from tests.fixtures.database import TwoTenants
from tests.serving.signing_in import PASSWORD, Header, age_proof, bearer, sign_in, within_a_second

MAKER = "maker.tokens@example.dk"
READING = {"name": "a program", "scopes": ["leads:read", "kpis:read"]}


@pytest.fixture
def maker(doors: Doors, filled: TwoTenants) -> Iterator[str]:
    """An administrator's id; the tokens that he made go with him."""
    user_id = create_user(doors, filled.a.id, MAKER, PASSWORD, role="admin")
    yield str(user_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


@pytest.fixture
def mine(client: httpx.Client, maker: str) -> Header:
    return bearer(sign_in(client, MAKER))


def of(token: str) -> Header:
    return {"authorization": f"Bearer {token}"}


def get_token(client: httpx.Client, client_id: str, client_secret: str, **form: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret, **form}
    return client.post("/v1/auth/token", data=form)


class TestTokens:
    def test_a_new_one_is_shown_once_and_works(self, client: httpx.Client, mine: Header, maker: str) -> None:
        made = client.post("/v1/tokens", headers=mine, json=READING)
        assert made.status_code == 201, made.text
        assert made.json()["created_by"] == maker
        token = made.json()["token"]
        assert client.get("/v1/leads", headers=of(token)).status_code == 200
        assert client.post("/v1/leads", headers=of(token), json={"email": "x@example.dk"}).status_code == 403
        listed = client.get("/v1/tokens", headers=mine)
        assert token not in listed.text
        shown = next(one for one in listed.json()["items"] if one["id"] == made.json()["id"])
        assert shown["last_used_at"] is not None

    def test_are_listed_in_pages_newest_first(self, client: httpx.Client, mine: Header) -> None:
        ids = [client.post("/v1/tokens", headers=mine, json=READING).json()["id"] for _ in range(3)]
        seen: list[str] = []
        cursor = None
        while len(seen) < 3:
            params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/tokens", headers=mine, params=params).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ids[::-1]

    def test_revoked_is_out_at_once(self, client: httpx.Client, mine: Header) -> None:
        made = client.post("/v1/tokens", headers=mine, json=READING).json()
        assert client.get("/v1/leads", headers=of(made["token"])).status_code == 200
        assert client.delete(f"/v1/tokens/{made['id']}", headers=mine).status_code == 204
        assert client.get("/v1/leads", headers=of(made["token"])).status_code == 401
        assert client.delete(f"/v1/tokens/{made['id']}", headers=mine).status_code == 404

    def test_narrows_with_its_makers_role_and_ends_with_him(
        self, client: httpx.Client, mine: Header, doors: Doors, filled: TwoTenants
    ) -> None:
        body = {"name": "writes", "scopes": ["leads:read", "leads:write"]}
        token = of(client.post("/v1/tokens", headers=mine, json=body).json()["token"])
        create_user(doors, filled.a.id, MAKER, PASSWORD, role="read_only")
        # no lead can be made of it: until the scope is gone the answer is 422
        assert within_a_second(lambda: client.post("/v1/leads", headers=token, json=[]).status_code == 403)
        assert client.get("/v1/leads", headers=token).status_code == 200
        set_user_status(doors, filled.a.id, MAKER, "disabled")
        assert within_a_second(lambda: client.get("/v1/leads", headers=token).status_code == 401)

    def test_making_one_asks_for_a_person_with_a_fresh_proof(
        self, client: httpx.Client, mine: Header, maker: str, as_a: Header, doors: Doors, filled: TwoTenants
    ) -> None:
        assert client.post("/v1/tokens", headers=as_a, json=READING).status_code == 403
        age_proof(doors, filled.a.id, maker)
        refused = client.post("/v1/tokens", headers=mine, json=READING)
        assert refused.json()["type"] == "urn:tekup:problem:proof-needed"

    @pytest.mark.parametrize(
        "change",
        [
            {"scopes": []},
            {"scopes": ["everything"]},
            {"scopes": ["users:write"]},
            {"scopes": ["tokens:write"]},
            {"name": ""},
            {"expires_at": "2020-01-01T00:00:00Z"},
            {"expires_at": "2099-01-01T00:00:00"},
            {"tenant_id": "x"},
        ],
    )
    def test_bad_input_gets_422(self, client: httpx.Client, mine: Header, change: dict[str, object]) -> None:
        assert client.post("/v1/tokens", headers=mine, json={**READING, **change}).status_code == 422

    def test_of_another_tenant_gets_404(
        self, client: httpx.Client, mine: Header, doors: Doors, filled: TwoTenants
    ) -> None:
        create_user(doors, filled.b.id, "maker.b.tokens@example.dk", PASSWORD, role="admin")
        other = bearer(sign_in(client, "maker.b.tokens@example.dk"))
        made = client.post("/v1/tokens", headers=other, json=READING).json()
        assert client.delete(f"/v1/tokens/{made['id']}", headers=mine).status_code == 404
        assert client.get("/v1/leads", headers=of(made["token"])).status_code == 200


class TestClients:
    @pytest.fixture
    def made(self, client: httpx.Client, mine: Header) -> dict[str, str]:
        answer = client.post("/v1/tokens", headers=mine, json={**READING, "kind": "client"})
        assert answer.json()["token"] is None
        found: dict[str, str] = answer.json()
        return found

    def test_get_an_access_token_by_form_or_basic(
        self, client: httpx.Client, made: dict[str, str], filled: TwoTenants
    ) -> None:
        by_form = get_token(client, made["client_id"], made["client_secret"])
        assert by_form.json()["refresh_token"] is None
        pair = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
        basic = {"authorization": f"Basic {pair}"}
        by_basic = client.post("/v1/auth/token", headers=basic, data={"grant_type": "client_credentials"})
        for answer in (by_form, by_basic):
            assert answer.json()["scope"] == "kpis:read leads:read"
            assert client.get("/v1/tenant", headers=bearer(answer)).json()["id"] == str(filled.a.id)
            assert client.get("/v1/me", headers=bearer(answer)).status_code == 403

    def test_may_ask_for_less_and_never_for_more(self, client: httpx.Client, made: dict[str, str]) -> None:
        less = get_token(client, made["client_id"], made["client_secret"], scope="kpis:read")
        assert client.get("/v1/leads", headers=bearer(less)).status_code == 403
        more = get_token(client, made["client_id"], made["client_secret"], scope="leads:write")
        assert more.status_code == 422

    def test_with_a_wrong_secret_or_id_get_401(self, client: httpx.Client, made: dict[str, str]) -> None:
        for client_id, secret in (
            (made["client_id"], ("B" if made["client_secret"][0] == "A" else "A") + made["client_secret"][1:]),
            (made["client_id"], ""),
            ("tc_AAAA", made["client_secret"]),
            ("", ""),
        ):
            assert get_token(client, client_id, secret).status_code == 401

    def test_secret_opens_no_route_by_itself(self, client: httpx.Client, made: dict[str, str]) -> None:
        raw = base64.urlsafe_b64decode(made["client_id"][3:] + "==") + base64.urlsafe_b64decode(
            made["client_secret"] + "=="
        )
        as_token = "tk_" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
        assert client.get("/v1/leads", headers=of(as_token)).status_code == 401

    def test_revoked_end_with_their_access_tokens(
        self, client: httpx.Client, mine: Header, made: dict[str, str]
    ) -> None:
        answer = get_token(client, made["client_id"], made["client_secret"])
        assert client.delete(f"/v1/tokens/{made['id']}", headers=mine).status_code == 204
        assert client.get("/v1/leads", headers=bearer(answer)).status_code == 401
        assert get_token(client, made["client_id"], made["client_secret"]).status_code == 401

    def test_expired_get_401(self, client: httpx.Client, mine: Header, doors: Doors, filled: TwoTenants) -> None:
        soon = (utc_now() + timedelta(hours=1)).isoformat()
        made = client.post("/v1/tokens", headers=mine, json={**READING, "kind": "client", "expires_at": soon}).json()
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.api_tokens set expires_at = now() where id = %s", (made["id"],))
        assert get_token(client, made["client_id"], made["client_secret"]).status_code == 401
