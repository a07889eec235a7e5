"""Access tokens: what is verified and what is refused."""

import warnings
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from serving.auth.access_tokens import AccessTokens
from tekup.crypto.keys import MasterKey

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
TENANT, USER = uuid4(), uuid4()


@pytest.fixture
def tokens() -> AccessTokens:
    return AccessTokens(MasterKey(b"k" * 32))


def encode(header: dict[str, Any], claims: dict[str, Any], key: Any, algorithm: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def test_what_was_issued_is_verified(tokens: AccessTokens) -> None:
    claims = tokens.verify(tokens.issue(TENANT, USER, "admin", frozenset({"leads:read"})))
    assert claims is not None
    assert (claims.tenant_id, claims.user_id, claims.scopes) == (TENANT, USER, {"leads:read"})


def test_another_master_key_refuses_it(tokens: AccessTokens) -> None:
    other = AccessTokens(MasterKey(b"x" * 32))
    assert other.verify(tokens.issue(TENANT, USER, "admin", frozenset())) is None


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1_000_000_000},
        {"exp": "9999999999"},
        {"exp": None},
        {"aud": "another-api"},
        {"iss": "somebody"},
        {"sub": "not a uuid"},
        {"sub": None},
        {"tid": 7},
        {"tid": None},
    ],
)
def test_a_claim_that_is_wrong_refuses_it(tokens: AccessTokens, change: dict[str, object]) -> None:
    text = tokens.issue(TENANT, USER, "admin", frozenset())
    key = tokens._key
    claims = {**jwt.decode(text, key, algorithms=["EdDSA"]).claims, **change}
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.thumbprint()}
    wanted = {name: value for name, value in claims.items() if value is not None}
    assert tokens.verify(encode(header, wanted, key, "EdDSA")) is None


def test_another_type_key_or_algorithm_refuses_it(tokens: AccessTokens) -> None:
    text = tokens.issue(TENANT, USER, "admin", frozenset())
    claims = jwt.decode(text, tokens._key, algorithms=["EdDSA"]).claims
    kid = tokens._key.thumbprint()
    assert tokens.verify(encode({"alg": "EdDSA", "typ": "JWT", "kid": kid}, claims, tokens._key, "EdDSA")) is None
    assert tokens.verify(encode({"alg": "EdDSA", "typ": "at+jwt", "kid": "x"}, claims, tokens._key, "EdDSA")) is None
    stranger = OKPKey.generate_key("Ed25519")
    assert tokens.verify(encode({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, claims, stranger, "EdDSA")) is None
    public = str(tokens.jwks["keys"][0]["x"]).encode()
    confused = OctKey.import_key(public)
    assert tokens.verify(encode({"alg": "HS256", "typ": "at+jwt", "kid": kid}, claims, confused, "HS256")) is None


def test_every_cut_and_changed_byte_is_refused(tokens: AccessTokens) -> None:
    text = tokens.issue(TENANT, USER, "admin", frozenset({"leads:read"}))
    for position in range(0, len(text) - 2, 7):
        flipped = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        assert tokens.verify(flipped) is None
        assert tokens.verify(text[:position]) is None
