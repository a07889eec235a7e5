"""Reads what OpenAI answered, alone or as a line of a batch, into one outcome. It asks nothing and raises nothing."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson
from pydantic import ValidationError

from integrations.openai.records import Enrichment, out_of_bounds

Outcome: TypeAlias = Literal["answered", "refused", "incomplete", "malformed", "out_of_bounds", "failed"]
NOT_REACHED = frozenset({"batch_expired", "batch_cancelled"})
"""Codes of a batch's lines that the vendor never worked on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question fared. Tokens are None where the vendor does not tell them, and it may still bill them.

    ``is_reached`` is false for a batch's line that was never worked on: it cost nothing and says nothing of the text.
    """

    outcome: Outcome
    enrichment: Enrichment | None = None
    reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    request_id: str | None = None
    is_reached: bool = True


def read_answer(body: bytes, request_id: str | None = None) -> Answer:
    """The outcome of one response's body."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Answer("malformed", reason="the answer is not valid JSON", request_id=request_id)
    return read_response(found, request_id)


def read_response(body: Any, request_id: str | None = None) -> Answer:
    """The outcome of one response object."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), list):
        return Answer("malformed", reason="the answer is no response object", request_id=request_id)
    usage = body["usage"] if isinstance(body.get("usage"), dict) else {}
    outcome, enrichment, reason = _judge(body)
    return Answer(
        outcome, enrichment, reason, _count(usage.get("input_tokens")), _count(usage.get("output_tokens")), request_id
    )


def read_line(line: bytes) -> tuple[str, Answer] | None:
    """The ``custom_id`` and outcome of one line of a batch's output or error file; None where it can't be read."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("custom_id"), str):
        return None
    response = found["response"] if isinstance(found.get("response"), dict) else {}
    request_id = response.get("request_id")
    if response.get("status_code") == 200:
        return found["custom_id"], read_response(response.get("body"), request_id)
    error = found["error"] if isinstance(found.get("error"), dict) else _error_of(response.get("body"))
    code = error.get("code")
    # a request that was turned away cost nothing
    return found["custom_id"], Answer(
        "failed", None, _short(error.get("message") or code or "it failed"), 0, 0, request_id, code not in NOT_REACHED
    )


def _judge(body: dict[str, Any]) -> tuple[Outcome, Enrichment | None, str | None]:
    if body.get("status") == "incomplete":
        details = body["incomplete_details"] if isinstance(body.get("incomplete_details"), dict) else {}
        return "incomplete", None, f"cut off: {_short(details.get('reason') or 'no reason told')}"
    if body.get("status") != "completed":
        error = _error_of(body)
        return "failed", None, _short(error.get("message") or f"the status is {body.get('status')}")
    texts: list[str] = []
    for part in _parts(body["output"]):
        if part.get("type") == "refusal":
            return "refused", None, _short(part.get("refusal") or "no reason told")
        if part.get("type") == "output_text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
    try:
        found = Enrichment.model_validate_json("".join(texts))
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        return "malformed", None, _short(f"{where}: {first['type']}" if where else first["type"])
    wrong = out_of_bounds(found)
    return ("out_of_bounds", None, wrong) if wrong else ("answered", found, None)


def _parts(output: list[Any]) -> list[dict[str, Any]]:
    messages = [item for item in output if isinstance(item, dict) and item.get("type") == "message"]
    contents = [item["content"] for item in messages if isinstance(item.get("content"), list)]
    return [part for content in contents for part in content if isinstance(part, dict)]


def _error_of(body: Any) -> dict[str, Any]:
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _short(value: Any) -> str:
    return " ".join(str(value).split())[:200]
