"""Pages of objects cut into the objects' own bytes."""

from typing import Any

import orjson
import pytest

from integrations.hubspot.kinds import KINDS, custom_kind
from integrations.hubspot.objects import ObjectPage, object_of, payload_of, read_objects, with_merged
from integrations.hubspot.records import history_records, object_records

VERSIONS = [{"value": "lead", "timestamp": f"2024-01-01T00:00:{second:02d}.000Z"} for second in range(12)]
TOLD: dict[str, Any] = {
    "id": "101",
    "properties": {"email": "jens@firma.example", "company": 'Søn & "Co"', "hs_merged_object_ids": "99;101;98"},
    "createdAt": "2024-01-01T00:00:00.000Z",
    "updatedAt": "2024-03-01T12:30:00.250Z",
    "archived": False,
    "propertiesWithHistory": {"lifecyclestage": VERSIONS},
}
ERASED = {
    "id": "102",
    "properties": {"hs_gdpr_deleted": "true"},
    "archived": True,
    "archivedAt": "2024-04-01T00:00:00Z",
}


def answer(*objects: Any, **more: Any) -> bytes:
    return orjson.dumps({"results": objects, **more})


def told(page: ObjectPage) -> list[Any]:
    """All that is read of each object, the payload as a value."""
    return [
        (one.id, orjson.loads(one.payload), one.modified, one.archived, one.is_erased, one.merged)
        for one in page.objects
    ]


def test_an_object_keeps_the_bytes_that_the_vendor_sent() -> None:
    page = read_objects(answer(TOLD, ERASED, paging={"next": {"after": "102"}}))
    assert [one.payload for one in page.objects] == [orjson.dumps(TOLD), orjson.dumps(ERASED)]
    assert page.after == "102"
    assert page.fields == {*TOLD, *(f"properties.{name}" for name in TOLD["properties"])}


@pytest.mark.parametrize("spoil", [{"labels": ["a"]}, {"url": "line\u0000end"}], ids=["a new field", "an escape"])
def test_an_object_reads_the_same_cut_out_or_parsed(spoil: dict[str, Any]) -> None:
    cut, whole = read_objects(answer(TOLD, ERASED)), read_objects(answer(TOLD, {**ERASED, **spoil}))
    assert told(whole)[0] == told(cut)[0]
    assert told(whole)[1] == (*told(cut)[1][:1], {**ERASED, **spoil}, *told(cut)[1][2:])
    assert whole.fields >= {*spoil, "properties.hs_gdpr_deleted"}
    kind = KINDS["contacts"]
    assert history_records(kind, whole.objects[0]) == history_records(kind, cut.objects[0])


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    page = read_objects(b'{"results":[{"id":"1","properties":{"city":"\\ud83d here"}}]}')
    assert orjson.loads(page.objects[0].payload)["properties"]["city"] == "\ufffd here"


@pytest.mark.parametrize(
    "body",
    [b'{"results":[{"id":"1","properties":{"city":"\xff"}}]}', b'{"results": [{"id": "1", ', b"<html/>", b"{}", b""],
    ids=["no UTF-8", "cut off", "no JSON", "no objects", "empty"],
)
def test_what_tells_no_objects_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_objects(body)


def test_a_long_history_is_kept_version_by_version_and_a_short_one_is_not() -> None:
    kind = KINDS["contacts"]
    assert len(history_records(kind, object_of(TOLD))) == len(VERSIONS)
    assert history_records(kind, object_of({**TOLD, "propertiesWithHistory": {"lifecyclestage": VERSIONS[:3]}})) == []


def test_records_tell_who_was_merged_and_who_was_erased() -> None:
    records = object_records(KINDS["contacts"], read_objects(answer(TOLD, ERASED)).objects)
    assert [(r.object_id, r.deleted, r.reason) for r in records] == [
        ("101", False, None), ("99", True, "merged"), ("98", True, "merged"), ("102", True, "erased"),
    ]  # fmt: skip


def test_an_object_of_the_portals_own_kind_says_which() -> None:
    kind = custom_kind({"objectTypeId": "2-7", "name": "anlaeg"})
    (record,) = object_records(kind, read_objects(answer({"id": "5", "properties": {}})).objects)
    assert record.object_id == "2-7/5"
    assert orjson.loads(record.payload) == {"id": "5", "properties": {}, "objectTypeId": "2-7"}


def test_a_survivor_can_be_told_whom_it_replaced() -> None:
    found = with_merged(object_of(TOLD), "97")
    assert found.merged == ["99", "98", "97"]
    assert orjson.loads(found.payload)["properties"]["hs_merged_object_ids"] == "99;98;97"


def test_a_value_has_one_text_in_whatever_order_it_is_told() -> None:
    assert payload_of({"b": 1, "a": 2}) == payload_of({"a": 2, "b": 1})
