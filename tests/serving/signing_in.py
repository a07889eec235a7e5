"""Signing in over HTTP, for tests of what comes after. Fixtures live in conftest."""

import time
from collections.abc import Callable
from uuid import UUID

import httpx

from tekup.db import Database, Doors, Role

PASSWORD = "correct horse battery"
Header = dict[str, str]


def sign_in(client: httpx.Client, username: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """The token endpoint's answer to an e-mail and password."""
    form = {"grant_type": "password", "username": username, "password": password, **more}
    return client.post("/v1/auth/token", data=form)


def refresh(client: httpx.Client, refresh_token: str) -> httpx.Response:
    """The token endpoint's answer to a refresh token."""
    return client.post("/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": refresh_token})


def bearer(answer: httpx.Response) -> Header:
    """The header of the access token in an answer."""
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def age_proof(doors: Doors, tenant_id: UUID, user_id: UUID | str) -> None:
    """Make the user's proofs of who he is an hour old."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "update app.sessions set authenticated_at = now() - interval '1 hour' where user_id = %s", (user_id,)
        )


def within_a_second(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so before a second and a bit for the way there and back has passed."""
    deadline = time.monotonic() + 1.2
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return is_so()
