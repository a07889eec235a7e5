"""What the tests of the HubSpot source share: reading a stream to its end, and steering one portal. No test here."""

from collections.abc import Iterable
from typing import Any

import httpx
import orjson

from integrations.hubspot.client import HubspotSource
from integrations.sandbox.identifiers import sandbox_credential
from integrations.source import Cursor, Page, Record
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
OBJECTS = "/crm/v3/objects"


def pull(source: HubspotSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Page], Cursor]:
    """Return all pages of a stream and where it stands then."""
    pages = list(source.pages(stream, cursor))
    return pages, pages[-1].cursor


def read(source: HubspotSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    """Return all records of a stream and where it stands then."""
    pages, last = pull(source, stream, cursor)
    return [record for page in pages for record in page.records], last


def sides(pages: Iterable[Page], stream: str) -> dict[str, Any]:
    """Return what pages tell beside their own records: payloads by id."""
    return {
        record.object_id: orjson.loads(record.payload)
        for page in pages
        for side in page.sides
        if side.stream == stream
        for record in side.records
    }


def replaced(pages: Iterable[Page], stream: str) -> set[str]:
    """Return the parents of which pages tell all children."""
    return {name for page in pages for side in page.sides if side.stream == stream for name in side.replaces}


def reasons(records: Iterable[Record]) -> dict[str, str | None]:
    """Return why each record is gone; None for live ones."""
    return {record.object_id: record.reason for record in records}


def payloads(records: Iterable[Record]) -> dict[str, Any]:
    """Return the payloads of live records."""
    return {record.object_id: orjson.loads(record.payload) for record in records if not record.deleted}


def truth(sandbox: Sandbox, kind: str, slug: str = SLUG) -> Any:
    """Return what the portal really holds of a kind."""
    return sandbox.get("hubspot", slug, "/_sandbox/truth").json()["objects"][kind]


def change(sandbox: Sandbox, method: str, path: str, body: Any = None, slug: str = SLUG) -> httpx.Response:
    """Change something in a portal as one of its users would."""
    header = {"Authorization": f"Bearer {sandbox_credential('hubspot', slug)}"}
    answer = sandbox.http.request(method, f"/hubspot{path}", headers=header, json=body)
    assert answer.status_code < 300, answer.text
    return answer


def make(sandbox: Sandbox, kind: str, slug: str = SLUG, **properties: str) -> str:
    """Create an object and return its id."""
    number: str = change(sandbox, "POST", f"{OBJECTS}/{kind}", {"properties": properties}, slug).json()["id"]
    return number


def link(sandbox: Sandbox, kind: str, one: str, other: str, two: str, *labels: int) -> None:
    """Associate two objects."""
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": label} for label in labels]
    body = {"inputs": [{"from": {"id": one}, "to": {"id": two}, "types": types}]}
    change(sandbox, "POST", f"/crm/v4/associations/{kind}/{other}/batch/create", body)


def paths(sandbox: Sandbox, slug: str = SLUG) -> list[str]:
    """Return the paths that were asked for since the log was emptied."""
    return [entry["path"] for entry in sandbox.requests(vendor="hubspot", tenant=slug)]


def empty_log(sandbox: Sandbox) -> None:
    """Forget the requests so far."""
    assert sandbox.http.request("DELETE", "/_control/requests").status_code == 200
