"""OpenAI's surface: rules in a model's place, one answer for one text; files and batches. Faults are handled before.

A test steers batches and spoiled answers by ``POST /_sandbox/behaviour`` and reads what was sent from
``GET /_sandbox/received``; both take the account's credential.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import orjson

from integrations.sandbox import vocabulary as words
from integrations.sandbox.exchange import JSON, Answer, Call, Clock, Refusal
from integrations.sandbox.openai_batches import BatchRoom, RawAnswer, form_fields
from integrations.sandbox.tenants import TenantSpec

MODELS = ("gpt-5-mini", "gpt-5", "text-embedding-3-small")
_DANISH = re.compile(r"[æøå]|\b(?:vi|og|jeg|ikke|hvad|kan|venlig|hilsen|tilbud|gerne|mere|jeres)\b", re.IGNORECASE)
_INTENT = (
    (
        "high",
        r"tilbud|\bpris|koster|hurtigst|quote|pricing|price|ready to buy|budget|contract|aftale|ring til|call me",
    ),
    (
        "low",
        r"opgave|studerende|student|stilling|søger job|open position|kigger bare|browsing|offer our|tilbyde jer",
    ),
    (
        "medium",
        r"demo|information|overvejer|sammenligner|brochure|referenc|considering|comparing|fortælle|tell me",
    ),
)
_SENIORITY = (
    (
        "executive",
        r"direktør|\bceo\b|\bcoo\b|\bcfo\b|\bcto\b|founder|owner|ejer|indehaver|partner|chief|\bvp\b|managing",
    ),
    ("junior", r"student|praktikant|elev\b|intern\b|trainee|junior"),
    ("manager", r"chef|leder|head of|manager"),
    (
        "specialist",
        r"konsulent|bogholder|koordinator|sælger|ingeniør|consultant|accountant|specialist|engineer|analyst",
    ),
)


class OpenaiAccount:
    """One tenant's project: its files and batches, and the last bodies that it received."""

    def __init__(self, tenant: TenantSpec, clock: Clock) -> None:
        self.tenant = tenant
        self.clock = clock
        self.mishap: str | None = None
        self.room = BatchRoom(clock)
        self.received: deque[bytes] = deque(maxlen=200)

    def next_mishap(self) -> str | None:
        """What spoils the next answer: a fault of the server first, then what a test queued."""
        found, self.mishap = self.mishap, None
        queued = self.room.behaviour.mishaps
        return found or (queued.pop(0) if queued else None)


Handler = Callable[[OpenaiAccount, Call], Answer]


def error(status: int, message: str, code: str | None, kind: str = "invalid_request_error") -> Answer:
    """Return an error in OpenAI's own shape."""
    return Answer({"error": {"message": message, "type": kind, "param": None, "code": code}}, status)


def unauthorized() -> Answer:
    """Return what OpenAI says to a wrong key."""
    return error(401, "Incorrect API key provided.", "invalid_api_key")


def throttled() -> Answer:
    """Return what OpenAI says when its limit is reached."""
    return error(429, "Rate limit reached for requests.", "rate_limit_exceeded", "requests")


def understand(text: str) -> dict[str, JSON]:
    """Return what the rules read out of a lead's text."""
    lowered = text.lower()
    trades = {name: [trade.lower() for trade in words.COMPANY_TRADES[name]] for name in words.INDUSTRIES}
    industry = next(
        (
            name
            for name in words.INDUSTRIES
            if name.replace("_", " ") in lowered or any(t in lowered for t in trades[name])
        ),
        None,
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {
        "language": "da" if len(_DANISH.findall(text)) >= 2 else "en",
        "industry": industry,
        "seniority": next((name for name, pattern in _SENIORITY if re.search(pattern, lowered)), None),
        "intent": next((name for name, pattern in _INTENT if re.search(pattern, lowered)), "none"),
        "summary": (" ".join(lines)[:157] + "…") if len(" ".join(lines)) > 158 else " ".join(lines),
    }


def _fill(schema: dict[str, Any], known: dict[str, JSON], name: str, root: dict[str, Any]) -> JSON:
    """Return a value that the schema allows: what is known by that name, else the emptiest one."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    value = known.get(name)
    options = schema.get("anyOf")
    if options:
        if value is None and any(option.get("type") == "null" for option in options):
            return None
        return _fill(next(o for o in options if o.get("type") != "null"), known, name, root)
    if "enum" in schema:
        return value if value in schema["enum"] else schema["enum"][-1]
    kind = schema.get("type")
    if kind == "object":
        return {key: _fill(part, known, key, root) for key, part in schema.get("properties", {}).items()}
    empty: dict[Any, JSON] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}
    if kind == "string":
        return value if isinstance(value, str) else ""
    return empty.get(kind)


def _input_text(body: dict[str, Any]) -> str:
    given = body.get("input", "")
    if isinstance(given, str):
        return given
    parts: list[str] = []
    for message in given:
        content = message.get("content", "")
        if message.get("role") in ("system", "developer"):
            continue
        if isinstance(content, str):
            parts.append(content)
        else:
            parts.extend(part.get("text", "") for part in content)
    return "\n".join(parts)


def create_response(account: OpenaiAccount, call: Call) -> Answer:
    """``POST /v1/responses`` with plain text or a JSON schema; streaming is not offered."""
    account.received.append(call.body)
    return _respond(account, call)


def _respond(account: OpenaiAccount, call: Call) -> Answer:
    body = call.json()
    if "model" not in body or "input" not in body:
        raise Refusal(error(400, "Missing required parameter: 'model' or 'input'.", "missing_required_parameter"))
    text = _input_text(body)
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    known = understand(text)
    output = known["summary"]
    if form["type"] == "json_schema":
        output = orjson.dumps(_fill(form["schema"], known, "", form["schema"])).decode()
    mishap = account.next_mishap()
    output = _spoiled(output, mishap)
    content: dict[str, JSON] = {"type": "output_text", "text": output, "annotations": [], "logprobs": []}
    if mishap == "refusal":
        content = {"type": "refusal", "refusal": "I'm sorry, I can't help with that."}
    limit = body.get("max_output_tokens")
    produced = max(1, len(output) // 4)
    taken = (len(text) + len(body.get("instructions") or "") + len(orjson.dumps(form))) // 4 + 1
    is_cut = mishap == "incomplete" or (isinstance(limit, int) and produced > limit)
    if is_cut and "text" in content:
        content["text"] = output[: len(output) // 2]
    fingerprint = sha256(orjson.dumps([account.tenant.slug, text, form])).hexdigest()
    status = "incomplete" if is_cut else "completed"
    return Answer(
        {
            "id": f"resp_{fingerprint[:48]}",
            "object": "response",
            "created_at": int(account.clock()),
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": limit,
            "model": body["model"],
            "output": [
                {
                    "type": "message",
                    "id": f"msg_{fingerprint[:32]}",
                    "status": status,
                    "role": "assistant",
                    "content": [content],
                }
            ],
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": 1.0,
            "text": {"format": form},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": {
                "input_tokens": taken,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": produced,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": taken + produced,
            },
            "metadata": {},
        },
        headers={"x-request-id": f"req_{fingerprint[-32:]}"},
    )


def list_models(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/models``."""
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai"} for name in MODELS]
    return Answer({"object": "list", "data": data})


def _spoiled(output: str, mishap: str | None) -> str:
    """An answer as a model gives it that ignores the schema, or keeps it and makes things up."""
    if mishap == "malformed":
        return "Sure! Here is what I found."
    if mishap not in ("schema", "bounds"):
        return output
    found = orjson.loads(output)
    found.update({"intent": "sky-high", "mood": "good"} if mishap == "schema" else {"summary": "x" * 1_000})
    return orjson.dumps(found).decode()


def _not_found(what: str, name: str) -> Refusal:
    return Refusal(error(404, f"No such {what}: {name}", "not_found"))


def create_file(account: OpenaiAccount, call: Call) -> Answer:
    """``POST /v1/files``: a multipart form with the file, its purpose and when it expires."""
    account.received.append(call.body)
    form = form_fields(call.body)
    if "file" not in form or "purpose" not in form:
        raise Refusal(error(400, "Missing required parameter: 'file' or 'purpose'.", "missing_required_parameter"))
    name, content = form["file"]
    seconds = form.get("expires_after[seconds]")
    kept = account.room.store(
        name or "upload", form["purpose"][1].decode(), content, int(seconds[1]) if seconds else None
    )
    return Answer(kept.told())


def read_file(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/files/{file_id}``."""
    kept = account.room.files.get(call.parts["file_id"])
    if kept is None:
        raise _not_found("File object", call.parts["file_id"])
    return Answer(kept.told())


def read_content(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/files/{file_id}/content``."""
    kept = account.room.files.get(call.parts["file_id"])
    if kept is None:
        raise _not_found("File object", call.parts["file_id"])
    return RawAnswer(kept.content, headers={"content-type": "application/octet-stream"})


def delete_file(account: OpenaiAccount, call: Call) -> Answer:
    """``DELETE /v1/files/{file_id}``."""
    if account.room.files.pop(call.parts["file_id"], None) is None:
        raise _not_found("File object", call.parts["file_id"])
    return Answer({"id": call.parts["file_id"], "object": "file", "deleted": True})


def list_files(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/files``, newest first."""
    data = [kept.told() for kept in reversed(account.room.files.values())]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": "", "last_id": ""}
    return Answer({"object": "list", "data": data, "has_more": False, **ends})


def create_batch(account: OpenaiAccount, call: Call) -> Answer:
    """``POST /v1/batches``: each call makes a batch, also a repeated one."""
    account.received.append(call.body)
    body = call.json()
    if not {"input_file_id", "endpoint", "completion_window"} <= set(body):
        raise Refusal(error(400, "Missing required parameter.", "missing_required_parameter"))
    if body["input_file_id"] not in account.room.files:
        raise _not_found("File object", body["input_file_id"])
    return Answer(account.room.start(body))


def list_batches(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/batches``, newest first, ``limit`` a page."""
    every = list(reversed(account.room.batches.values()))
    after, limit = call.first("after"), int(call.first("limit") or 20)
    begin = next((n + 1 for n, batch in enumerate(every) if batch["id"] == after), 0)
    data = every[begin : begin + limit]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
    return Answer({"object": "list", "data": data, "has_more": len(every) > begin + limit, **ends})


def _batch(account: OpenaiAccount, call: Call) -> dict[str, JSON]:
    found = account.room.batches.get(call.parts["batch_id"])
    if found is None:
        raise _not_found("batch", call.parts["batch_id"])
    return found


def read_batch(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /v1/batches/{batch_id}``: looking lets time pass."""
    return Answer(account.room.look(_batch(account, call), lambda inner: _respond(account, inner)))


def cancel_batch(account: OpenaiAccount, call: Call) -> Answer:
    """``POST /v1/batches/{batch_id}/cancel``."""
    batch = _batch(account, call)
    if batch["status"] not in ("validating", "in_progress"):
        raise Refusal(error(409, f"Cannot cancel a batch with status '{batch['status']}'.", "batch_over"))
    batch["status"], batch["cancelled_at"] = "cancelled", int(account.clock())
    return Answer(batch)


def change_behaviour(account: OpenaiAccount, call: Call) -> Answer:
    """``POST /_sandbox/behaviour``: no part of the vendor's contract."""
    try:
        return Answer(asdict(account.room.change(call.json())))
    except TypeError as fault:
        raise Refusal(error(422, str(fault), None)) from fault


def read_received(account: OpenaiAccount, call: Call) -> Answer:
    """``GET /_sandbox/received``: the last bodies that the account was sent, as text. No part of the contract."""
    return Answer([body.decode(errors="replace") for body in account.received])


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/responses", create_response),
    ("GET", "/v1/models", list_models),
    ("POST", "/v1/files", create_file),
    ("GET", "/v1/files", list_files),
    ("GET", "/v1/files/{file_id}", read_file),
    ("DELETE", "/v1/files/{file_id}", delete_file),
    ("GET", "/v1/files/{file_id}/content", read_content),
    ("POST", "/v1/batches", create_batch),
    ("GET", "/v1/batches", list_batches),
    ("GET", "/v1/batches/{batch_id}", read_batch),
    ("POST", "/v1/batches/{batch_id}/cancel", cancel_batch),
    ("POST", "/_sandbox/behaviour", change_behaviour),
    ("GET", "/_sandbox/received", read_received),
)
