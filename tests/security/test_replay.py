"""Tenant A's recorded traffic, sent again by B's owner, by nobody and by colleagues with a lower role."""

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from tekup.db import Database
from tests.security.probes import relations_of
from tests.security.tour import Call
from tests.security.tour.recording import Header, first_lines
from tests.security.tour.walked import LOWER, UUIDS, WORDS, Walked, walked
from tests.serving.test_app import OPEN_TO_ANYBODY, ROUTES_AND_SCOPES

__all__ = ["walked"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_OWN_NAMES = ("app_name", "name")
"""Parts of a path that tenants choose themselves."""
_GOOD_ONCE = {
    "POST /v1/invitations/accept": 410,
    "POST /v1/auth/password-reset/confirm": 410,
    "GET /v1/auth/identity-providers/callback": 401,
    "GET /v1/auth/identity-providers/{provider}": 404,
}
"""Open routes whose key was used up, or whose door was closed, with the answer to a second use."""
_MOVING = ("app.event_cursors", "app.audit_seal", "ops.audit_seal")
"""Tables that a consumer of events and the sealer of the trail write by themselves."""
_BY_CREDENTIAL = {"POST /v1/auth/token"}
"""Open routes that answer whoever has the password or device."""
_ENDS_ITS_CALLER = "POST /v1/auth/sign-out"
_ORDER = {"GET": 0, "POST": 2}


def _send(client: httpx.Client, call: Call, headers: Header) -> httpx.Response:
    """The call once more, as somebody else."""
    client.cookies.clear()
    sent = {**call.sent, "headers": {**call.sent.get("headers", {}), **headers}}
    if call.route == "GET /v1/events/stream":
        code, text = first_lines(client, call.path(), **sent)
        return httpx.Response(code, text=text)
    return client.request(call.method, call.path(), **sent)


def _twin(call: Call, markers: set[str]) -> Call:
    """The call with everything that is A's own replaced by what is nobody's."""
    stand_ins: dict[str, str] = {}

    def nobodys(found: re.Match[str]) -> str:
        one = found.group()
        return stand_ins.setdefault(one, str(uuid4())) if one in markers else one

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return UUIDS.sub(nobodys, value)
        if isinstance(value, dict):
            return {key: changed(inner) for key, inner in value.items()}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    places = {
        key: value[::-1] if key in _OWN_NAMES and any(word in value for word in WORDS) else changed(value)
        for key, value in call.places.items()
    }
    return replace(call, places=places, sent={key: changed(value) for key, value in call.sent.items()})


def _brought(call: Call) -> str:
    """All that the call itself says, which an answer may repeat."""
    return json.dumps([call.places, call.sent], default=str)


def _told(answer: httpx.Response, call: Call) -> str:
    """The body without ids, moments, and the names that the call itself brought."""
    text = UUIDS.sub("id", answer.text)
    for key, value in call.places.items():
        text = text.replace(value, key)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "moment", text)


def _rows(walked: Walked, tenant: UUID) -> dict[str, Any]:
    """A print of every relation's rows of a tenant."""
    found = {}
    for database in Database:
        with psycopg.connect(walked.doors.admin_url(database), autocommit=True) as admin:
            for relation in relations_of(admin):
                if relation.kind == "v" or str(relation) in _MOVING:
                    continue
                found[str(relation)] = admin.execute(
                    sql.SQL("select count(*), sum(hashtextextended(t::text, 0)) from {} as t where tenant_id = %s")
                    .format(relation.identifier), (tenant,)
                ).fetchone()  # fmt: skip
    return found


def _guarded(walked: Walked) -> list[Call]:
    """What reads comes first and what makes rows last, since then B has rows under A's own names as well."""
    calls = [call for call in walked.a.calls if call.route not in OPEN_TO_ANYBODY]
    return sorted(calls, key=lambda call: (call.route == _ENDS_ITS_CALLER, _ORDER.get(call.method, 1)))


def test_the_walk_is_recorded_on_every_route_that_there_is(walked: Walked) -> None:
    paths = walked.app.openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    recorded = Counter(call.route for call in walked.a.calls)
    assert routes - set(recorded) == set()
    assert set(recorded) - routes == set()
    assert len(walked.a.calls) > len(routes)
    assert len(walked.markers()) > 100


def test_nobody_is_told_to_sign_in_and_nothing_else(walked: Walked) -> None:
    before = _rows(walked, walked.a.tenant.id)
    answers = {call.route: _send(walked.client, call, {}) for call in _guarded(walked)}
    assert {route: one.status_code for route, one in answers.items() if one.status_code != 401} == {}
    assert len({one.content for one in answers.values()}) == 1
    assert _rows(walked, walked.a.tenant.id) == before


def test_what_is_open_to_anybody_is_public_or_good_once(walked: Walked) -> None:
    markers, wrong = walked.markers(), {}
    for call in walked.a.calls:
        if call.route not in OPEN_TO_ANYBODY - _BY_CREDENTIAL:
            continue
        answer = _send(walked.client, call, {})
        expected = _GOOD_ONCE.get(call.route)
        if expected is not None and answer.status_code != expected:
            wrong[call.route] = (answer.status_code, answer.text[:200])
        shown = (set(UUIDS.findall(answer.text)) & markers) - set(UUIDS.findall(_brought(call)))
        if shown:
            wrong[call.route] = shown  # type: ignore[assignment]
    assert wrong == {}


def test_another_tenant_is_answered_as_if_there_were_nothing(walked: Walked) -> None:
    markers, wrong, refused = walked.markers(), [], Counter[int]()
    before, said = _rows(walked, walked.a.tenant.id), set[str]()
    for call in _guarded(walked):
        twin = _twin(call, markers)
        theirs = _send(walked.client, call, walked.b.headers)
        refused[theirs.status_code] += 1
        brought = _brought(call)
        said.update(UUIDS.findall(brought))  # B's own trail tells what B asked for
        shown = (set(UUIDS.findall(theirs.text)) & markers) - said
        if call.method == "GET" and walked.a.word in theirs.text.replace(brought, "") and walked.a.word not in brought:
            shown.add(walked.a.word)
        if shown:
            wrong.append(f"{call.route} shows {sorted(shown)[:3]}")
        if twin == call:
            continue
        nobodys = _send(walked.client, twin, walked.b.headers)
        if (theirs.status_code, _told(theirs, call)) != (nobodys.status_code, _told(nobodys, twin)):
            wrong.append(f"{call.route}: {theirs.status_code} {theirs.text[:300]} but {nobodys.text[:300]}")
        if markers & set(call.places.values()) and theirs.status_code != 404:
            wrong.append(f"{call.route}: {theirs.status_code} {theirs.text[:300]}")
    assert wrong == []
    assert refused[404] > 60
    assert {status for status in refused if status >= 500} == set()
    assert _rows(walked, walked.a.tenant.id) == before


def test_a_lower_role_is_refused_alike_whether_the_row_is_there_or_not(walked: Walked) -> None:
    markers, wrong, refused = walked.markers(), [], 0
    markers -= {str(walked.a.tenant.id)}
    for call in _guarded(walked):
        asked = ROUTES_AND_SCOPES[call.route]
        role = next(role for role, scope in LOWER.items() if scope not in asked)
        answer = _send(walked.client, call, walked.lower[role])
        if not asked:
            me = walked.client.get("/v1/me", headers=walked.lower[role]).text
            shown = (set(UUIDS.findall(answer.text)) & markers) - set(UUIDS.findall(_brought(call) + me))
            if shown or answer.status_code >= 500:
                wrong.append(f"{call.route}: {answer.status_code} shows {sorted(shown)[:3]}")
            continue
        nobodys = _send(walked.client, _twin(call, markers), walked.lower[role])
        refused += answer.status_code == nobodys.status_code == 403
        if answer.status_code != 403 or answer.content != nobodys.content:
            wrong.append(f"{call.route} as {role}: {answer.status_code} {answer.text[:200]} / {nobodys.text[:200]}")
    assert wrong == []
    assert refused > 150
