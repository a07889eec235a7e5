"""What all vendors' webhooks share: the bounds of age, of hints and of odd content."""

from datetime import UTC, datetime

import pytest

from integrations.webhooks import (
    MOST_HINTS,
    TOLERANCE_SECONDS,
    Hint,
    WebhookRefused,
    WebhookUnreadable,
    check_age,
    distinct,
    instant,
    parse_json,
)

NOW = 1_790_000_000.0


@pytest.mark.parametrize("distance", [0, TOLERANCE_SECONDS, -TOLERANCE_SECONDS])
def test_a_stamp_within_five_minutes_either_way_passes(distance: float) -> None:
    check_age(NOW + distance, NOW)


@pytest.mark.parametrize("stamp", [NOW - 301, NOW + 301, float("nan"), float("inf")])
def test_any_other_stamp_is_refused(stamp: float) -> None:
    with pytest.raises(WebhookRefused):
        check_age(stamp, NOW)


def test_an_event_names_each_object_once_and_a_bounded_number() -> None:
    hints = [Hint("contacts", str(number // 2)) for number in range(1000)]
    assert distinct(hints) == tuple(Hint("contacts", str(number)) for number in range(MOST_HINTS))


@pytest.mark.parametrize("odd", [None, "1", True, float("nan"), 1e300, -1e300])
def test_a_time_that_is_none_is_left_out(odd: object) -> None:
    assert instant(odd) is None


def test_a_time_is_read_in_utc() -> None:
    assert instant(NOW) == datetime.fromtimestamp(NOW, UTC)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN"])
def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        parse_json(body)
