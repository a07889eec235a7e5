"""Small streams are told whole each time, with what is gone; lists and forms tell what belongs to them."""

import pytest

from integrations.hubspot import marketing
from tests.integrations.hubspot.reading import (
    OBJECTS,
    SLUG,
    change,
    empty_log,
    paths,
    payloads,
    pull,
    read,
    reasons,
    replaced,
    sides,
    truth,
)
from tests.integrations.running import Sandbox

LISTS, FORMS = "/crm/v3/lists", "/marketing/v3/forms/"


def _lists(sandbox: Sandbox) -> dict[str, str]:
    found = sandbox.post("hubspot", SLUG, f"{LISTS}/search", {"count": 100}).json()["lists"]
    return {item["name"]: item["listId"] for item in found}


def test_pipelines_of_deals_and_tickets_come_with_their_stages(sandbox: Sandbox) -> None:
    records, _ = read(sandbox.hubspot(SLUG), "pipelines")
    told = payloads(records)
    assert told.keys() == {"default", "0"}
    assert [len(told[name]["stages"]) for name in ("default", "0")] == [6, 4]


def test_owners_who_left_are_told_as_archived(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    records, cursor = read(source, "owners")
    assert sorted(str(reason) for reason in reasons(records).values()) == ["None", "None", "None", "archived"]
    assert source.count("owners") == 3
    change(sandbox, "POST", "/_sandbox/portal", {"removed_owners": 2})
    records, _ = read(source, "owners", cursor)
    assert len([reason for reason in reasons(records).values() if reason == "archived"]) == 2
    assert all(b"email" in record.payload for record in records)


def test_a_part_that_may_not_be_read_leaves_the_other_part(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "pipelines")
    change(sandbox, "POST", "/_sandbox/portal", {"denied": ["tickets"]})
    records, cursor = read(source, "pipelines", cursor)
    assert reasons(records) == {"default": None}, "the tickets' pipeline is not gone"
    change(sandbox, "POST", "/_sandbox/portal", {"denied": []})
    assert reasons(read(source, "pipelines", cursor)[0]) == {"default": None, "0": None}


def test_a_read_that_was_cut_off_after_its_last_part_is_finished(sandbox: Sandbox) -> None:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": ["deals"]})
    pages, whole = pull(sandbox.hubspot(SLUG), "pipelines")
    for page in pages:
        rest, cursor = read(sandbox.hubspot(SLUG), "pipelines", page.cursor)
        assert cursor == whole == {"phase": "full", "known": ["0"]}
        assert {record.object_id for record in rest} <= {"0"}


def test_association_labels_are_asked_for_once_a_day(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    records, cursor = read(source, "association_labels")
    told = payloads(records)
    assert told["deals/contacts/USER_DEFINED/36"] == {
        "from_type": "deals",
        "to_type": "contacts",
        "category": "USER_DEFINED",
        "typeId": 36,
        "label": "Beslutningstager",
    }
    assert "deals/contacts/HUBSPOT_DEFINED/3" in told
    sandbox.pass_time(3600)
    empty_log(sandbox)
    again, cursor = read(source, "association_labels", cursor)
    assert (again, paths(sandbox)) == ([], [])
    sandbox.pass_time(24 * 3600)
    assert payloads(read(source, "association_labels", cursor)[0]) == told


def test_lists_tell_their_members(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    pages, _ = pull(source, "lists")
    names = _lists(sandbox)
    records = [record for page in pages for record in page.records]
    assert {record.object_id for record in records} == set(names.values())
    live = list(truth(sandbox, "contacts")["live"])
    members = {name.split(":")[1] for name in sides(pages, "list_memberships") if name.startswith(names["Messe"])}
    assert members == set(live[::7])
    assert replaced(pages, "list_memberships") == set(names.values())
    assert source.count("lists") == 2


def test_only_lists_that_changed_are_read_for_members_again(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "lists")
    fair = _lists(sandbox)["Messe"]
    first, second = list(truth(sandbox, "contacts")["live"])[:2]
    sandbox.pass_time(3600)
    empty_log(sandbox)
    pages, cursor = pull(source, "lists", cursor)
    assert paths(sandbox) == [f"{LISTS}/search"]
    body = {"recordIdsToAdd": [second], "recordIdsToRemove": [first]}
    change(sandbox, "PUT", f"{LISTS}/{fair}/memberships/add-and-remove", body)
    sandbox.pass_time(60)
    pages, _ = pull(source, "lists", cursor)
    told = sides(pages, "list_memberships")
    assert replaced(pages, "list_memberships") == {fair}
    assert f"{fair}:{second}" in told
    assert f"{fair}:{first}" not in told


def test_a_deleted_list_is_gone_with_its_members(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "lists")
    fair = _lists(sandbox)["Messe"]
    change(sandbox, "DELETE", f"{LISTS}/{fair}")
    pages, cursor = pull(source, "lists", cursor)
    records = [record for page in pages for record in page.records]
    assert reasons(records)[fair] == "deleted"
    assert fair in replaced(pages, "list_memberships")
    assert fair not in reasons(read(source, "lists", cursor)[0])


def test_a_list_that_is_too_large_for_one_page_is_told_in_parts_that_resume(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marketing, "MEMBERS_SIZE", 5)
    monkeypatch.setattr(marketing, "WHOLE_LIST", 10)
    pages, _ = pull(sandbox.hubspot(SLUG), "lists")
    whole = sides(pages, "list_memberships")
    assert len(whole) > 60
    assert len(pages) > 6
    assert max(len(side.records) for page in pages for side in page.sides) == 10
    for place, page in enumerate(pages[:-1]):
        rest = list(sandbox.hubspot(SLUG).pages("lists", page.cursor))
        assert sides(rest, "list_memberships") == sides(pages[place + 1 :], "list_memberships")
    assert not replaced(pages, "list_memberships") & {_lists(sandbox)["Messe"]}, "who left is unknown here"


def test_submissions_come_whole_and_then_only_the_new_ones(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    forms, _ = read(source, "forms")
    records, cursor = read(source, "form_submissions")
    held = {form.object_id: sandbox.get("hubspot", SLUG, _submissions(form.object_id)) for form in forms}
    assert len(records) == len({record.object_id for record in records}) == 74
    assert {record.object_id.split("/")[0] for record in records} == set(held)
    form = forms[0].object_id
    sandbox.pass_time(3600)
    new = change(sandbox, "POST", f"/_sandbox/forms/{form}/submissions", {"email": "a@example.test"}).json()
    records, cursor = read(source, "form_submissions", cursor)
    told = payloads(records)
    assert f"{form}/{new['conversionId']}" in told
    assert told[f"{form}/{new['conversionId']}"]["form_id"] == form
    assert len(told) <= 3
    sandbox.pass_time(3600)
    assert len(read(source, "form_submissions", cursor)[0]) <= 3


def _submissions(form: str) -> str:
    return f"/form-integrations/v1/submissions/forms/{form}?limit=50"


def test_a_form_with_more_than_one_page_is_read_to_its_end_and_resumes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marketing, "SUBMISSIONS_SIZE", 7)
    pages, _ = pull(sandbox.hubspot(SLUG), "form_submissions")
    whole = [record.object_id for page in pages for record in page.records]
    assert len(whole) == len(set(whole)) == 74
    for place, page in enumerate(pages[:-1]):
        rest, _ = read(sandbox.hubspot(SLUG), "form_submissions", page.cursor)
        assert [record.object_id for record in rest] == [
            record.object_id for later in pages[place + 1 :] for record in later.records
        ]


def test_a_form_that_nobody_uses_is_asked_every_six_hours(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    sandbox.pass_time(200 * 86_400)
    _, cursor = read(source, "form_submissions")
    sandbox.pass_time(3600)
    empty_log(sandbox)
    _, cursor = read(source, "form_submissions", cursor)
    assert paths(sandbox) == [FORMS]
    form = next(iter(payloads(read(source, "forms")[0])))
    change(sandbox, "POST", f"/_sandbox/forms/{form}/submissions", {"email": "a@example.test"})
    sandbox.pass_time(6 * 3600)
    records, _ = read(source, "form_submissions", cursor)
    assert any(b"a@example.test" in record.payload for record in records)


def test_contacts_that_are_gone_are_no_members(sandbox: Sandbox) -> None:
    fair = _lists(sandbox)["Messe"]
    first = next(iter(truth(sandbox, "contacts")["live"]))
    change(sandbox, "DELETE", f"{OBJECTS}/contacts/{first}")
    pages, _ = pull(sandbox.hubspot(SLUG), "lists")
    assert f"{fair}:{first}" not in sides(pages, "list_memberships")
