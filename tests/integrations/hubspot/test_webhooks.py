"""HubSpot's deliveries: signed as its SDK signs, and each kind of event names the objects that it is about."""

from typing import Any

import orjson
import pytest
from hubspot.utils.signature import Signature

from integrations.hubspot.webhooks import FORMAT
from integrations.webhooks import Arrival, WebhookRefused, WebhookUnreadable

NOW = 1_790_000_000.0
URL = "https://api.example.dk/v1/webhooks/hubspot/wh_key"


def arrival(body: bytes, *, secret: str = "secret", url: str = URL, signed: str = URL, at: float = NOW) -> Arrival:
    stamp = str(int(at * 1000))
    signature = Signature.get_signature(secret, body.decode(), "v3", signed, "POST", stamp)
    return Arrival("POST", url, {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}, body)


def event(**more: Any) -> dict[str, Any]:
    return {
        "eventId": 1, "subscriptionId": 2, "portalId": 3, "occurredAt": 1_790_000_000_123,
        "subscriptionType": "contact.creation", "objectId": 7, **more,
    }  # fmt: skip


def hints(**more: Any) -> list[tuple[str, str]]:
    (read,) = FORMAT.read(orjson.dumps([event(**more)]))
    return [(hint.stream, hint.object_id) for hint in read.hints]


class TestTheSignature:
    def test_of_the_sdk_is_accepted_with_either_secret(self) -> None:
        body = orjson.dumps([event(propertyValue="Ærø")])
        for secret in ("new", "old"):
            FORMAT.verify(arrival(body, secret=secret), ["new", "old"], NOW)

    def test_over_the_decoded_address_is_accepted(self) -> None:
        sent = URL + "?a=%3A%2F%3f%40%21%24%27%28%29%2A%2C%3B&b=%20%C3%A6"
        signed = URL + "?a=:/?@!$'()*,;&b=%20%C3%A6"
        FORMAT.verify(arrival(b"[]", url=sent, signed=signed), ["secret"], NOW)

    @pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
    def test_too_old_or_in_the_future_is_refused_though_it_is_right(self, at: float) -> None:
        with pytest.raises(WebhookRefused):
            FORMAT.verify(arrival(b"[]", at=at), ["secret"], NOW)

    def test_of_another_body_address_method_or_secret_is_refused(self) -> None:
        good = arrival(b"[]")
        spoiled = [
            Arrival("POST", good.uri, good.headers, b"[ ]"),
            Arrival("POST", good.uri + "x", good.headers, good.body),
            Arrival("PUT", good.uri, good.headers, good.body),
            arrival(b"[]", secret="another"),
        ]
        for one in spoiled:
            with pytest.raises(WebhookRefused):
                FORMAT.verify(one, ["secret"], NOW)

    @pytest.mark.parametrize("name", ["x-hubspot-signature-v3", "x-hubspot-request-timestamp"])
    @pytest.mark.parametrize("value", [None, "", "é", "1e3", "-1", "nan"])
    def test_that_is_missing_or_odd_is_refused(self, name: str, value: str | None) -> None:
        good = arrival(b"[]")
        headers = {key: text for key, text in good.headers.items() if key != name}
        if value is not None:
            headers[name] = value
        with pytest.raises(WebhookRefused):
            FORMAT.verify(Arrival("POST", URL, headers, b"[]"), ["secret"], NOW)

    def test_without_a_secret_on_our_side_nothing_is_accepted(self) -> None:
        with pytest.raises(WebhookRefused):
            FORMAT.verify(arrival(b"[]", secret=""), [], NOW)


class TestTheHints:
    def test_a_change_names_its_object(self) -> None:
        assert hints(subscriptionType="deal.propertyChange") == [("deals", "7")]
        assert hints(subscriptionType="line_item.deletion") == [("line_items", "7")]

    def test_a_merge_names_every_record(self) -> None:
        told = hints(subscriptionType="contact.merge", primaryObjectId=7, mergedObjectIds=[8, 9], newObjectId=10)
        assert sorted(told) == [("contacts", "10"), ("contacts", "7"), ("contacts", "8"), ("contacts", "9")]

    def test_an_association_names_both_ends(self) -> None:
        told = hints(
            subscriptionType="contact.associationChange", associationType="CONTACT_TO_COMPANY",
            objectId=None, fromObjectId=7, toObjectId=20,
        )  # fmt: skip
        assert told == [("contacts", "7"), ("companies", "20")]

    def test_generic_events_are_named_by_their_type_ids(self) -> None:
        assert hints(subscriptionType="object.creation", objectTypeId="0-5") == [("tickets", "7")]
        assert hints(subscriptionType="object.creation", objectTypeId="2-345") == [("custom_objects", "2-345/7")]
        assert hints(subscriptionType="object.creation", objectTypeId="0-999") == []
        told = hints(
            subscriptionType="object.associationChange", fromObjectTypeId="0-3", fromObjectId=1,
            toObjectTypeId="2-345", toObjectId=2,
        )  # fmt: skip
        assert told == [("deals", "1"), ("custom_objects", "2-345/2")]

    def test_only_a_privacy_deletion_is_an_erasure(self) -> None:
        batch = [event(subscriptionType=f"contact.{what}") for what in ("deletion", "privacyDeletion")]
        assert [one.is_erasure for one in FORMAT.read(orjson.dumps(batch))] == [False, True]

    @pytest.mark.parametrize("odd", [None, True, "x'; drop", -1, 1.5, {"a": 1}])
    def test_an_odd_id_is_no_hint(self, odd: Any) -> None:
        assert hints(objectId=odd) == []

    def test_unknown_objects_are_kept_without_a_hint(self) -> None:
        (read,) = FORMAT.read(orjson.dumps(event(subscriptionType="conversation.creation")))
        assert (read.hints, read.event_type) == ((), "conversation.creation")


def test_only_the_attempt_may_differ_between_repetitions() -> None:
    keys = [
        FORMAT.read(orjson.dumps([event(**more)]))[0].dedupe_key
        for more in ({}, {"attemptNumber": 3}, {"objectId": 8}, {"propertyName": "email"}, {"portalId": 4})
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_the_time_of_an_event_is_read_in_milliseconds() -> None:
    (read,) = FORMAT.read(orjson.dumps([event()]))
    assert read.occurred_at is not None
    assert read.occurred_at.timestamp() == pytest.approx(1_790_000_000.123)


@pytest.mark.parametrize("body", [b'"text"', b"[1]", b"null"])
def test_what_is_no_batch_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        FORMAT.read(body)
