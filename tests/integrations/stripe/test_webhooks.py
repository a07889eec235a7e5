"""Stripe's deliveries: signed as its SDK signs, and each event names the object that it is about."""

from typing import Any

import orjson
import pytest
from stripe import WebhookSignature

from integrations.stripe.webhooks import FORMAT
from integrations.webhooks import Arrival, WebhookRefused, WebhookUnreadable

NOW = 1_790_000_000.0


def header(body: bytes, secret: str = "whsec_a", at: float = NOW) -> str:
    signed: str = WebhookSignature.generate_signature_header(body.decode(), secret, int(at))
    return signed


def arrival(body: bytes, signature: str | None) -> Arrival:
    return Arrival("POST", "https://any.example", {} if signature is None else {"stripe-signature": signature}, body)


def hints(**subject: Any) -> list[tuple[str, str]]:
    event = {"id": "evt_1", "type": "x", "created": 1, "data": {"object": subject}}
    (read,) = FORMAT.read(orjson.dumps(event))
    return [(hint.stream, hint.object_id) for hint in read.hints]


class TestTheSignature:
    BODY = orjson.dumps({"id": "evt_1", "note": "Ærø"})

    def test_of_the_sdk_is_accepted_with_either_of_two_secrets(self) -> None:
        for secret in ("whsec_a", "whsec_b"):
            FORMAT.verify(arrival(self.BODY, header(self.BODY, secret)), ["whsec_a", "whsec_b"], NOW)

    def test_one_good_signature_of_several_is_enough(self) -> None:
        good = header(self.BODY).partition(",")[2]
        several = f"t={int(NOW)},v1={'0' * 64},v0=abc,{good}"
        FORMAT.verify(arrival(self.BODY, several), ["whsec_a"], NOW)

    @pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
    def test_too_old_or_in_the_future_is_refused_though_it_is_right(self, at: float) -> None:
        with pytest.raises(WebhookRefused):
            FORMAT.verify(arrival(self.BODY, header(self.BODY, at=at)), ["whsec_a"], NOW)

    def test_of_another_scheme_body_or_stamp_is_refused(self) -> None:
        good = header(self.BODY)
        later = good.replace(f"t={int(NOW)}", f"t={int(NOW) + 1}")
        for signature, body in (
            (good.replace("v1=", "v0="), self.BODY),
            (good, self.BODY + b" "),
            (later, self.BODY),
            (f"t={int(NOW) + 1},{good}", self.BODY),
        ):
            with pytest.raises(WebhookRefused):
                FORMAT.verify(arrival(body, signature), ["whsec_a"], NOW)

    @pytest.mark.parametrize("odd", [None, "", "t=", "v1=", "t=1,v1=", "t=x,v1=é", ",,,=,", "t=-1,v1=00"])
    def test_that_is_missing_or_odd_is_refused(self, odd: str | None) -> None:
        with pytest.raises(WebhookRefused):
            FORMAT.verify(arrival(self.BODY, odd), ["whsec_a"], NOW)

    def test_without_a_secret_on_our_side_nothing_is_accepted(self) -> None:
        with pytest.raises(WebhookRefused):
            FORMAT.verify(arrival(self.BODY, header(self.BODY, "")), [], NOW)


class TestTheHints:
    def test_an_object_is_named_by_its_kind(self) -> None:
        assert hints(object="checkout.session", id="cs_1") == [("checkout_sessions", "cs_1")]
        assert hints(object="subscription", id="sub_1") == [("subscriptions", "sub_1")]

    def test_what_stands_in_another_names_that_too(self) -> None:
        assert hints(object="refund", id="re_1", charge="ch_1") == [("refunds", "re_1"), ("charges", "ch_1")]
        assert hints(object="dispute", id="dp_1", charge={"id": "ch_1"}) == [("disputes", "dp_1"), ("charges", "ch_1")]
        assert hints(object="discount", id="di_1", customer="cus_1", subscription=None) == [("customers", "cus_1")]
        assert hints(object="tax_id", id="txi_1", customer="cus_1") == [("customers", "cus_1")]

    def test_a_deleted_customer_is_named_to_be_read_again(self) -> None:
        assert hints(object="customer", id="cus_1", deleted=True) == [("customers", "cus_1")]

    def test_unknown_objects_and_odd_ids_are_kept_without_a_hint(self) -> None:
        assert hints(object="terminal.reader", id="tmr_1") == []
        assert hints(object="customer", id="cus 1'") == []
        assert hints(object="customer", id=7) == []


def test_every_object_that_the_feed_reads_again_is_hinted() -> None:
    import integrations.stripe.webhooks as webhooks
    from integrations.stripe.client import StripeSource

    without_events = {"balance_transactions", "events", "subscription_items", "discounts", "tax_ids"}
    assert set(StripeSource.streams) - without_events <= set(webhooks._STREAMS.values())


@pytest.mark.parametrize("body", [b"[]", b'{"object": "event"}', b'{"id": "evt 1"}', b'{"id": null}'])
def test_what_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        FORMAT.read(body)


@pytest.mark.parametrize("data", [None, [], {"object": "cus_1"}])
def test_an_event_without_an_object_is_kept_without_a_hint(data: Any) -> None:
    (read,) = FORMAT.read(orjson.dumps({"id": "evt_1", "data": data}))
    assert (read.hints, read.event_type) == ((), "unknown")
