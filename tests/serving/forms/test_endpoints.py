"""Forms over HTTP: who may, what is refused, what a submission becomes, and what keeps programs out."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from serving.forms import challenges, service
from tekup.db import Database, Doors, Role
from tekup.privacy.ledger import forget_erasure, remember_erased
from tekup.privacy.persons import Person
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

FORMS, PUBLIC = "/v1/forms", "/v1/public/forms"
SITE = {"origin": "https://www.bageri.example", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
CONSENT = {"key": "news", "text": "Jeg vil gerne have nyheder pr. e-mail.", "language": "da", "grants_marketing": True}
FORM: dict[str, Any] = {
    "name": "Kontakt",
    "fields": [
        {"name": "mail", "label": "E-mail", "kind": "email", "is_required": True, "lead_column": "email"},
        {"name": "navn", "label": "Navn", "lead_column": "full_name"},
        {"name": "ansatte", "label": "Ansatte", "kind": "number", "lead_column": "employee_count"},
        {"name": "land", "label": "Land", "kind": "country", "lead_column": "country"},
        {"name": "telefon", "label": "Telefon", "kind": "phone"},
        {"name": "emne", "label": "Emne", "kind": "choice", "choices": ["Køb", "Hjælp"]},
        {"name": "ring", "label": "Ring til mig", "kind": "checkbox"},
    ],
    "consents": [CONSENT],
    "origins": ["https://www.bageri.example/"],
    "min_seconds": 0,
    "work_bits": 4,
    "thanks": "Tak!",
}


def make(client: httpx.Client, headers: Header, **change: Any) -> dict[str, Any]:
    return post(client, headers, FORMS, **{**FORM, **change})


def shown(client: httpx.Client, form: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"{PUBLIC}/{form['public_key']}", headers=SITE)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def worked(challenge: str, bits: int) -> str:
    for number in range(10_000_000):
        digest = hashlib.sha256(f"{challenge}:{number}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - bits) == 0:
            return str(number)
    raise AssertionError


def filled_in(form: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a page sends of a form that it was shown."""
    answers = {"mail": " Ida@Forms.example ", "navn": "Ida Ørn", "ansatte": "12", "land": "dk", "emne": "Køb"}
    return {
        "id": str(uuid4()), "challenge": form["challenge"], "work": worked(form["challenge"], form["work_bits"]),
        "answers": answers, "consents": ["news"], "consent_version": form["consent_version"], **more,
    }  # fmt: skip


def send(client: httpx.Client, form: dict[str, Any], body: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post(f"{PUBLIC}/{form['public_key']}/submissions", headers={**SITE, **headers}, json=body)


def submissions(client: httpx.Client, headers: Header) -> list[dict[str, Any]]:
    return list(client.get("/v1/form-submissions", headers=headers).json()["items"])


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get(FORMS).status_code == client.get("/v1/form-submissions").status_code == 401
    reader = token_of(filled.a, "forms:read")
    assert client.post(FORMS, headers=reader, json=FORM).status_code == 403


def test_other_tenant_and_who_may_not_see_people_see_nothing(
    client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    form = make(client, as_a)
    assert send(client, form, filled_in(shown(client, form))).status_code == 202
    assert client.get(f"{FORMS}/{form['id']}", headers=as_b).status_code == 404
    assert submissions(client, as_b) == []
    assert len(submissions(client, as_a)) == 1
    assert submissions(client, token_of(filled.a, "forms:read")) == []
    # a key of one tenant's with another's form in it names nothing
    tenant, form_id = challenges.read_key(form["public_key"]) or (None, None)
    assert (tenant, str(form_id)) == (filled.a.id, form["id"])
    forged = challenges.make_key(filled.b.id, form_id)  # type: ignore[arg-type]
    for key in (forged, challenges.make_key(filled.a.id, form_id), "fm_x", "nothing"):  # type: ignore[arg-type]
        assert client.get(f"{PUBLIC}/{key}", headers=SITE).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"fields": []},
        {"fields": [{"name": "emne", "label": "Emne"}]},
        {"fields": [*FORM["fields"], FORM["fields"][0]]},
        {"fields": [{"name": "a", "label": "A", "kind": "choice", "lead_column": "email"}]},
        {"fields": [{"name": "website", "label": "A", "lead_column": "email"}]},
        {"origins": ["www.bageri.example"]},
        {"origins": []},
        {"consents": [CONSENT, CONSENT]},
        {"redirect_url": "javascript:alert(1)"},
        {"work_bits": 60},
    ],
)
def test_a_form_that_can_not_be_used_gets_422(client: httpx.Client, as_a: Header, change: dict[str, Any]) -> None:
    answer = client.post(FORMS, headers=as_a, json={**FORM, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert client.get(FORMS, headers=as_a).json()["items"] == []


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({}, "/answers/mail"),
        ({"mail": "nobody"}, "/answers/mail"),
        ({"mail": "a@b.dk", "ansatte": "mange"}, "/answers/ansatte"),
        ({"mail": "a@b.dk", "ansatte": 1.5}, "/answers/ansatte"),
        ({"mail": "a@b.dk", "land": "Danmark"}, "/answers/land"),
        ({"mail": "a@b.dk", "emne": "Andet"}, "/answers/emne"),
        ({"mail": "a@b.dk", "telefon": "ring"}, "/answers/telefon"),
        ({"mail": "a@b.dk", "navn": {"x": 1}}, "/answers/navn"),
        ({"mail": "a@b.dk", "navn": "x" * 501}, "/answers/navn"),
        ({"mail": "a@b.dk", "ukendt": 1}, "/answers/ukendt"),
    ],
)
def test_an_answer_that_can_not_be_used_is_named_and_nothing_is_stored(
    client: httpx.Client, as_a: Header, answers: dict[str, Any], pointer: str
) -> None:
    form = make(client, as_a)
    answer = send(client, form, filled_in(shown(client, form), answers=answers))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert submissions(client, as_a) == []


def test_a_submission_becomes_a_lead_with_its_consent_and_its_origin(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    campaign = post(client, as_a, "/v1/campaigns", name="Forår", channel="email", currency="DKK", utm_campaign="foraar")
    form = make(client, as_a, source="kontakt")
    body = filled_in(shown(client, form), anonymous_id="cookie-1", utm_source="nyhedsbrev", utm_campaign="foraar",
                     landing_page="https://www.bageri.example/kontakt")  # fmt: skip
    body["answers"] |= {"telefon": "+45 71 93 48 26", "ring": True}
    answer = send(client, form, body)
    assert answer.json() == {"id": body["id"], "thanks": "Tak!", "redirect_url": None}
    # the answer was lost: it is sent again, and by another process at the same time
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda _: send(client, form, body), range(3)))
    assert {one.status_code for one in again} == {202}
    (stored,) = submissions(client, as_a)
    lead = client.get(f"/v1/leads/{stored['lead_id']}", headers=as_a).json()
    assert (lead["email"], lead["full_name"], lead["employee_count"], lead["country"], lead["source"]) == (
        "ida@forms.example", "Ida Ørn", 12, "DK", "kontakt",
    )  # fmt: skip
    assert (lead["has_marketing_consent"], lead["campaign_id"], lead["anonymous_id"]) == (
        True, campaign["id"], "cookie-1",
    )  # fmt: skip
    assert stored["answers"] == {"telefon": "+45 71 93 48 26", "emne": "Køb", "ring": True}
    assert stored["consents"] == [{**CONSENT, "is_required": False, "is_given": True}]
    assert (stored["consent_version"], stored["consented_at"] is not None) == (1, True)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        touches = connection.execute(
            "select kind, lead_id::text, anonymous_id, utm_source, campaign_id::text from app.touchpoints"
        ).fetchall()
        kinds = connection.execute(
            "select event_type from app.events where payload ->> 'lead_id' = %s order by seq", (lead["id"],)
        ).fetchall()
    assert touches == [("form", lead["id"], "cookie-1", "nyhedsbrev", campaign["id"])]
    assert [kind for (kind,) in kinds] == ["LeadCreated", "TouchpointRecorded", "FormSubmitted"]


def test_other_words_of_consent_are_a_new_version_and_the_old_ones_stay_as_they_were(
    client: httpx.Client, as_a: Header
) -> None:
    form = make(client, as_a)
    seen = shown(client, form)
    send(client, form, filled_in(seen, consents=[]))
    words = {**CONSENT, "text": "Vi skriver højst en gang om måneden.", "is_required": True}
    changed = client.patch(f"{FORMS}/{form['id']}", headers=as_a, json={"consents": [words]}).json()
    assert changed["consent_version"] == 2
    assert client.patch(f"{FORMS}/{form['id']}", headers=as_a, json={"thanks": "x"}).json()["consent_version"] == 2
    late = send(client, form, filled_in(shown(client, form), consent_version=1))
    assert (late.status_code, late.json()["type"]) == (409, "urn:tekup:problem:consent-changed")
    refused = send(client, form, filled_in(shown(client, form), consents=[]))
    assert refused.json()["errors"] == [{"pointer": "/consents", "detail": "news must be agreed to"}]
    assert send(client, form, filled_in(shown(client, form))).status_code == 202
    new, old = submissions(client, as_a)
    assert old["consents"] == [{**CONSENT, "is_required": False, "is_given": False}]
    assert (new["consents"][0]["text"], new["consents"][0]["is_given"], new["consent_version"]) == (
        words["text"],
        True,
        2,
    )
    leads = [client.get(f"/v1/leads/{one['lead_id']}", headers=as_a).json() for one in (old, new)]
    assert [lead["has_marketing_consent"] for lead in leads] == [False, True]


def test_programs_are_found_out_and_not_told(client: httpx.Client, as_a: Header) -> None:
    form, slow = make(client, as_a), make(client, as_a, name="Langsom", min_seconds=60)
    trapped = filled_in(shown(client, form))
    trapped["answers"]["website"] = "https://spam.example"
    lazy = filled_in(shown(client, form))
    lazy["work"] = next(str(n) for n in range(99) if not challenges.is_solved(lazy["challenge"], str(n), 4))
    tries = [
        send(client, form, trapped),
        send(client, form, lazy),
        send(client, form, filled_in(shown(client, form)), **{"user-agent": "Googlebot/2.1"}),
        send(client, slow, filled_in(shown(client, slow))),
    ]
    assert {answer.status_code for answer in tries} == {202}
    found = submissions(client, as_a)
    assert sorted(one["reason"] for one in found) == ["bot", "no work", "too quick", "trap"]
    assert all(one["verdict"] == "spam" and one["answers"] == {} and one["lead_id"] is None for one in found)


def test_a_challenge_is_good_once_for_its_form_and_for_a_day(
    client: httpx.Client, as_a: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, other = make(client, as_a), make(client, as_a, name="Anden")
    body = filled_in(shown(client, form))
    assert send(client, form, body).status_code == 202
    for wrong in (
        {**body, "id": str(uuid4())},
        {**body, "id": str(uuid4()), "challenge": body["challenge"][:-2] + "xx"},
        {**body, "id": str(uuid4()), "challenge": "nothing"},
        filled_in(shown(client, other)),
    ):
        assert send(client, form, wrong).status_code == 409
    with monkeypatch.context() as patched:
        patched.setattr(service, "GOOD_FOR", timedelta(0))
        assert send(client, form, filled_in(shown(client, form))).status_code == 409
    assert len(submissions(client, as_a)) == 1


def test_only_the_sites_of_the_form_may_show_it_and_browsers_are_told(client: httpx.Client, as_a: Header) -> None:
    form = make(client, as_a)
    place = f"{PUBLIC}/{form['public_key']}"
    asked = client.options(
        f"{place}/submissions",
        headers={**SITE, "access-control-request-method": "POST", "access-control-request-headers": "content-type"},
    )
    assert (asked.status_code, asked.headers["access-control-allow-headers"]) == (204, "content-type")
    assert asked.headers["access-control-allow-origin"] == SITE["origin"]
    assert "access-control-allow-credentials" not in asked.headers
    assert client.get(place, headers=SITE).headers["access-control-allow-origin"] == SITE["origin"]
    for headers in ({"origin": "https://thief.example"}, {}):
        assert client.get(place, headers=headers).status_code == 403
    body = filled_in(shown(client, form))
    assert send(client, form, body, origin="https://thief.example").status_code == 403
    assert client.patch(f"{FORMS}/{form['id']}", headers=as_a, json={"is_enabled": False}).status_code == 200
    assert client.get(place, headers=SITE).status_code == send(client, form, body).status_code == 404
    # nothing but the public routes is opened to other sites
    assert "access-control-allow-origin" not in client.get(FORMS, headers={**as_a, **SITE}).headers


def test_an_address_that_sends_too_much_has_to_wait(client: httpx.Client, as_a: Header) -> None:
    form = make(client, as_a, most_an_hour=2)
    codes = [send(client, form, filled_in(shown(client, form))).status_code for _ in range(3)]
    assert codes == [202, 202, 429]


def test_who_was_erased_does_not_come_back_by_a_form(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    form = make(client, as_a)
    gone = Person({"email": frozenset({"ida@forms.example"})})
    remember_erased(doors, filled.a.id, uuid4(), gone)
    try:
        assert send(client, form, filled_in(shown(client, form))).status_code == 202
    finally:
        forget_erasure(doors, filled.a.id, gone)
    (held,) = submissions(client, as_a)
    assert (held["verdict"], held["lead_id"], held["answers"], held["consents"]) == ("held", None, {}, [])
    assert send(client, form, filled_in(shown(client, form))).status_code == 202
    assert submissions(client, as_a)[0]["verdict"] == "accepted"
