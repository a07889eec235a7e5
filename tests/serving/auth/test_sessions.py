"""Sessions and the refresh tokens that carry them on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from serving.app import create_app
from serving.auth.session_repository import SESSIONS_PER_USER
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user, set_user_status
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.serve import serve
from tests.serving.signing_in import PASSWORD, age_proof, bearer, refresh, sign_in, within_a_second

EMAIL = "sessions@example.dk"


@pytest.fixture
def user(doors: Doors, filled: TwoTenants) -> Iterator[str]:
    """A user's id; his sessions go with him after each test."""
    user_id = create_user(doors, filled.a.id, EMAIL, PASSWORD, role="manager")
    yield str(user_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


def change_session(doors: Doors, tenants: TwoTenants, change: str) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenants.a.id) as connection:
        connection.execute(f"update app.{change}")


def audited(doors: Doors, tenants: TwoTenants, action: str, user: str) -> int:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenants.a.id) as connection:
        row = connection.execute(
            "select count(*) from app.audit_log where action = %s and actor_id = %s", (action, user)
        ).fetchone()
    assert row is not None
    return int(row[0])


class TestARefreshToken:
    def test_gives_the_next_access_and_refresh_token(self, client: httpx.Client, user: str) -> None:
        first = sign_in(client, EMAIL).json()
        assert first["refresh_expires_in"] == 3600
        second = refresh(client, first["refresh_token"])
        assert second.status_code == 200
        assert second.headers["cache-control"] == "no-store"
        assert second.json()["session_id"] == first["session_id"]
        assert second.json()["refresh_token"] != first["refresh_token"]
        assert client.get("/v1/tenant", headers=bearer(second)).status_code == 200

    def test_used_again_ends_the_whole_family(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        first = sign_in(client, EMAIL).json()["refresh_token"]
        second = refresh(client, first)
        third = refresh(client, second.json()["refresh_token"])
        assert third.status_code == 200
        assert refresh(client, first).status_code == 401
        assert refresh(client, third.json()["refresh_token"]).status_code == 401
        assert within_a_second(lambda: client.get("/v1/tenant", headers=bearer(third)).status_code == 401)
        assert audited(doors, filled, "session.refresh_token_reused", user) == 1

    def test_another_session_lives_on(self, client: httpx.Client, user: str) -> None:
        stolen, other = sign_in(client, EMAIL).json(), sign_in(client, EMAIL).json()
        refresh(client, stolen["refresh_token"])
        refresh(client, stolen["refresh_token"])
        assert refresh(client, other["refresh_token"]).status_code == 200

    def test_used_twenty_times_at_once_has_one_winner(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        token = sign_in(client, EMAIL).json()["refresh_token"]
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: refresh(client, token), range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
        winner = next(answer for answer in answers if answer.status_code == 200)
        assert refresh(client, winner.json()["refresh_token"]).status_code == 401
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            rows = connection.execute("select end_reason from app.sessions where user_id = %s", (user,)).fetchall()
        assert rows == [("refresh token used twice",)]

    def test_reuse_after_a_restart_is_refused_and_ends_the_family(
        self, client: httpx.Client, user: str, settings: Settings
    ) -> None:
        first = sign_in(client, EMAIL).json()["refresh_token"]
        second = refresh(client, first).json()["refresh_token"]
        with serve(create_app(settings)) as restarted:
            assert refresh(restarted, first).status_code == 401
            assert refresh(restarted, second).status_code == 401

    def test_goes_on_after_a_restart(self, client: httpx.Client, user: str, settings: Settings) -> None:
        answer = sign_in(client, EMAIL)
        with serve(create_app(settings)) as restarted:
            assert restarted.get("/v1/tenant", headers=bearer(answer)).status_code == 200
            assert refresh(restarted, answer.json()["refresh_token"]).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            "refresh_tokens set expires_at = now() where used_at is null",
            "sessions set expires_at = now() where ended_at is null",
            "sessions set ended_at = now(), end_reason = 'test' where ended_at is null",
            "users set status = 'disabled' where email = 'sessions@example.dk'",
        ],
        ids=["idle too long", "past its last hour", "ended", "of a disabled user"],
    )
    def test_is_refused_when(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants, change: str
    ) -> None:
        token = sign_in(client, EMAIL).json()["refresh_token"]
        change_session(doors, filled, change)
        assert refresh(client, token).status_code == 401

    def test_never_outlives_its_session(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        token = sign_in(client, EMAIL).json()["refresh_token"]
        change_session(doors, filled, "sessions set expires_at = now() + interval '5 minutes' where ended_at is null")
        again = refresh(client, token).json()
        assert 290 <= again["refresh_expires_in"] <= 300
        assert 290 <= again["expires_in"] <= 300

    @pytest.mark.parametrize(
        "spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[3:], lambda t: "rt_" + "A" * 86]
    )
    def test_spoiled_is_refused(self, client: httpx.Client, user: str, spoil) -> None:  # type: ignore[no-untyped-def]
        token = sign_in(client, EMAIL).json()["refresh_token"]
        assert refresh(client, spoil(token)).status_code == 401
        assert refresh(client, token).status_code == 200

    def test_opens_no_route_and_an_access_token_refreshes_nothing(self, client: httpx.Client, user: str) -> None:
        answer = sign_in(client, EMAIL).json()
        header = {"authorization": f"Bearer {answer['refresh_token']}"}
        assert client.get("/v1/tenant", headers=header).status_code == 401
        assert (
            client.post(
                "/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": answer["access_token"][:200]}
            ).status_code
            == 401
        )

    def test_is_stored_nowhere(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        token = sign_in(client, EMAIL).json()["refresh_token"]
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            stored = str(
                connection.execute("select r::text, s::text from app.refresh_tokens r, app.sessions s").fetchall()
            )
        assert token[-30:] not in stored


class TestSessions:
    def test_are_listed_with_place_and_browser(self, client: httpx.Client, user: str) -> None:
        mine = sign_in(client, EMAIL)
        sign_in(client, EMAIL)
        listed = client.get("/v1/sessions", headers=bearer(mine)).json()["items"]
        assert [one["is_current"] for one in listed].count(True) == 1
        assert len(listed) == 2
        assert {one["address"] for one in listed} == {"127.0.0.1"}
        assert all(one["user_agent"].startswith("python-httpx") for one in listed)

    def test_signing_in_begins_a_new_one_each_time(self, client: httpx.Client, user: str) -> None:
        assert sign_in(client, EMAIL).json()["session_id"] != sign_in(client, EMAIL).json()["session_id"]

    def test_signing_out_ends_it_with_both_tokens(self, client: httpx.Client, user: str) -> None:
        answer = sign_in(client, EMAIL)
        assert client.post("/v1/auth/sign-out", headers=bearer(answer)).status_code == 204
        assert client.get("/v1/tenant", headers=bearer(answer)).status_code == 401
        assert refresh(client, answer.json()["refresh_token"]).status_code == 401

    def test_one_or_all_others_can_be_ended(self, client: httpx.Client, user: str) -> None:
        mine, lost, third = (sign_in(client, EMAIL) for _ in range(3))
        lost_id = lost.json()["session_id"]
        assert client.delete(f"/v1/sessions/{lost_id}", headers=bearer(mine)).status_code == 204
        assert client.get("/v1/tenant", headers=bearer(lost)).status_code == 401
        assert client.delete(f"/v1/sessions/{lost_id}", headers=bearer(mine)).status_code == 404
        assert client.delete("/v1/sessions", headers=bearer(mine)).json() == {"ended": 1}
        assert client.get("/v1/tenant", headers=bearer(third)).status_code == 401
        assert client.get("/v1/tenant", headers=bearer(mine)).status_code == 200

    def test_of_others_can_not_be_ended(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        create_user(doors, filled.b.id, EMAIL, "another long password")
        other = sign_in(client, EMAIL, "another long password")
        mine = sign_in(client, EMAIL)
        for session_id in (other.json()["session_id"], uuid4()):
            assert client.delete(f"/v1/sessions/{session_id}", headers=bearer(mine)).status_code == 404
        assert client.get("/v1/tenant", headers=bearer(other)).status_code == 200

    def test_ending_asks_for_a_fresh_proof(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        mine = sign_in(client, EMAIL)
        age_proof(doors, filled.a.id, user)
        within_a_second(lambda: client.delete("/v1/sessions", headers=bearer(mine)).status_code == 401)
        refused = client.delete("/v1/sessions", headers=bearer(mine))
        assert refused.json()["type"].endswith("proof-needed")
        assert "insufficient_user_authentication" in refused.headers["www-authenticate"]
        wrong = client.post("/v1/auth/step-up", headers=bearer(mine), json={"password": "not the password"})
        assert wrong.status_code == 401
        proven = client.post("/v1/auth/step-up", headers=bearer(mine), json={"password": PASSWORD})
        assert proven.json()["session_id"] != mine.json()["session_id"]
        assert client.get("/v1/tenant", headers=bearer(mine)).status_code == 401
        assert refresh(client, mine.json()["refresh_token"]).status_code == 401
        assert client.delete("/v1/sessions", headers=bearer(proven)).status_code == 200

    def test_the_oldest_end_where_there_are_too_many(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        first = sign_in(client, EMAIL)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute(
                "insert into app.sessions (tenant_id, id, user_id, methods, expires_at) select %s, gen_random_uuid(), "
                "%s, '{pwd}', now() + interval '1 hour' from generate_series(2, %s)",
                (filled.a.id, user, SESSIONS_PER_USER),
            )
        last = sign_in(client, EMAIL)
        assert len(client.get("/v1/sessions", headers=bearer(last)).json()["items"]) == SESSIONS_PER_USER
        assert refresh(client, first.json()["refresh_token"]).status_code == 401

    def test_end_with_their_user(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        answer = sign_in(client, EMAIL)
        set_user_status(doors, filled.a.id, EMAIL, "disabled")
        assert within_a_second(lambda: client.get("/v1/tenant", headers=bearer(answer)).status_code == 401)
        set_user_status(doors, filled.a.id, EMAIL, "active")
        assert refresh(client, answer.json()["refresh_token"]).status_code == 401

    def test_end_with_a_new_password(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        answer = sign_in(client, EMAIL)
        create_user(doors, filled.a.id, EMAIL, "another long password", role="manager")
        assert within_a_second(lambda: client.get("/v1/tenant", headers=bearer(answer)).status_code == 401)

    def test_are_for_people(self, client: httpx.Client, as_a: dict[str, str]) -> None:
        assert client.get("/v1/sessions", headers=as_a).status_code == 403
        assert client.post("/v1/auth/sign-out", headers=as_a).status_code == 403
