"""OpenAI: structured answers are validated; what can't be used is an outcome with a reason; wrong keys are errors."""

from typing import Any

import pytest

from integrations.openai.client import OpenaiClient, Unanswered
from integrations.openai.requests import PROMPT_VERSION, most_tokens
from integrations.sandbox.identifiers import sandbox_credential
from tekup.errors import CredentialRefused, VendorError
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
DANISH = "Title: Indkøbschef\nCompany: Nord Byg\nMessage: Hej, vi vil gerne have et tilbud hurtigst muligt."


def _client(sandbox: Sandbox, credential: str | None = None, **options: Any) -> OpenaiClient:
    options.setdefault("max_retries", 2)
    return OpenaiClient(credential or sandbox_credential("openai", SLUG), f"{sandbox.url}/openai", **options)


def behave(sandbox: Sandbox, **what: Any) -> None:
    answer = sandbox.post("openai", SLUG, "/_sandbox/behaviour", what)
    assert answer.status_code == 200, answer.text


def test_a_danish_buyer_is_understood_and_the_same_text_gets_the_same_answer(sandbox: Sandbox) -> None:
    answer = _client(sandbox).ask(DANISH)
    found = answer.enrichment
    assert answer.outcome == "answered"
    assert found is not None
    assert (found.language, found.seniority, found.intent) == ("da", "manager", "high")
    assert _client(sandbox).ask(DANISH).enrichment == found


def test_an_english_student_is_understood(sandbox: Sandbox) -> None:
    found = _client(sandbox).ask("Title: Student\nMessage: I am a student writing a paper.").enrichment
    assert found is not None
    assert (found.language, found.seniority, found.intent) == ("en", "junior", "low")


def test_an_answer_tells_its_cost_and_stays_below_what_was_reserved(sandbox: Sandbox) -> None:
    answer = _client(sandbox).ask(DANISH)
    assert answer.input_tokens
    assert answer.output_tokens
    assert answer.input_tokens + answer.output_tokens < most_tokens(DANISH)
    assert answer.request_id


def test_the_request_is_strict_bounded_and_stored_nowhere(sandbox: Sandbox) -> None:
    _client(sandbox).ask(DANISH)
    (sent,) = (sandbox.get("openai", SLUG, "/_sandbox/received")).json()
    for part in ('"strict":true', '"additionalProperties":false', '"max_output_tokens":', '"store":false'):
        assert part in sent.replace(": ", ":")
    assert PROMPT_VERSION == 1


@pytest.mark.parametrize(
    ("mishap", "outcome", "reason"),
    [
        ("refusal", "refused", "can't help"),
        ("incomplete", "incomplete", "max_output_tokens"),
        ("malformed", "malformed", "json"),
        ("schema", "malformed", "intent"),
        ("bounds", "out_of_bounds", "1000 characters"),
    ],
)
def test_an_unusable_answer_is_an_outcome_with_its_reason_and_cost(
    sandbox: Sandbox, mishap: str, outcome: str, reason: str
) -> None:
    behave(sandbox, mishaps=[mishap])
    answer = _client(sandbox).ask(DANISH)
    assert (answer.outcome, answer.enrichment) == (outcome, None)
    assert reason in (answer.reason or "")
    assert answer.input_tokens


def test_an_answer_that_is_no_json_is_malformed_and_its_cost_unknown(sandbox: Sandbox) -> None:
    sandbox.fault(kind="invalid_json", vendor="openai")
    answer = _client(sandbox).ask(DANISH)
    assert (answer.outcome, answer.input_tokens) == ("malformed", None)


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 429, "retry_after": 0.01}, {"kind": "truncate"}])
def test_a_throttled_or_cut_answer_is_tried_again(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    sandbox.fault(vendor="openai", **fault)
    assert _client(sandbox).ask(DANISH).outcome == "answered"
    assert len(sandbox.requests(vendor="openai")) == 2


def test_retries_end_in_a_clear_error(sandbox: Sandbox) -> None:
    sandbox.fault(vendor="openai", kind="status", status=503, times=0)
    with pytest.raises(VendorError, match="openai answered 503") as caught:
        _client(sandbox, max_retries=1).ask(DANISH)
    assert not isinstance(caught.value, Unanswered)
    assert len(sandbox.requests(vendor="openai")) == 2


def test_a_lost_connection_says_that_nobody_knows_whether_it_was_billed(sandbox: Sandbox) -> None:
    sandbox.fault(vendor="openai", kind="reset", times=0)
    with pytest.raises(Unanswered, match="no whole answer"):
        _client(sandbox, max_retries=0).ask(DANISH)


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(CredentialRefused, match="openai refused the credential"):
        _client(sandbox, "wrong").ask("Hej")


def test_check_counts_models(sandbox: Sandbox) -> None:
    assert int(_client(sandbox).check()["models"]) > 0
