"""A rotation of the signing key while the application runs: nobody is signed out, everybody can verify."""

import time
import warnings
from collections.abc import Iterator

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from serving.auth.subject import TRUSTED_SECONDS
from tekup.db import Database, Doors, Role
from tekup.directory.signing_keys import read_signing_keys, rotate_signing_key
from tekup.directory.users import create_user
from tests.fixtures.database import TwoTenants
from tests.serving.conftest import Api
from tests.serving.signing_in import PASSWORD, bearer, sign_in

EMAIL = "rotation@example.dk"


@pytest.fixture
def user(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    user_id = create_user(doors, filled.a.id, EMAIL, PASSWORD)
    yield
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


def let_time_pass(api: Api) -> None:
    """As long as after which a process reads the keys again."""
    api.app.state.access_tokens._ring._read_at -= 60


def kid_of(client: httpx.Client, answer: httpx.Response) -> str:
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").json())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(jwt.decode(answer.json()["access_token"], keys, algorithms=["EdDSA"]).header["kid"])


def test_both_keys_are_published_and_old_tokens_stay_good(
    api: Api, client: httpx.Client, user: None, doors: Doors
) -> None:
    old = sign_in(client, EMAIL)
    new_kid = rotate_signing_key(doors)
    let_time_pass(api)
    published = {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
    assert {kid_of(client, old), new_kid} <= published
    assert kid_of(client, sign_in(client, EMAIL)) != new_kid
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute("update sign_in.signing_key set signs_from = now() where kid = %s", (new_kid,))
    let_time_pass(api)
    new = sign_in(client, EMAIL)
    assert kid_of(client, new) == new_kid
    for answer in (old, new):
        assert client.get("/v1/me", headers=bearer(answer)).status_code == 200
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute("update sign_in.signing_key set retires_at = now() where kid <> %s", (new_kid,))
    let_time_pass(api)
    time.sleep(TRUSTED_SECONDS + 0.1)
    assert client.get("/v1/me", headers=bearer(new)).status_code == 200
    assert client.get("/v1/me", headers=bearer(old)).status_code == 401


def test_seeds_are_stored_sealed(doors: Doors) -> None:
    seeds = [key.seed for key in read_signing_keys(doors)]
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        stored = [bytes(row[0]) for row in connection.execute("select seed_sealed from sign_in.signing_key")]
    assert seeds
    assert not [seed for seed in seeds for sealed in stored if seed in sealed]
