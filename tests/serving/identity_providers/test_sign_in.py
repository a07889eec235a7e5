"""Signing in through identity providers over HTTP: an honest one, and one that lies."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest

from serving.app import create_app
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user, set_user_status
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.identity_providers.provider import LyingProvider
from tests.serving.serve import serve
from tests.serving.signing_in import PASSWORD, Header, bearer, sign_in

OWNER, PERSON = "owner@oidc.example", "person@oidc.example"


@pytest.fixture(scope="module")
def api_client(settings: Settings, filled: TwoTenants) -> Iterator[httpx.Client]:
    """A client of an application whose providers may stand on this machine."""
    app = create_app(settings.model_copy(update={"identity_providers_allow_private": True}))
    with serve(app) as client:
        yield client


@pytest.fixture(scope="module")
def liar() -> Iterator[LyingProvider]:
    provider = LyingProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture
def provider(liar: LyingProvider) -> LyingProvider:
    """The provider, honest again."""
    liar.claims, liar.metadata, liar.signs_with, liar.algorithm = {}, {}, liar.key, "RS256"
    return liar


@pytest.fixture
def owner(api_client: httpx.Client, doors: Doors, filled: TwoTenants) -> Iterator[Header]:
    create_user(doors, filled.a.id, OWNER, PASSWORD, role="owner")
    yield bearer(sign_in(api_client, OWNER))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where email like '%%@oidc.example'")
        connection.execute("delete from app.identity_providers")


def connect(client: httpx.Client, owner: Header, issuer: str, **more: Any) -> dict[str, Any]:
    body = {"name": "Login", "issuer": issuer, "client_id": "tekup", "client_secret": "hush hush", **more}
    made = client.post("/v1/identity-providers", headers=owner, json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def leave(client: httpx.Client, connected: dict[str, Any]) -> str:
    """Begin to sign in; where the browser is sent."""
    client.cookies.clear()
    begun = client.get(urlsplit(connected["sign_in_url"]).path)
    assert begun.status_code == 303, begun.text
    return begun.headers["location"]


def come_back(client: httpx.Client, url: str) -> httpx.Response:
    parts = urlsplit(url)
    return client.get(f"{parts.path}?{parts.query}")


def exchange(client: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """The token endpoint's answer to the code that came to the dashboards."""
    assert answer.status_code == 303, answer.text
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["sign_in"]
    return client.post("/v1/auth/token", data={"grant_type": "identity_provider", "code": code})


def visit(client: httpx.Client, provider: LyingProvider, connected: dict[str, Any], **more: str) -> httpx.Response:
    return come_back(client, provider.let_in(leave(client, connected), **more))


def test_with_a_real_provider_a_person_signs_in_and_comes_again(api_client: httpx.Client, owner: Header) -> None:
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        claims = {"email": PERSON, "email_verified": True, "name": "Person"}
        assert httpx.put(f"{issuer}/users/someone", json=claims, trust_env=False).status_code == 204
        connected = connect(api_client, owner, issuer, default_role="analyst")
        for _ in range(2):
            agreed = httpx.post(leave(api_client, connected), data={"sub": "someone"}, trust_env=False)
            answer = exchange(api_client, come_back(api_client, agreed.headers["location"]))
            account = api_client.get("/v1/me", headers=bearer(answer)).json()
            assert (account["email"], account["role"], account["methods"]) == (PERSON, "analyst", ["idp"])


class TestAProvider:
    def test_is_shown_without_its_secret_which_is_sealed(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, doors: Doors, filled: TwoTenants
    ) -> None:
        connect(api_client, owner, provider.issuer)
        listed = api_client.get("/v1/identity-providers", headers=owner)
        assert listed.json()["items"][0]["redirect_uri"].endswith("/v1/auth/identity-providers/callback")
        assert "hush" not in listed.text
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            stored = connection.execute("select client_secret_sealed from app.identity_providers").fetchone()
        assert stored is not None
        assert b"hush" not in bytes(stored[0])

    def test_that_names_another_issuer_or_can_not_be_reached_is_refused(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        body = {"name": "x", "client_id": "tekup", "client_secret": "x"}
        for issuer in (f"{provider.issuer}/", "http://127.0.0.1:9", "ftp://x", "nonsense"):
            refused = api_client.post("/v1/identity-providers", headers=owner, json={**body, "issuer": issuer})
            assert refused.status_code == 422, issuer
        provider.metadata = {"issuer": "https://accounts.example"}
        refused = api_client.post("/v1/identity-providers", headers=owner, json={**body, "issuer": provider.issuer})
        assert refused.status_code == 422

    def test_in_our_own_network_is_refused_by_default(
        self, client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        body = {"name": "x", "client_id": "tekup", "client_secret": "x", "issuer": provider.issuer}
        assert client.post("/v1/identity-providers", headers=owner, json=body).status_code == 422

    def test_that_is_shut_or_disconnected_lets_nobody_in(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        under_way = provider.let_in(leave(api_client, connected))
        path = f"/v1/identity-providers/{connected['id']}"
        assert api_client.patch(path, headers=owner, json={"is_enabled": False}).json()["is_enabled"] is False
        assert come_back(api_client, under_way).status_code == 401
        assert api_client.get(urlsplit(connected["sign_in_url"]).path).status_code == 404
        assert api_client.delete(path, headers=owner).status_code == 204
        assert api_client.delete(path, headers=owner).status_code == 404


class TestTheWayBack:
    def test_is_good_once_and_so_is_its_code(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        back = provider.let_in(leave(api_client, connected))
        answer = come_back(api_client, back)
        assert exchange(api_client, answer).status_code == 200
        assert exchange(api_client, answer).status_code == 401
        assert come_back(api_client, back).status_code == 401

    def test_is_refused_in_another_browser(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        back = provider.let_in(leave(api_client, connected))
        api_client.cookies.clear()
        assert come_back(api_client, back).status_code == 401

    def test_is_refused_with_a_made_up_state_or_a_refusal(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer)
        leave(api_client, connected)
        path = "/v1/auth/identity-providers/callback"
        for query in ("state=x&code=y", f"state=oi_{'A' * 86}&code=y", "state=x&error=access_denied"):
            assert api_client.get(f"{path}?{query}").status_code == 401
        assert api_client.get(path).status_code == 422

    def test_is_refused_from_another_provider(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        assert visit(api_client, provider, connected, iss="https://evil.example").status_code == 401
        provider.metadata = {"authorization_response_iss_parameter_supported": True}
        assert visit(api_client, provider, connected).status_code == 401
        assert visit(api_client, provider, connected, iss=provider.issuer).status_code == 303

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"iss": "https://evil.example"},
            {"aud": "another-client"},
            {"aud": ["tekup", "another-client"]},
            {"azp": "another-client"},
            {"exp": 1_000_000_000},
            {"exp": None},
            {"iat": None},
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
        ],
    )
    def test_is_refused_where_a_claim_is_wrong(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, claims: dict[str, Any]
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        provider.claims = claims
        assert visit(api_client, provider, connected).status_code == 401

    def test_is_refused_unsigned_or_signed_by_another(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        public = str(provider.key.as_dict(private=False)["n"])
        for key, algorithm in (
            (provider.stranger, "RS256"),
            (provider.shared_secret("hush hush"), "HS256"),
            (provider.shared_secret(public), "HS256"),
            (None, "none"),
        ):
            provider.signs_with, provider.algorithm = key, algorithm
            assert visit(api_client, provider, connected).status_code == 401


class TestWhoseAccountItIs:
    def test_an_invited_user_accepts_by_it(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer)
        invited = {"email": PERSON, "role": "sales"}
        assert api_client.post("/v1/invitations", headers=owner, json=invited).status_code == 201
        answer = exchange(api_client, visit(api_client, provider, connected))
        assert answer.json()["role"] == "sales"

    def test_an_email_opens_nobodys_account_who_signs_in_otherwise(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, doors: Doors, filled: TwoTenants
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        create_user(doors, filled.a.id, PERSON, PASSWORD, role="admin")
        refused = visit(api_client, provider, connected)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:tekup:problem:identity-not-linked")

    def test_he_links_it_himself_and_then_it_opens_it(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, doors: Doors, filled: TwoTenants
    ) -> None:
        connected = connect(api_client, owner, provider.issuer)
        create_user(doors, filled.a.id, PERSON, PASSWORD, role="sales")
        mine = bearer(sign_in(api_client, PERSON))
        begun = api_client.post(f"/v1/me/identities/{connected['id']}", headers=mine).json()
        provider.claims = {"email": "somebody.else@oidc.example", "email_verified": False}
        assert come_back(api_client, provider.let_in(begun["authorization_url"])).status_code == 303
        answer = exchange(api_client, visit(api_client, provider, connected))
        assert api_client.get("/v1/me", headers=bearer(answer)).json()["email"] == PERSON
        begun = api_client.post(f"/v1/me/identities/{connected['id']}", headers=owner).json()
        assert come_back(api_client, provider.let_in(begun["authorization_url"])).status_code == 409

    def test_an_unverified_email_makes_and_accepts_nothing(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        for claims in ({"email_verified": False}, {"email_verified": "true"}, {"email": None}):
            provider.claims = claims
            assert visit(api_client, provider, connected).status_code == 403

    def test_the_same_subject_at_another_provider_is_somebody_else(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider
    ) -> None:
        first = connect(api_client, owner, provider.issuer, default_role="analyst")
        assert exchange(api_client, visit(api_client, provider, first)).status_code == 200
        second = connect(api_client, owner, provider.issuer)
        assert visit(api_client, provider, second).status_code == 403

    def test_a_disabled_user_stays_out(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, doors: Doors, filled: TwoTenants
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        assert exchange(api_client, visit(api_client, provider, connected)).status_code == 200
        set_user_status(doors, filled.a.id, PERSON, "disabled")
        assert exchange(api_client, visit(api_client, provider, connected)).status_code == 401

    def test_a_second_factor_of_ours_is_still_asked_for_unless_the_provider_had_one(
        self, api_client: httpx.Client, owner: Header, provider: LyingProvider, doors: Doors, filled: TwoTenants
    ) -> None:
        connected = connect(api_client, owner, provider.issuer, default_role="analyst")
        user = api_client.get("/v1/me", headers=bearer(exchange(api_client, visit(api_client, provider, connected))))
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute(
                "insert into app.totp_factors (tenant_id, user_id, secret_sealed, confirmed_at) "
                "values (%s, %s, 'x', now())",
                (filled.a.id, user.json()["id"]),
            )
        asked = exchange(api_client, visit(api_client, provider, connected))
        assert asked.json()["type"] == "urn:tekup:problem:mfa-needed"
        provider.claims = {"amr": ["pwd", "mfa"]}
        assert exchange(api_client, visit(api_client, provider, connected)).status_code == 200
