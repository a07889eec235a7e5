"""Files' metadata over HTTP: who sees them, what is refused, and that they go with their record."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

FILES = "/v1/files"
FILE: dict[str, Any] = {
    "name": "Tilbud til Ida.pdf", "media_type": "application/pdf", "size_bytes": 12_345, "sha256": "ab" * 32,
    "storage_url": "s3://tekup/tilbud.pdf",
}  # fmt: skip


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in ("files", "contacts", "companies"):
                    connection.execute(f"delete from app.{table}")

    clear()
    yield
    clear()


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get(FILES).status_code == 401
    assert client.post(FILES, headers=token_of(filled.a, "files:read"), json=FILE).status_code == 403


def test_other_tenants_and_who_may_not_see_people_see_none(
    client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    contact = post(client, as_a, "/v1/contacts", first_name="Ida")["id"]
    made = post(client, as_a, FILES, contact_id=contact, **FILE)
    assert client.get(f"{FILES}/{made['id']}", headers=as_b).status_code == 404
    assert client.get(FILES, headers=token_of(filled.a, "files:read")).json()["items"] == []
    assert client.get(FILES, headers=token_of(filled.a, "files:read", "persons:read")).json()["items"] == [made]
    assert client.post(FILES, headers=as_b, json={**FILE, "contact_id": contact}).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"contact_id": str(uuid4())},
        {"company_id": "x"},
        {"lead_id": str(uuid4()), "sha256": "AB" * 32},
        {"lead_id": str(uuid4()), "storage_url": "file:///etc/passwd"},
        {"lead_id": str(uuid4()), "media_type": "pdf"},
        {"lead_id": str(uuid4()), "size_bytes": -1},
    ],
)
def test_bad_input_gets_422(client: httpx.Client, as_a: Header, change: dict[str, Any]) -> None:
    assert client.post(FILES, headers=as_a, json={**FILE, **change}).status_code == 422
    assert client.get(FILES, headers=as_a).json()["items"] == []


def test_a_file_is_found_by_its_record_and_goes_with_it(client: httpx.Client, as_a: Header) -> None:
    contact = post(client, as_a, "/v1/contacts", first_name="Ida")["id"]
    company = post(client, as_a, "/v1/companies", name="Ørn")["id"]
    made = post(client, as_a, FILES, contact_id=contact, **FILE)
    other = post(client, as_a, FILES, company_id=company, **{**FILE, "name": "Aftale.pdf"})
    found = client.get(FILES, headers=as_a, params={"contact_id": contact}).json()["items"]
    assert [file["id"] for file in found] == [made["id"]]
    assert len(client.get(FILES, headers=as_a, params={"sha256": FILE["sha256"]}).json()["items"]) == 2
    place = f"{FILES}/{other['id']}"
    refused = client.patch(place, headers=as_a, json={"company_id": None})
    assert (refused.status_code, "belongs to a record" in refused.text) == (422, True)
    assert client.patch(place, headers=as_a, json={"storage_url": None}).status_code == 422
    assert client.patch(place, headers=as_a, json={"description": "Underskrevet"}).json()["description"]
    assert client.delete(f"/v1/contacts/{contact}", headers=as_a).status_code == 204
    assert [file["id"] for file in client.get(FILES, headers=as_a).json()["items"]] == [other["id"]]
