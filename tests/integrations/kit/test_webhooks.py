"""Kit's deliveries: unsigned, without an id, and good for nothing but naming what to read again."""

from typing import Any

import orjson
import pytest

from integrations.kit.webhooks import FORMAT
from integrations.webhooks import WebhookUnreadable


def hints(told: Any) -> list[tuple[str, str]]:
    (read,) = FORMAT.read(orjson.dumps(told))
    return [(hint.stream, hint.object_id) for hint in read.hints]


def test_subscribers_purchases_and_what_stands_beside_them_are_named() -> None:
    assert hints({"subscriber": {"id": 12}}) == [("subscribers", "12")]
    assert hints({"purchase": {"id": 3}, "subscriber": {"id": 12}}) == [("subscribers", "12"), ("purchases", "3")]
    assert hints({"subscriber": {"id": 12}, "tag": {"id": 4}}) == [("subscribers", "12"), ("tags", "4")]


@pytest.mark.parametrize("odd", [None, "12", True, -1, 0, {"id": 1}])
def test_an_odd_id_is_no_hint(odd: Any) -> None:
    assert hints({"subscriber": {"id": odd}}) == []


def test_equal_bodies_have_one_key_and_count_as_news_each_time() -> None:
    bodies = [orjson.dumps({"subscriber": {"id": 12, "state": state}}) for state in ("active", "cancelled", "active")]
    keys = [FORMAT.read(body)[0].dedupe_key for body in bodies]
    assert keys[0] == keys[2] != keys[1]
    assert not FORMAT.has_event_ids


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"subscriber=1"])
def test_what_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        FORMAT.read(body)
