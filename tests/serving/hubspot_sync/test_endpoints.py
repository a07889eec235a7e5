"""The synchronisation over HTTP: who may, what is refused, and what a preview says without changing anything."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from integrations.sandbox.identifiers import sandbox_credential
from serving.app import create_app
from tekup.db import Database, Role
from tekup.directory.connections import store_connection
from tekup.directory.tokens import create_token
from tekup.settings import Settings
from tests.serving.hubspot_sync.twins import Twin
from tests.serving.serve import serve

Header = dict[str, str]
PATH = "/v1/hubspot-syncs"


@pytest.fixture
def own_api(settings: Settings, a: Twin) -> Iterator[httpx.Client]:
    """An application that knows where the sandbox is."""
    pointed = settings.model_copy(update={"hubspot_api_base": f"{a.sandbox.url}/hubspot"})
    with serve(create_app(pointed)) as client:
        yield client


@pytest.fixture
def header(a: Twin) -> Callable[..., Header]:
    def make(*scopes: str) -> Header:
        return {"authorization": f"Bearer {create_token(a.doors, a.tenant.id, 'sync', scopes=scopes)}"}

    return make


def test_who_may(own_api: httpx.Client, header: Callable[..., Header]) -> None:
    assert own_api.get(PATH).status_code == 401
    assert own_api.get(PATH, headers=header("leads:read")).status_code == 403
    assert own_api.patch(f"{PATH}/contacts", headers=header("tenant:read"), json={}).status_code == 403
    found = own_api.get(PATH, headers=header("tenant:read")).json()["items"]
    assert [(one["kind"], one["direction"]) for one in found] == [
        ("companies", "off"), ("contacts", "off"), ("deals", "off"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "pointer"),
    [
        ("contacts", {"direction": "sideways"}, "/direction"),
        ("contacts", {"fields": {"nothing": "email"}}, "/fields/nothing"),
        ("contacts", {"fields": {"email": "not a name"}}, "/fields/email"),
        ("companies", {"stages": {"00000000-0000-0000-0000-000000000001": "x"}}, "/stages"),
        ("deals", {"stages": {"00000000-0000-0000-0000-000000000001": "x"}},
         "/stages/00000000-0000-0000-0000-000000000001"),
        ("companies", {"requires_consent": True}, "/requires_consent"),
    ],
)  # fmt: skip
def test_bad_input_is_named(
    own_api: httpx.Client, header: Callable[..., Header], kind: str, body: object, pointer: str
) -> None:
    answer = own_api.patch(f"{PATH}/{kind}", headers=header("tenant:write"), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_a_preview_without_a_connection_says_so(own_api: httpx.Client, header: Callable[..., Header]) -> None:
    answer = own_api.post(f"{PATH}/contacts/preview", headers=header("tenant:write"), json={})
    assert answer.status_code == 409
    assert "no connection to HubSpot" in answer.json()["detail"]


def test_a_preview_tells_and_changes_nothing_and_switching_on_marks_all(
    a: Twin, own_api: httpx.Client, header: Callable[..., Header]
) -> None:
    store_connection(a.doors, a.tenant.id, "hubspot", sandbox_credential("hubspot", a.slug), is_sandbox=True)
    may = header("tenant:read", "tenant:write")
    try:
        known = next(one["email"] for one in a.there("contacts").values() if one.get("email"))
        a.create("contacts", email=known, first_name="Forskellig")
        a.create("contacts", email="ny@forhånd.example")
        before = a.there("contacts")
        answer = own_api.post(f"{PATH}/contacts/preview", headers=may, json={"direction": "both"})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["record_count"], told["matched_count"], told["created_at_hubspot_count"]) == (2, 1, 1)
        assert told["created_here_count"] == told["object_count"] - 1 == len(before) - 1
        assert a.there("contacts") == before
        assert a.writes() == []
        shown = own_api.patch(f"{PATH}/contacts", headers=may, json={"direction": "both", "rule": "tekup"}).json()
        assert (shown["direction"], shown["rule"], shown["waiting_count"]) == ("both", "tekup", 2)
        with a.doors.connect(Database.OPERATIONAL, Role.WORKER) as connection:
            jobs = connection.execute(
                "select count(*) from jobs.procrastinate_jobs where task_name = 'sync_hubspot' "
                "and args ->> 'tenant_id' = %s",
                (str(a.tenant.id),),
            ).fetchone()
        assert jobs == (1,)
        assert own_api.post(f"{PATH}/deals/runs", headers=may).status_code == 409
        assert own_api.post(f"{PATH}/contacts/runs", headers=may).status_code == 202
        assert own_api.get(f"{PATH}/contacts/failures", headers=may).json() == {"items": []}
        missing = "00000000-0000-0000-0000-000000000009"
        assert own_api.post(f"{PATH}/contacts/failures/{missing}/retry", headers=may).status_code == 404
        assert own_api.post(f"{PATH}/contacts/failures/retry", headers=may).json() == {"retried_count": 0}
    finally:
        a.forget_connection()
