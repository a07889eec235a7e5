"""Requests about persons over HTTP: asked for, worked off by the pipelines' own job, fetched."""

import io
import zipfile
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.tokens import create_token
from tekup.directory.users import create_user
from tekup.errors import BadInput
from tekup.ids import uuid7
from tekup.privacy.erasing import erase_person
from tekup.privacy.exporting import export_person
from tests.fixtures.database import TwoTenants
from tests.serving.signing_in import PASSWORD, age_proof, bearer, sign_in, within_a_second

URL = "/v1/privacy/requests"
EMAIL = "karen.privat@sikker.example"
OFFICER, OTHER = "officer@alfa.privacy.example", "officer@beta.privacy.example"


@pytest.fixture
def officer(doors: Doors, client: httpx.Client, filled: TwoTenants) -> Iterator[dict[str, str]]:
    create_user(doors, filled.a.id, OFFICER, PASSWORD, role="admin")
    create_user(doors, filled.b.id, OTHER, PASSWORD, role="admin")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        connection.execute(
            "insert into app.leads (tenant_id, id, email, full_name) values (%s, %s, %s, 'Karen Privat')",
            (filled.a.id, uuid7(), EMAIL),
        )
    yield bearer(sign_in(client, OFFICER))
    for tenant in (filled.a, filled.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            for table in ("privacy_request", "erased_identifier", "data_keys"):
                connection.execute(f"delete from app.{table} where tenant_id = %s", (tenant.id,))
            connection.execute("delete from app.leads where email = %s", (EMAIL,))
            connection.execute("delete from app.users where email in (%s, %s)", (OFFICER, OTHER))


def test_anonymous_gets_401(client: httpx.Client) -> None:
    assert client.post(URL, json={"kind": "export", "subject": EMAIL}).status_code == 401


def test_without_the_scope_403(client: httpx.Client, doors: Doors, filled: TwoTenants) -> None:
    token = create_token(doors, filled.a.id, "reader", scopes=("leads:read",))
    headers = {"authorization": f"Bearer {token}"}
    assert client.get(URL, headers=headers).status_code == 403


def test_another_tenants_request_gets_404(client: httpx.Client, officer: dict[str, str]) -> None:
    made = client.post(URL, json={"kind": "export", "subject": EMAIL}, headers=officer).json()
    other = bearer(sign_in(client, OTHER))
    for path in (f"{URL}/{made['id']}", f"{URL}/{made['id']}/archive", f"{URL}/{uuid4()}"):
        assert client.get(path, headers=other).status_code == 404


def test_asking_and_fetching_want_a_fresh_proof_and_a_person(
    client: httpx.Client, officer: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    made = client.post(URL, json={"kind": "export", "subject": EMAIL}, headers=officer).json()
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        ((user,),) = connection.execute("select id from app.users where email = %s", (OFFICER,)).fetchall()
    age_proof(doors, filled.a.id, user)
    assert within_a_second(lambda: client.get(f"{URL}/{made['id']}/archive", headers=officer).status_code == 401)
    refused = client.post(URL, json={"kind": "erase", "subject": EMAIL}, headers=officer)
    assert refused.json()["type"].endswith("proof-needed")
    assert client.get(f"{URL}/{made['id']}", headers=officer).status_code == 200
    with pytest.raises(BadInput, match="privacy:write"):
        create_token(doors, filled.a.id, "machine", scopes=("privacy:write",))


@pytest.mark.parametrize("body", [{"kind": "export", "subject": "Anna"}, {"kind": "shred", "subject": EMAIL}, {}])
def test_bad_input_gets_422(client: httpx.Client, officer: dict[str, str], body: dict[str, str]) -> None:
    assert client.post(URL, json=body, headers=officer).status_code == 422


@pytest.mark.parametrize(("kind", "work"), [("export", export_person), ("erase", erase_person)])
def test_it_is_taken_in_worked_off_and_told(
    client: httpx.Client,
    officer: dict[str, str],
    doors: Doors,
    filled: TwoTenants,
    kind: str,
    work: Callable[..., object],
) -> None:
    asked = client.post(URL, json={"kind": kind, "subject": EMAIL}, headers=officer)
    assert asked.status_code == 202
    made = asked.json()
    assert made["status"] == "requested"
    assert EMAIL not in asked.text
    again = client.post(URL, json={"kind": kind, "subject": EMAIL.upper()}, headers=officer)
    assert again.json()["id"] == made["id"]
    assert client.get(f"{URL}/{made['id']}/archive", headers=officer).status_code == 409
    work(doors, filled.a.id, made["id"])
    done = client.get(asked.headers["location"], headers=officer).json()
    assert done["status"] == "done"
    assert done["rows"]["app.leads"] == 1
    assert [one["id"] for one in client.get(URL, headers=officer).json()["items"]] == [made["id"]]
    fetched = client.get(f"{URL}/{made['id']}/archive", headers=officer)
    if kind == "export":
        assert EMAIL in zipfile.ZipFile(io.BytesIO(fetched.content)).read("app.leads.jsonl").decode()
        assert fetched.headers["cache-control"] == "no-store"
    else:
        assert fetched.status_code == 409
