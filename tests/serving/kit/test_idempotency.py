"""A request with an Idempotency-Key happens once, whoever repeats it, and never for another."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

EMAIL = "once@example.dk"


@pytest.fixture(autouse=True)
def _cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (filled.a, filled.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.leads where email = %s", (EMAIL,))
            connection.execute("delete from app.idempotency_key")


def count(doors: Doors, tenant_id: object, table: str = "app.leads", where: str = f"email = '{EMAIL}'") -> int:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:  # type: ignore[arg-type]
        row = connection.execute(f"select count(*) from {table} where {where}").fetchone()
    assert row is not None
    return int(row[0])


def post(client: httpx.Client, who: dict[str, str], key: str, **body: object) -> httpx.Response:
    return client.post("/v1/leads", headers=who | {"idempotency-key": key}, json={"email": EMAIL} | body)


def test_a_repetition_gets_the_same_answer_and_changes_nothing(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    key = str(uuid4())
    first, second = post(client, as_a, key), post(client, as_a, f'"{key}"')
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert count(doors, filled.a.id) == 1
    events = f"aggregate_id = '{first.json()['id']}'"
    assert count(doors, filled.a.id, "app.events", events) == 1


def test_another_body_with_the_same_key_is_refused(client: httpx.Client, as_a: dict[str, str]) -> None:
    key = str(uuid4())
    assert post(client, as_a, key).status_code == 201
    other = post(client, as_a, key, source="referral")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


def test_a_key_of_one_tenant_or_token_means_nothing_to_another(
    client: httpx.Client,
    as_a: dict[str, str],
    as_b: dict[str, str],
    token_of: Callable[..., dict[str, str]],
    doors: Doors,
    filled: TwoTenants,
) -> None:
    key = str(uuid4())
    answers = [post(client, who, key) for who in (as_a, as_b, token_of(filled.a))]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 3
    assert not any("idempotency-replayed" in answer.headers for answer in answers)
    assert (count(doors, filled.a.id), count(doors, filled.b.id)) == (2, 1)


def test_an_error_is_not_kept_so_that_the_key_can_be_used_again(client: httpx.Client, as_a: dict[str, str]) -> None:
    key = str(uuid4())
    assert post(client, as_a, key, campaign_id=str(uuid4())).status_code == 422
    assert post(client, as_a, key).status_code == 201


def test_twenty_at_once_happen_once(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(client, as_a, key), range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    made = [answer for answer in answers if answer.status_code == 201]
    assert made
    assert len({answer.content for answer in made}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
    assert count(doors, filled.a.id) == 1


def test_a_change_is_replayed_as_it_was(client: httpx.Client, as_a: dict[str, str]) -> None:
    lead = post(client, as_a, str(uuid4())).json()["id"]
    headers = as_a | {"idempotency-key": str(uuid4())}
    first = client.patch(f"/v1/leads/{lead}", headers=headers, json={"status": "contacted"})
    assert first.json()["status"] == "contacted"
    client.patch(f"/v1/leads/{lead}", headers=as_a, json={"status": "qualified"})
    again = client.patch(f"/v1/leads/{lead}", headers=headers, json={"status": "contacted"})
    assert again.content == first.content
    assert client.get(f"/v1/leads/{lead}", headers=as_a).json()["status"] == "qualified"


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "æ"])
def test_a_key_that_can_not_be_used_is_refused(client: httpx.Client, as_a: dict[str, str], key: str) -> None:
    answer = client.post("/v1/leads", headers=as_a | {"idempotency-key": key.encode()}, json={"email": EMAIL})  # type: ignore[dict-item]
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("idempotency-key-unusable")


def test_a_key_past_its_time_is_new(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    key = str(uuid4())
    assert post(client, as_a, key).status_code == 201
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        connection.execute("update app.idempotency_key set expires_at = now() - interval '1 second'")
    again = post(client, as_a, key)
    assert "idempotency-replayed" not in again.headers
    assert count(doors, filled.a.id) == 2


def test_answers_are_kept_sealed(client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants) -> None:
    post(client, as_a, str(uuid4()))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        stored = connection.execute("select answer_sealed, request_hash, headers from app.idempotency_key").fetchall()
    assert stored
    assert all(EMAIL.encode() not in bytes(answer) for answer, *_ in stored)


_CRASHING = """
    import os, signal
    from serving.kit import idempotency
    from serving.kit.idempotency_repository import IdempotencyRepository

    stored = IdempotencyRepository.remember

    async def remember_and_die(self, *told):
        await stored(self, *told)
        os.kill(os.getpid(), signal.SIGKILL)

    IdempotencyRepository.remember = remember_and_die
    import uvicorn
    uvicorn.run("serving.app:create_app", factory=True, host="127.0.0.1", port={port}, log_level="error")
"""


def test_a_process_killed_before_its_commit_leaves_neither_effect_nor_key(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants, free_tcp_port: int
) -> None:
    environment = os.environ | {"TEKUP_HOME": str(doors.settings.home_path)}
    for name, value in (("DATABASE", doors.settings.database_url), ("WAREHOUSE", doors.settings.warehouse_url)):
        if value:
            environment[f"TEKUP_{name}_URL"] = value
    script = textwrap.dedent(_CRASHING).format(port=free_tcp_port)
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    key = str(uuid4())
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{free_tcp_port}", trust_env=False, timeout=30) as doomed:
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline:
                try:
                    if doomed.get("/healthz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            with pytest.raises(httpx.TransportError):
                post(doomed, as_a, key)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        process.kill()
    assert count(doors, filled.a.id) == 0
    assert post(client, as_a, key).status_code == 201
    assert count(doors, filled.a.id) == 1


def test_readers_roles_see_no_key(doors: Doors, filled: TwoTenants) -> None:
    for role in (Role.READER, Role.PIPELINE):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            doors.tenant_transaction(Database.OPERATIONAL, role, filled.a.id) as connection,
        ):
            connection.execute("select * from app.idempotency_key")
