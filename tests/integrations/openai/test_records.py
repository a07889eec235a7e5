"""The answer's schema and bounds, and the reading of answers that no vendor should give."""

import hashlib
import json
from typing import Any

import pytest

from integrations.openai.answers import read_answer, read_line
from integrations.openai.records import SCHEMA_VERSION, Enrichment, answer_schema, out_of_bounds
from integrations.openai.requests import PROMPT_VERSION, request_body

GOOD = {"language": "da", "industry": None, "seniority": None, "intent": "high", "summary": "Vil have et tilbud."}
REQUEST_DIGESTS = {(1, 1): "91bfe056"}


def response(text: str, **more: Any) -> bytes:
    content = [{"type": "output_text", "text": text}]
    output = [{"type": "reasoning", "summary": []}, {"type": "message", "content": content}]
    usage = {"input_tokens": 9, "output_tokens": 4}
    return json.dumps({"status": "completed", "output": output, "usage": usage, **more}).encode()


def test_a_changed_question_has_a_new_version() -> None:
    body = json.dumps(request_body("", "gpt-5-mini"), sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()[:8]
    assert REQUEST_DIGESTS.get((PROMPT_VERSION, SCHEMA_VERSION)) == digest, "count the version up and note its digest"


def test_every_property_is_required_and_no_other_allowed() -> None:
    schema = answer_schema()
    assert schema["required"] == list(schema["properties"]) == list(Enrichment.model_fields)
    assert schema["additionalProperties"] is False
    assert "title" not in json.dumps(schema)


@pytest.mark.parametrize(
    "summary",
    ["", "  ", "x" * 401, "see https://evil.example", "write to a@b.dk", "ring 12 34 56 78", "two\nlines"],
)
def test_a_summary_out_of_bounds_is_not_taken(summary: str) -> None:
    assert out_of_bounds(Enrichment.model_validate({**GOOD, "summary": summary})) is not None
    answer = read_answer(response(json.dumps({**GOOD, "summary": summary})))
    assert (answer.outcome, answer.enrichment, answer.output_tokens) == ("out_of_bounds", None, 4)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", json.dumps({**GOOD, "intent": "HIGH"}), json.dumps({**GOOD, "more": 1}),
     json.dumps({**GOOD, "summary": 5}), json.dumps(GOOD) + " and more"],
)  # fmt: skip
def test_an_answer_that_breaks_the_schema_is_malformed_and_its_reason_quotes_nothing(text: str) -> None:
    answer = read_answer(response(text))
    assert answer.outcome == "malformed"
    assert answer.reason
    assert "HIGH" not in answer.reason


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"output": 5}', b'{"status": "completed", "output": [5]}']
)
def test_an_answer_that_is_no_response_breaks_nothing(body: bytes) -> None:
    answer = read_answer(body)
    assert answer.outcome == "malformed"


def test_a_failed_response_says_why() -> None:
    answer = read_answer(response("", status="failed", error={"message": "server_error"}))
    assert (answer.outcome, answer.reason) == ("failed", "server_error")


def test_lines_that_can_not_be_read_are_none_and_unreached_ones_say_so() -> None:
    assert read_line(b"") is None
    assert read_line(b'{"custom_id": 5}') is None
    lost = read_line(b'{"custom_id": "k", "response": null, "error": {"code": "batch_expired", "message": "late"}}')
    assert lost is not None
    assert (lost[0], lost[1].outcome, lost[1].is_reached) == ("k", "failed", False)
    odd = read_line(b'{"custom_id": "k", "response": {"status_code": 200, "body": null}}')
    assert odd is not None
    assert odd[1].outcome == "malformed"
