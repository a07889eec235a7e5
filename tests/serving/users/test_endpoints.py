"""Users, invitations and password resets over HTTP, with the mails that go out."""

import email
import email.policy
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.signing_in import PASSWORD, Header, age_proof, bearer, refresh, sign_in, within_a_second

NEW_PASSWORD = "seven paper lanterns"
OWNER, ADMIN, SALES = (f"{who}.users@example.dk" for who in ("owner", "admin", "sales"))


@pytest.fixture
def people(doors: Doors, filled: TwoTenants) -> Iterator[dict[str, str]]:
    """An owner, an admin and a salesperson of tenant A by their e-mails; all users made meanwhile go with them."""
    roles = {OWNER: "owner", ADMIN: "admin", SALES: "sales"}
    yield {who: str(create_user(doors, filled.a.id, who, PASSWORD, role=role)) for who, role in roles.items()}
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where email like '%%.users@example.dk'")
        connection.execute("delete from app.roles")


@pytest.fixture
def owner(client: httpx.Client, people: dict[str, str]) -> Header:
    return bearer(sign_in(client, OWNER))


@pytest.fixture
def admin(client: httpx.Client, people: dict[str, str]) -> Header:
    return bearer(sign_in(client, ADMIN))


@pytest.fixture
def mails_to(settings: Settings) -> Callable[[str, str], list[str]]:
    """The texts of the mails to somebody whose subject has a word in it, once there are any."""

    def read(to: str, word: str) -> list[str]:
        deadline = time.monotonic() + 5
        while True:
            found = []
            for path in sorted((settings.home_path / "outbox").glob("*.eml")):
                message = email.message_from_bytes(Path(path).read_bytes(), policy=email.policy.default)
                if message["To"] == to and word in message["Subject"]:
                    body = message.get_body()
                    assert body is not None
                    found.append(body.get_content())
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    return read


def token_in(mail: str, kind: str) -> str:
    found = re.search(rf"\?{kind}=(\S+)", mail)
    assert found is not None
    return found.group(1)


class TestUsers:
    def test_are_listed_in_pages(self, client: httpx.Client, admin: Header) -> None:
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2, "status": "active"} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/users", headers=admin, params=params).json()
            seen += [user["email"] for user in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == sorted(set(seen))
        assert {OWNER, ADMIN, SALES} <= set(seen)

    def test_a_cursor_of_another_list_gets_422(self, client: httpx.Client, admin: Header) -> None:
        cursor = client.get("/v1/users", headers=admin, params={"limit": 1}).json()["next_cursor"]
        again = client.get("/v1/users", headers=admin, params={"cursor": cursor, "status": "active"})
        assert again.status_code == 422

    def test_of_another_tenant_gets_404(
        self, client: httpx.Client, admin: Header, doors: Doors, filled: TwoTenants
    ) -> None:
        stranger = create_user(doors, filled.b.id, "stranger.users@example.dk", PASSWORD)
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"role": "sales"}),
            ("DELETE", "/factors", None),
            ("POST", "/password-reset", None),
            ("GET", "/sessions", None),
            ("DELETE", "/sessions", None),
        ):
            assert client.request(method, f"/v1/users/{stranger}{path}", headers=admin, json=body).status_code == 404

    def test_a_lower_role_holds_at_once(self, client: httpx.Client, admin: Header, people: dict[str, str]) -> None:
        sales = bearer(sign_in(client, SALES))
        assert client.get("/v1/leads", headers=sales).status_code == 200
        changed = client.patch(f"/v1/users/{people[SALES]}", headers=admin, json={"role": "read_only"})
        assert changed.json()["role"] == "read_only"
        assert client.post("/v1/leads", headers=sales, json={"email": "x@example.dk"}).status_code == 403

    def test_a_disabled_one_is_out_at_once_and_stays_out(
        self, client: httpx.Client, admin: Header, people: dict[str, str]
    ) -> None:
        answer = sign_in(client, SALES)
        path = f"/v1/users/{people[SALES]}"
        assert client.patch(path, headers=admin, json={"status": "disabled"}).json()["status"] == "disabled"
        assert client.get("/v1/me", headers=bearer(answer)).status_code == 401
        assert sign_in(client, SALES).status_code == 401
        assert client.patch(path, headers=admin, json={"status": "active"}).status_code == 200
        assert refresh(client, answer.json()["refresh_token"]).status_code == 401
        assert sign_in(client, SALES).status_code == 200

    def test_sessions_can_be_seen_and_ended_by_an_administrator(
        self, client: httpx.Client, admin: Header, people: dict[str, str]
    ) -> None:
        sales = bearer(sign_in(client, SALES))
        path = f"/v1/users/{people[SALES]}/sessions"
        assert len(client.get(path, headers=admin).json()["items"]) == 1
        assert client.delete(path, headers=admin).json() == {"ended": 1}
        assert client.get("/v1/me", headers=sales).status_code == 401

    def test_changing_asks_for_a_fresh_proof(
        self, client: httpx.Client, admin: Header, people: dict[str, str], doors: Doors, filled: TwoTenants
    ) -> None:
        age_proof(doors, filled.a.id, people[ADMIN])
        refused = client.patch(f"/v1/users/{people[SALES]}", headers=admin, json={"role": "analyst"})
        assert refused.json()["type"] == "urn:tekup:problem:proof-needed"

    @pytest.mark.parametrize("body", [{"status": "invited"}, {"email": "x@example.dk"}, {"role": "king"}, {"role": 7}])
    def test_bad_input_gets_422(
        self, client: httpx.Client, admin: Header, people: dict[str, str], body: dict[str, object]
    ) -> None:
        assert client.patch(f"/v1/users/{people[SALES]}", headers=admin, json=body).status_code == 422


class TestEscalation:
    def test_an_admin_makes_no_owner_and_touches_none(
        self, client: httpx.Client, admin: Header, people: dict[str, str]
    ) -> None:
        for who, body in (
            (ADMIN, {"role": "owner"}),
            (SALES, {"role": "owner"}),
            (OWNER, {"role": "sales"}),
            (OWNER, {"status": "disabled"}),
        ):
            refused = client.patch(f"/v1/users/{people[who]}", headers=admin, json=body)
            assert (refused.status_code, refused.json()["type"]) == (403, "urn:tekup:problem:beyond-your-rights")
        for method, path in (("DELETE", "factors"), ("POST", "password-reset"), ("DELETE", "sessions")):
            assert client.request(method, f"/v1/users/{people[OWNER]}/{path}", headers=admin).status_code == 403
        invited = client.post("/v1/invitations", headers=admin, json={"email": "new.users@example.dk", "role": "owner"})
        assert invited.status_code == 403

    def test_nobody_grants_what_he_does_not_hold(
        self, client: httpx.Client, owner: Header, people: dict[str, str]
    ) -> None:
        role = {
            "name": "personnel",
            "scopes": ["users:read", "users:write", "roles:read", "roles:write", "tokens:write"],
        }
        assert client.post("/v1/roles", headers=owner, json=role).status_code == 201
        client.patch(f"/v1/users/{people[SALES]}", headers=owner, json={"role": "personnel"})
        mine = bearer(sign_in(client, SALES))
        for method, path, body in (
            ("PATCH", f"/v1/users/{people[SALES]}", {"role": "admin"}),
            ("PATCH", f"/v1/users/{people[ADMIN]}", {"status": "disabled"}),
            ("POST", "/v1/invitations", {"email": "new.users@example.dk", "role": "manager"}),
            ("POST", "/v1/roles", {"name": "more", "scopes": ["users:read", "leads:write"]}),
            ("PUT", "/v1/roles/personnel", {"scopes": ["users:write", "leads:read"]}),
            ("POST", "/v1/tokens", {"name": "more", "scopes": ["leads:read"]}),
        ):
            refused = client.request(method, path, headers=mine, json=body)
            assert (refused.status_code, refused.json()["type"]) == (403, "urn:tekup:problem:beyond-your-rights"), path

    def test_a_narrowed_session_grants_no_more_than_it_holds(
        self, client: httpx.Client, people: dict[str, str]
    ) -> None:
        narrow = bearer(sign_in(client, OWNER, scope="users:write users:read"))
        refused = client.patch(f"/v1/users/{people[SALES]}", headers=narrow, json={"role": "admin"})
        assert refused.status_code == 403

    def test_the_last_owner_stays(self, client: httpx.Client, owner: Header, people: dict[str, str]) -> None:
        for body in ({"role": "admin"}, {"status": "disabled"}):
            refused = client.patch(f"/v1/users/{people[OWNER]}", headers=owner, json=body)
            assert (refused.status_code, refused.json()["type"]) == (409, "urn:tekup:problem:last-owner")

    def test_two_owners_who_remove_each_other_leave_one(
        self, client: httpx.Client, owner: Header, people: dict[str, str]
    ) -> None:
        assert client.patch(f"/v1/users/{people[ADMIN]}", headers=owner, json={"role": "owner"}).status_code == 200
        other = bearer(sign_in(client, ADMIN))
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda pair: client.patch(f"/v1/users/{people[pair[1]]}", headers=pair[0], json={"role": "sales"}),
                    ((owner, ADMIN), (other, OWNER)),
                )
            )
        assert sorted(answer.status_code for answer in answers)[0] == 200
        assert sum(answer.status_code == 200 for answer in answers) == 1


class TestInvitations:
    def test_are_mailed_and_accepted_once(
        self, client: httpx.Client, admin: Header, mails_to: Callable[[str, str], list[str]]
    ) -> None:
        who = "invited.users@example.dk"
        made = client.post("/v1/invitations", headers=admin, json={"email": who.upper(), "role": "sales"})
        assert made.status_code == 201, made.text
        assert "token" not in made.text
        assert [one["email"] for one in client.get("/v1/invitations", headers=admin).json()["items"]] == [who]
        token = token_in(mails_to(who, "Invitation")[-1], "invitation")
        accept = {"token": token, "password": NEW_PASSWORD, "full_name": "Ida"}
        weak = client.post("/v1/invitations/accept", json={**accept, "password": "invited.users"})
        assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "/password")
        assert client.post("/v1/invitations/accept", json=accept).json()["email"] == who
        assert client.post("/v1/invitations/accept", json=accept).status_code == 410
        answer = sign_in(client, who, NEW_PASSWORD)
        assert answer.json()["role"] == "sales"
        assert client.get("/v1/me", headers=bearer(answer)).json()["full_name"] == "Ida"
        assert client.get("/v1/invitations", headers=admin).json()["items"] == []

    def test_a_new_link_ends_the_old_and_revoking_ends_both(
        self, client: httpx.Client, admin: Header, mails_to: Callable[[str, str], list[str]]
    ) -> None:
        who, body = "twice.users@example.dk", {"email": "twice.users@example.dk", "role": "sales"}
        client.post("/v1/invitations", headers=admin, json=body)
        old = token_in(mails_to(who, "Invitation")[-1], "invitation")
        second = client.post("/v1/invitations", headers=admin, json=body).json()
        assert within_a_second(lambda: len(mails_to(who, "Invitation")) == 2)
        new = next(t for t in (token_in(m, "invitation") for m in mails_to(who, "Invitation")) if t != old)
        accept = {"password": NEW_PASSWORD}
        assert client.post("/v1/invitations/accept", json={**accept, "token": old}).status_code == 410
        assert client.delete(f"/v1/invitations/{second['id']}", headers=admin).status_code == 204
        assert client.post("/v1/invitations/accept", json={**accept, "token": new}).status_code == 410
        assert client.delete(f"/v1/invitations/{second['id']}", headers=admin).status_code == 404

    def test_of_a_user_gets_409_and_of_no_address_422(self, client: httpx.Client, admin: Header) -> None:
        assert client.post("/v1/invitations", headers=admin, json={"email": SALES, "role": "sales"}).status_code == 409
        for bad in ({"email": "nobody", "role": "sales"}, {"email": "a.users@example.dk", "role": "king"}):
            assert client.post("/v1/invitations", headers=admin, json=bad).status_code == 422

    @pytest.mark.parametrize("token", ["", "in_", "in_" + "A" * 86, "pr_" + "A" * 86])
    def test_a_made_up_token_gets_410(self, client: httpx.Client, token: str) -> None:
        body = {"token": token, "password": NEW_PASSWORD}
        assert client.post("/v1/invitations/accept", json=body).status_code == 410


class TestPasswordReset:
    def test_by_mail_sets_a_new_one_and_ends_all_sessions(
        self, client: httpx.Client, people: dict[str, str], mails_to: Callable[[str, str], list[str]]
    ) -> None:
        old = sign_in(client, SALES)
        assert client.post("/v1/auth/password-reset", json={"email": SALES.title()}).status_code == 202
        token = token_in(mails_to(SALES, "New password")[-1], "password_reset")
        body = {"token": token, "password": NEW_PASSWORD}
        assert client.post("/v1/auth/password-reset/confirm", json=body).status_code == 200
        assert client.post("/v1/auth/password-reset/confirm", json=body).status_code == 410
        assert within_a_second(lambda: client.get("/v1/me", headers=bearer(old)).status_code == 401)
        assert sign_in(client, SALES).status_code == 401
        assert sign_in(client, SALES, NEW_PASSWORD).status_code == 200
        assert mails_to(SALES, "Password changed")

    def test_tells_nobody_who_has_an_account(self, client: httpx.Client, people: dict[str, str]) -> None:
        known = client.post("/v1/auth/password-reset", json={"email": ADMIN})
        unknown = client.post("/v1/auth/password-reset", json={"email": "nobody.users@example.dk"})
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")

    def test_by_an_administrator_goes_to_the_user(
        self,
        client: httpx.Client,
        admin: Header,
        people: dict[str, str],
        mails_to: Callable[[str, str], list[str]],
    ) -> None:
        sent = client.post(f"/v1/users/{people[SALES]}/password-reset", headers=admin)
        assert (sent.status_code, sent.content) == (202, b"")
        assert mails_to(SALES, "New password")

    def test_a_link_is_over_after_half_an_hour(
        self,
        client: httpx.Client,
        admin: Header,
        people: dict[str, str],
        mails_to: Callable[[str, str], list[str]],
        doors: Doors,
        filled: TwoTenants,
    ) -> None:
        client.post(f"/v1/users/{people[ADMIN]}/password-reset", headers=admin)
        token = token_in(mails_to(ADMIN, "New password")[-1], "password_reset")
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.one_time_links set expires_at = expires_at - interval '30 minutes'")
        body = {"token": token, "password": NEW_PASSWORD}
        assert client.post("/v1/auth/password-reset/confirm", json=body).status_code == 410


class TestAPasswordOfOnesOwn:
    def test_is_changed_with_the_present_one(self, client: httpx.Client, people: dict[str, str]) -> None:
        mine, other = sign_in(client, SALES), sign_in(client, SALES)
        wrong = {"current_password": "not the password", "new_password": NEW_PASSWORD}
        assert client.put("/v1/me/password", headers=bearer(mine), json=wrong).status_code == 403
        right = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert client.put("/v1/me/password", headers=bearer(mine), json=right).status_code == 204
        assert client.get("/v1/me", headers=bearer(other)).status_code == 401
        assert client.get("/v1/me", headers=bearer(mine)).status_code == 200
        assert sign_in(client, SALES, NEW_PASSWORD).status_code == 200

    def test_may_not_be_a_weak_one(self, client: httpx.Client, people: dict[str, str]) -> None:
        body = {"current_password": PASSWORD, "new_password": "sales.users 12"}
        refused = client.put("/v1/me/password", headers=bearer(sign_in(client, SALES)), json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/new_password")
        assert "sales.users 12" not in refused.text


class TestWhoMayDoWhat:
    def test_lists_users_and_tokens_by_scope(self, client: httpx.Client, owner: Header, people: dict[str, str]) -> None:
        made = client.post("/v1/tokens", headers=owner, json={"name": "reads leads", "scopes": ["leads:read"]}).json()
        holders = client.get("/v1/access", headers=owner, params={"scope": "leads:read"}).json()["items"]
        assert {OWNER, ADMIN, SALES, "reads leads"} <= {one["name"] for one in holders}
        writers = client.get("/v1/access", headers=owner, params={"scope": "users:write"}).json()["items"]
        names = {one["name"] for one in writers}
        assert {OWNER, ADMIN} <= names
        assert not {SALES, "reads leads"} & names
        client.delete(f"/v1/tokens/{made['id']}", headers=owner)

    def test_the_policy_asks_everybody_for_a_second_factor(self, client: httpx.Client, owner: Header) -> None:
        assert client.put("/v1/sign-in-policy", headers=owner, json={"mfa_required": True}).status_code == 200
        assert within_a_second(lambda: client.get("/v1/users", headers=owner).status_code == 403)

    @pytest.fixture(autouse=True)
    def without_policy(self, doors: Doors, filled: TwoTenants) -> Iterator[None]:
        yield
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.tenants set settings = settings - 'mfa_required'")
