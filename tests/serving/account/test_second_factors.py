"""Authenticator apps, recovery codes and passkeys, from adding one to signing in with it."""

import email
import email.policy
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyotp
import pytest

from serving.auth.challenge_repository import ATTEMPTS
from serving.auth.second_factors import RECOVERY_CODES, STEP_SECONDS
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user, reset_factors
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.authenticator import Authenticator
from tests.serving.signing_in import PASSWORD, Header, age_proof, bearer, sign_in, within_a_second

EMAIL = "factors@example.dk"


@pytest.fixture
def user(doors: Doors, filled: TwoTenants) -> Iterator[str]:
    """A user's id; all that he has goes with him after each test."""
    user_id = create_user(doors, filled.a.id, EMAIL, PASSWORD, role="manager")
    yield str(user_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


def forget_last_code(doors: Doors, tenants: TwoTenants) -> None:
    """As if half a minute had passed since the last code."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenants.a.id) as connection:
        connection.execute("update app.totp_factors set last_counter = 0")


def code_of(secret: str) -> str:
    """A code that stays right for some seconds more."""
    if time.time() % STEP_SECONDS > STEP_SECONDS - 4:
        time.sleep(4.1)
    return pyotp.TOTP(secret).now()


def add_app(client: httpx.Client, headers: Header) -> tuple[str, list[str]]:
    secret = client.post("/v1/me/totp", headers=headers).json()["secret"]
    confirmed = client.post("/v1/me/totp/confirm", headers=headers, json={"code": code_of(secret)})
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["codes"]


def step(client: httpx.Client, email: str = EMAIL, **more: str) -> str:
    """The half-way token of a sign-in that needs a second factor."""
    answer = sign_in(client, email, **more)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:tekup:problem:mfa-needed")
    return str(answer.json()["mfa_token"])


def finish(client: httpx.Client, mfa_token: str, **proof: str) -> httpx.Response:
    return client.post("/v1/auth/token", data={"grant_type": "mfa", "mfa_token": mfa_token, **proof})


class TestAnApp:
    def test_is_asked_for_once_it_is_confirmed(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        headers = bearer(sign_in(client, EMAIL))
        begun = client.post("/v1/me/totp", headers=headers).json()
        assert begun["address"].startswith("otpauth://totp/")
        assert sign_in(client, EMAIL).status_code == 200
        secret, _ = add_app(client, headers)
        assert within_a_second(lambda: "mfa" in client.get("/v1/me", headers=headers).json()["methods"])
        forget_last_code(doors, filled)
        answer = finish(client, step(client), code=code_of(secret))
        account = client.get("/v1/me", headers=bearer(answer)).json()
        assert account["methods"] == ["mfa", "otp", "pwd"]
        assert account["has_totp"]

    def test_ends_the_sessions_that_had_none(self, client: httpx.Client, user: str) -> None:
        other, mine = sign_in(client, EMAIL), sign_in(client, EMAIL)
        add_app(client, bearer(mine))
        assert client.get("/v1/me", headers=bearer(other)).status_code == 401
        assert client.get("/v1/me", headers=bearer(mine)).status_code == 200

    def test_code_is_good_once(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        secret, _ = add_app(client, bearer(sign_in(client, EMAIL)))
        forget_last_code(doors, filled)
        code, steps = code_of(secret), [step(client) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda token: finish(client, token, code=code), steps))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5

    def test_code_of_another_half_minute_is_refused(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        secret, _ = add_app(client, bearer(sign_in(client, EMAIL)))
        forget_last_code(doors, filled)
        code_of(secret)
        for seconds in (-STEP_SECONDS, STEP_SECONDS):
            wrong = pyotp.TOTP(secret).at(int(time.time()) + seconds)
            assert finish(client, step(client), code=wrong).status_code == 401

    def test_secret_is_sealed(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        secret, codes = add_app(client, bearer(sign_in(client, EMAIL)))
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            sealed = connection.execute("select secret_sealed from app.totp_factors").fetchone()
            hashes = connection.execute("select r::text from app.recovery_codes r").fetchall()
        assert sealed is not None
        assert secret.encode() not in bytes(sealed[0])
        assert not [code for code in codes if code.replace("-", "") in str(hashes)]

    def test_adding_asks_for_a_fresh_proof(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        answer = sign_in(client, EMAIL)
        age_proof(doors, filled.a.id, user)
        refused = client.post("/v1/me/totp", headers=bearer(answer))
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:tekup:problem:proof-needed")

    def test_removing_it_takes_the_recovery_codes(self, client: httpx.Client, user: str) -> None:
        headers = bearer(sign_in(client, EMAIL))
        add_app(client, headers)
        assert client.delete("/v1/me/totp", headers=headers).status_code == 204
        assert client.get("/v1/me", headers=headers).json()["recovery_codes_left"] == 0
        assert sign_in(client, EMAIL).status_code == 200

    def test_password_alone_steps_nobody_up_who_has_one(
        self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
    ) -> None:
        headers = bearer(sign_in(client, EMAIL))
        secret, _ = add_app(client, headers)
        assert client.post("/v1/auth/step-up", headers=headers, json={"password": PASSWORD}).status_code == 403
        forget_last_code(doors, filled)
        proven = client.post("/v1/auth/step-up", headers=headers, json={"code": code_of(secret)})
        assert proven.status_code == 200


class TestAHalfWayToken:
    def test_opens_nothing_else(self, client: httpx.Client, user: str) -> None:
        add_app(client, bearer(sign_in(client, EMAIL)))
        token = step(client)
        header = {"authorization": f"Bearer {token}"}
        for path in ("/v1/me", "/v1/tenant", "/v1/leads", "/v1/events/stream"):
            assert client.get(path, headers=header).status_code == 401
        for form in (
            {"grant_type": "refresh_token", "refresh_token": token},
            {"grant_type": "identity_provider", "code": token},
        ):
            assert client.post("/v1/auth/token", data=form).status_code == 401
        for path in ("/v1/invitations/accept", "/v1/auth/password-reset/confirm"):
            assert client.post(path, json={"token": token, "password": "quite another sentence"}).status_code == 410

    def test_is_over_after_some_wrong_codes_and_works_once(self, client: httpx.Client, user: str) -> None:
        _, codes = add_app(client, bearer(sign_in(client, EMAIL)))
        token = step(client)
        for _ in range(ATTEMPTS):
            assert finish(client, token, code="000000").json()["type"].endswith("factor-refused")
        assert finish(client, token, code=codes[0]).json()["type"].endswith("sign-in-over")
        again = step(client)
        assert finish(client, again, code=codes[0]).status_code == 200
        assert finish(client, again, code=codes[1]).json()["type"].endswith("sign-in-over")

    def test_expires(self, client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
        _, codes = add_app(client, bearer(sign_in(client, EMAIL)))
        token = step(client)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.sign_in_challenges set expires_at = now()")
        assert finish(client, token, code=codes[0]).status_code == 401

    def test_keeps_the_scope_that_was_asked_for(self, client: httpx.Client, user: str) -> None:
        _, codes = add_app(client, bearer(sign_in(client, EMAIL)))
        answer = finish(client, step(client, scope="leads:read"), code=codes[0])
        assert answer.json()["scope"] == "leads:read"


class TestRecoveryCodes:
    def test_stand_in_for_the_app_each_once(self, client: httpx.Client, user: str) -> None:
        headers = bearer(sign_in(client, EMAIL))
        _, codes = add_app(client, headers)
        assert len(set(codes)) == RECOVERY_CODES
        assert finish(client, step(client), code=codes[0].lower()).status_code == 200
        assert finish(client, step(client), code=codes[0]).status_code == 401
        assert client.get("/v1/me", headers=headers).json()["recovery_codes_left"] == RECOVERY_CODES - 1

    def test_new_ones_end_the_old(self, client: httpx.Client, user: str) -> None:
        headers = bearer(sign_in(client, EMAIL))
        _, old = add_app(client, headers)
        new = client.post("/v1/me/recovery-codes", headers=headers).json()["codes"]
        assert finish(client, step(client), code=old[0]).status_code == 401
        assert finish(client, step(client), code=new[0]).status_code == 200


class TestPasskeys:
    @pytest.fixture
    def device(self, settings: Settings) -> Authenticator:
        return Authenticator(settings.app_address)

    def add(self, client: httpx.Client, headers: Header, device: Authenticator) -> httpx.Response:
        options = client.post("/v1/me/passkeys/options", headers=headers).json()
        body = {"name": "my device", "credential": device.create(options)}
        return client.post("/v1/me/passkeys", headers=headers, json=body)

    def use(self, client: httpx.Client, credential: dict[str, Any]) -> httpx.Response:
        return client.post("/v1/auth/token", data={"grant_type": "passkey", "credential": json.dumps(credential)})

    def options(self, client: httpx.Client) -> dict[str, Any]:
        found: dict[str, Any] = client.post("/v1/auth/passkey/options").json()
        return found

    def test_signs_in_alone_and_as_second_factor(self, client: httpx.Client, user: str, device: Authenticator) -> None:
        headers = bearer(sign_in(client, EMAIL))
        assert self.add(client, headers, device).status_code == 201
        alone = self.use(client, device.get(self.options(client)))
        assert client.get("/v1/me", headers=bearer(alone)).json()["email"] == EMAIL
        credential = json.dumps(device.get(self.options(client)))
        second = finish(client, step(client), credential=credential)
        assert client.get("/v1/me", headers=bearer(second)).json()["methods"] == ["mfa", "pop", "pwd"]
        step_up = client.post(
            "/v1/auth/step-up", headers=headers, json={"credential": device.get(self.options(client))}
        )
        assert step_up.status_code == 200

    def test_assertion_is_good_once(self, client: httpx.Client, user: str, device: Authenticator) -> None:
        self.add(client, bearer(sign_in(client, EMAIL)), device)
        credential = device.get(self.options(client))
        assert self.use(client, credential).status_code == 200
        assert self.use(client, credential).status_code == 401

    def test_is_refused_where_anything_is_amiss(
        self, client: httpx.Client, user: str, device: Authenticator, settings: Settings
    ) -> None:
        self.add(client, bearer(sign_in(client, EMAIL)), device)
        elsewhere, stranger = Authenticator("https://evil.example"), Authenticator(settings.app_address)
        elsewhere.key, elsewhere.credential_id, elsewhere.handle = device.key, device.credential_id, device.handle
        stranger.credential_id, stranger.handle = device.credential_id, device.handle
        made_up = {**self.options(client), "challenge": "A" * 54}
        for credential in (
            elsewhere.get(self.options(client)),
            stranger.get(self.options(client)),
            device.get(made_up),
            {**device.get(self.options(client)), "id": "AAAA"},
            {"response": {"userHandle": 7}},
            {},
        ):
            assert self.use(client, credential).status_code == 401

    def test_without_a_check_of_its_holder_is_refused(
        self, client: httpx.Client, user: str, settings: Settings
    ) -> None:
        headers = bearer(sign_in(client, EMAIL))
        assert self.add(client, headers, Authenticator(settings.app_address, verifies=False)).status_code == 422

    def test_a_cloned_one_shows_by_its_counter(self, client: httpx.Client, user: str, device: Authenticator) -> None:
        self.add(client, bearer(sign_in(client, EMAIL)), device)
        assert self.use(client, device.get(self.options(client))).status_code == 200
        device.count -= 1
        assert self.use(client, device.get(self.options(client))).status_code == 401

    def test_options_of_another_user_make_none(
        self, client: httpx.Client, user: str, device: Authenticator, doors: Doors, filled: TwoTenants
    ) -> None:
        create_user(doors, filled.b.id, "other.factors@example.dk", PASSWORD)
        options = client.post(
            "/v1/me/passkeys/options", headers=bearer(sign_in(client, "other.factors@example.dk"))
        ).json()
        headers = bearer(sign_in(client, EMAIL))
        body = {"name": "stolen", "credential": device.create(options)}
        assert client.post("/v1/me/passkeys", headers=headers, json=body).status_code == 422

    def test_can_be_removed(self, client: httpx.Client, user: str, device: Authenticator) -> None:
        headers = bearer(sign_in(client, EMAIL))
        passkey = self.add(client, headers, device).json()
        assert client.delete(f"/v1/me/passkeys/{passkey['id']}", headers=headers).status_code == 204
        assert client.delete(f"/v1/me/passkeys/{passkey['id']}", headers=headers).status_code == 404
        assert self.use(client, device.get(self.options(client))).status_code == 401


def test_an_operator_can_reset_them(client: httpx.Client, user: str, doors: Doors, filled: TwoTenants) -> None:
    headers = bearer(sign_in(client, EMAIL))
    add_app(client, headers)
    reset_factors(doors, filled.a.id, EMAIL)
    assert within_a_second(lambda: client.get("/v1/me", headers=headers).status_code == 401)
    assert sign_in(client, EMAIL).status_code == 200


def test_where_the_tenant_asks_for_one_a_session_without_opens_nothing_but_adding_one(
    client: httpx.Client, user: str, doors: Doors, filled: TwoTenants
) -> None:
    headers = bearer(sign_in(client, EMAIL))
    try:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.tenants set settings = settings || '{\"mfa_required\": true}'")
        assert within_a_second(lambda: client.get("/v1/leads", headers=headers).status_code == 403)
        assert sign_in(client, EMAIL).json()["scope"] == ""
        add_app(client, headers)
        assert client.get("/v1/leads", headers=headers).status_code == 200
    finally:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("update app.tenants set settings = settings - 'mfa_required'")


def test_a_sign_in_from_a_new_place_and_a_wrong_code_are_told_by_mail(
    client: httpx.Client, user: str, settings: Settings
) -> None:
    def told(word: str) -> int:
        mails = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in (settings.home_path / "outbox").glob("*.eml")
        ]
        return sum(mail["To"] == EMAIL and word in mail["Subject"] for mail in mails)

    before = told("Wrong code")
    add_app(client, bearer(sign_in(client, EMAIL)))
    finish(client, step(client), code="000000")
    assert within_a_second(lambda: told("Wrong code") == before + 1)
    assert within_a_second(lambda: told("New sign-in") >= 1)
    assert within_a_second(lambda: told("Sign-in methods changed") >= 1)
