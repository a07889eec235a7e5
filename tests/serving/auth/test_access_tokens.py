"""Access tokens: what is verified and what is refused."""

import asyncio
import base64
import warnings
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from serving.auth.access_tokens import AccessClaims, AccessTokens
from serving.auth.key_ring import KeyRing
from tekup.clock import utc_now
from tekup.directory.signing_keys import SigningKey

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
TENANT, USER, SESSION = uuid4(), uuid4(), uuid4()
HOUR = timedelta(hours=1)


def signing_key(kid: str = "one", seed: bytes = b"k" * 32, since: timedelta = HOUR) -> SigningKey:
    return SigningKey(kid, seed, utc_now() - since, None)


@pytest.fixture
def tokens() -> AccessTokens:
    return AccessTokens(KeyRing(lambda: [signing_key()]))


def key_of(tokens: AccessTokens) -> OKPKey:
    return tokens._ring.signing()[1]


def issue(tokens: AccessTokens, *scopes: str) -> str:
    return asyncio.run(tokens.issue_to_user(TENANT, USER, SESSION, "admin", scopes, ["pwd"], utc_now()))


def verify(tokens: AccessTokens, text: str) -> AccessClaims | None:
    return asyncio.run(tokens.verify(text))


def encode(header: dict[str, Any], claims: dict[str, Any], key: Any, algorithm: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def test_what_was_issued_is_verified(tokens: AccessTokens) -> None:
    claims = verify(tokens, issue(tokens, "leads:read"))
    assert claims == AccessClaims(TENANT, USER, SESSION, frozenset({"leads:read"}))
    client = verify(tokens, asyncio.run(tokens.issue_to_client(TENANT, USER, ["kpis:read"])))
    assert client == AccessClaims(TENANT, USER, None, frozenset({"kpis:read"}))


def test_another_key_refuses_it(tokens: AccessTokens) -> None:
    other = AccessTokens(KeyRing(lambda: [signing_key(seed=b"x" * 32)]))
    assert verify(other, issue(tokens)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1_000_000_000},
        {"exp": "9999999999"},
        {"exp": None},
        {"nbf": 9_999_999_999},
        {"nbf": "0"},
        {"nbf": None},
        {"iat": 9_999_999_999},
        {"aud": "another-api"},
        {"aud": ["another-api"]},
        {"iss": "somebody"},
        {"sub": "not a uuid"},
        {"sub": None},
        {"tid": 7},
        {"tid": None},
        {"sid": "not a uuid"},
        {"sid": None},
        {"sid": None, "client_id": str(SESSION)},
    ],
)
def test_a_claim_that_is_wrong_refuses_it(tokens: AccessTokens, change: dict[str, object]) -> None:
    key = key_of(tokens)
    claims = {**jwt.decode(issue(tokens), key, algorithms=["EdDSA"]).claims, **change}
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}
    wanted = {name: value for name, value in claims.items() if value is not None}
    assert verify(tokens, encode(header, wanted, key, "EdDSA")) is None


def test_another_type_key_or_algorithm_refuses_it(tokens: AccessTokens) -> None:
    key = key_of(tokens)
    claims = jwt.decode(issue(tokens), key, algorithms=["EdDSA"]).claims
    good = {"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}
    assert verify(tokens, encode(good, claims, key, "EdDSA")) is not None
    for change in ({"typ": "JWT"}, {"typ": "logout+jwt"}, {"kid": "x"}):
        assert verify(tokens, encode({**good, **change}, claims, key, "EdDSA")) is None
    for missing in ("typ", "kid"):
        header = {name: value for name, value in good.items() if name != missing}
        assert verify(tokens, encode(header, claims, key, "EdDSA")) is None
    stranger = OKPKey.generate_key("Ed25519")
    assert verify(tokens, encode(good, claims, stranger, "EdDSA")) is None
    public = str(asyncio.run(tokens.jwks())["keys"][0]["x"]).encode()
    confused = OctKey.import_key(public)
    assert verify(tokens, encode({**good, "alg": "HS256"}, claims, confused, "HS256")) is None


def test_a_header_that_brings_its_own_key_or_an_extension_refuses_it(tokens: AccessTokens) -> None:
    key, stranger = key_of(tokens), OKPKey.generate_key("Ed25519")
    claims = jwt.decode(issue(tokens), key, algorithms=["EdDSA"]).claims
    good = {"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}
    brought: list[dict[str, Any]] = [
        {"jwk": stranger.as_dict(private=False)},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/certificate"},
        {"crit": ["b64"], "b64": True},
    ]
    for more in brought:
        for signer in (key, stranger):
            try:
                text = encode({**good, **more}, claims, signer, "EdDSA")
            except JoseError:
                continue
            assert verify(tokens, text) is None


def test_an_unsigned_token_is_refused(tokens: AccessTokens) -> None:
    header, body, _ = issue(tokens).split(".")
    for start in ('{"alg":"none","typ":"at+jwt","kid":"one"}', '{"alg":"None","typ":"at+jwt","kid":"one"}'):
        unsigned = base64.urlsafe_b64encode(start.encode()).decode().rstrip("=")
        assert verify(tokens, f"{unsigned}.{body}.") is None
    assert verify(tokens, f"{header}.{body}.") is None


def test_every_cut_and_changed_byte_is_refused(tokens: AccessTokens) -> None:
    text = issue(tokens, "leads:read")
    for position in range(0, len(text) - 2, 7):
        flipped = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        assert verify(tokens, flipped) is None
        assert verify(tokens, text[:position]) is None


class TestARotation:
    """Keys overlap: nobody is signed out by one."""

    def ring(self, *keys: SigningKey) -> AccessTokens:
        return AccessTokens(KeyRing(lambda: list(keys)))

    def test_publishes_the_new_key_before_it_signs(self) -> None:
        tokens = self.ring(signing_key(), signing_key("two", b"n" * 32, -HOUR))
        assert {key["kid"] for key in asyncio.run(tokens.jwks())["keys"]} == {"one", "two"}
        assert tokens._ring.signing()[0] == "one"

    def test_signs_with_the_newest_and_verifies_with_all_live_keys(self) -> None:
        old = issue(self.ring(signing_key()))
        tokens = self.ring(signing_key(), signing_key("two", b"n" * 32, HOUR / 2))
        assert tokens._ring.signing()[0] == "two"
        assert verify(tokens, old) is not None
        assert verify(tokens, issue(tokens)) is not None

    def test_ends_a_retired_key(self) -> None:
        old = issue(self.ring(signing_key()))
        retired = SigningKey("one", b"k" * 32, utc_now() - HOUR, utc_now())
        assert verify(self.ring(retired, signing_key("two", b"n" * 32)), old) is None

    def test_is_learnt_of_at_the_first_token_of_an_unknown_key(self) -> None:
        keys = [signing_key()]
        tokens = AccessTokens(KeyRing(lambda: list(keys)))
        keys.append(signing_key("two", b"n" * 32, HOUR / 2))
        new = issue(self.ring(keys[1]))
        assert verify(tokens, new) is None
        tokens._ring._read_at -= 1.5
        assert verify(tokens, new) is not None
