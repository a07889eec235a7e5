"""The retry policy: what is tried again, how long, and what the user reads at the end."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from integrations.retry import Meter, Missing, Reply, RetryPolicy, Unreachable, retry_after
from tekup.errors import CredentialRefused, VendorError


class Script:
    """Answers one after the other; an exception is raised."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.slept: list[float] = []
        self.meter = Meter()

    def run(self, **options: float) -> object:
        policy = RetryPolicy(sleep=self.slept.append, random=lambda: 1.0, **options)  # type: ignore[arg-type]
        return policy.run("hubspot", "list contacts", self._send, self.meter)

    def _send(self) -> Reply:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


OK = Reply(200, {}, b'{"a": 1}')


def test_a_good_answer_costs_one_request() -> None:
    script = Script(OK)
    assert script.run() == {"a": 1}
    assert (script.meter.requests, script.meter.retries, script.slept) == (1, 0, [])


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_passing_troubles_are_tried_again_with_growing_waits(status: int) -> None:
    script = Script(Reply(status, {}, b""), Reply(status, {}, b""), OK)
    assert script.run() == {"a": 1}
    assert script.slept == [0.5, 1.0]


def test_a_lost_connection_and_unreadable_json_are_tried_again() -> None:
    script = Script(Unreachable("reset by peer"), Reply(200, {}, b'{"a": '), OK)
    assert script.run() == {"a": 1}
    assert script.meter.retries == 2


def test_retry_after_is_honoured_as_given_and_counted_as_throttling() -> None:
    script = Script(Reply(429, {"retry-after": "7"}, b""), OK)
    script.run()
    assert (script.slept, script.meter.throttled_ms) == ([7.0], 7000)


def test_retry_after_may_be_milliseconds_or_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after-ms": "250"}) == 0.25
    assert 25 < (retry_after({"retry-after": soon}) or 0) < 31
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_a_vendor_that_asks_for_hours_ends_the_request_at_once() -> None:
    script = Script(Reply(429, {"retry-after": "7200"}, b""))
    with pytest.raises(VendorError, match="after 1 tries"):
        script.run()
    assert script.slept == []


def test_the_budget_ends_the_waiting() -> None:
    script = Script(*(Reply(429, {"retry-after": "50"}, b'{"message": "slow down"}') for _ in range(9)))
    with pytest.raises(VendorError, match="slow down") as caught:
        script.run(budget_seconds=120)
    assert sum(script.slept) <= 120
    assert "next pull" in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialRefused), (403, CredentialRefused), (404, Missing)])
def test_refusals_are_never_tried_again(status: int, kind: type[Exception]) -> None:
    script = Script(Reply(status, {}, b'{"errors": ["no", "really"]}'))
    with pytest.raises(kind, match="no; really"):
        script.run()
    assert script.meter.requests == 1


def test_another_400_says_what_the_vendor_said() -> None:
    with pytest.raises(VendorError, match=r"refused the request .* with 400: bad cursor"):
        Script(Reply(400, {}, b'{"error": {"message": "bad cursor"}}')).run()
