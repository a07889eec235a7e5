"""The retry policy: what is tried again, how long, and what the user reads at the end."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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


def test_an_answer_that_drips_in_is_given_up_and_asked_for_again() -> None:
    script = Script(OK)
    whole = script._send
    hung = threading.Event()

    def drip() -> Reply:
        script._send = whole  # type: ignore[method-assign]
        hung.wait(5)
        return OK

    script._send = drip  # type: ignore[method-assign]
    policy = RetryPolicy(sleep=script.slept.append, random=lambda: 1.0, deadline_seconds=0.05)
    assert policy.run("kit", "tags", lambda: script._send(), script.meter) == {"a": 1}
    hung.set()
    assert script.meter.retries == 1


def test_requests_of_several_threads_go_out_at_once() -> None:
    together = threading.Barrier(4, timeout=5)

    def send() -> Reply:
        together.wait()
        return OK

    policy = RetryPolicy()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(policy.run, "kit", "tags", send, Meter()) for _ in range(4)]
    assert [answer.result() for answer in answers] == [{"a": 1}] * 4


def test_the_threads_that_carry_requests_end_with_their_policy() -> None:
    before = threading.active_count()
    for _ in range(5):
        RetryPolicy().run("kit", "tags", lambda: OK, Meter())
    gc.collect()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_refused_access_token_is_renewed_once() -> None:
    refused = Reply(401, {}, b'{"message": "expired"}')
    renewals: list[int] = []

    def renew() -> bool:
        renewals.append(1)
        return True

    script = Script(refused, OK)
    assert RetryPolicy(sleep=script.slept.append).run("kit", "tags", script._send, script.meter, renew) == {"a": 1}
    script = Script(refused, refused)
    with pytest.raises(CredentialRefused):
        RetryPolicy(sleep=script.slept.append).run("kit", "tags", script._send, script.meter, renew)
    assert len(renewals) == 2


def test_a_page_of_another_kind_is_named_by_its_type() -> None:
    page = Reply(200, {"content-type": "text/html"}, b"<html>maintenance</html>")
    with pytest.raises(VendorError, match="text/html"):
        Script(*[page] * 6).run()


def test_half_a_surrogate_pair_costs_its_character_only() -> None:
    body = rb'{"lone": "a\ud83d b", "low": "\ude00", "pair": "\ud83d\ude00", "text": "\\ud83d"}'
    assert Script(Reply(200, {}, body)).run() == {
        "lone": "a\ufffd b", "low": "\ufffd", "pair": "\U0001f600", "text": "\\ud83d",
    }  # fmt: skip


def test_the_vendors_clock_is_learnt_from_its_answers() -> None:
    meter = Meter(clock=lambda: 1_800_000_600.0)
    dated = Reply(200, {"date": format_datetime(datetime.fromtimestamp(1_800_000_000, UTC), usegmt=True)}, b"{}")
    RetryPolicy().run("kit", "tags", lambda: dated, meter)
    assert meter.now() == 1_800_000_000.0


def test_a_request_sent_ahead_is_judged_like_any_other() -> None:
    answers = [Reply(503, {}, b""), OK]
    sent = threading.Event()

    def send() -> Reply:
        sent.set()
        return answers.pop(0)

    policy, meter = RetryPolicy(sleep=lambda seconds: None), Meter()
    first = policy.start(send)
    assert sent.wait(10), "it leaves before anybody asks for the answer"
    assert policy.run("hubspot", "list contacts", send, meter, first=first) == {"a": 1}
    assert (meter.requests, meter.retries, answers) == (2, 1, [])


def test_a_request_sent_ahead_that_hangs_is_given_up_and_asked_for_again() -> None:
    ended = threading.Event()
    asked: list[float] = []

    def send() -> Reply:
        asked.append(time.monotonic())
        if len(asked) == 1:
            ended.wait(10)
        return OK

    policy, meter = RetryPolicy(sleep=lambda seconds: None, deadline_seconds=0.2), Meter()
    try:
        assert policy.run("hubspot", "list contacts", send, meter, first=policy.start(send)) == {"a": 1}
    finally:
        ended.set()
    assert (len(asked), meter.requests, meter.retries) == (2, 2, 1)
