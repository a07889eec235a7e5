"""OpenAI's files and batches in the sandbox: uploads, lines answered later, failed and expired ones. No model here."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from integrations.sandbox.exchange import JSON, Answer, Call, Clock

_MULTIPART_END = b"\r\n"
Respond = Callable[[Call], Answer]


@dataclass
class Behaviour:
    """How the account's batches fare; a test changes it.

    A batch is over after ``polls`` looks or ``seconds``, whichever comes first. ``reject`` fails it at validation,
    ``expire_after`` lets it expire with that many lines answered, ``fail_every`` turns every n-th line away.
    ``mishaps`` spoil the next answers, one each: refusal, incomplete, malformed, schema, bounds.
    """

    polls: int = 2
    seconds: float = 60.0
    reject: bool = False
    expire_after: int | None = None
    fail_every: int = 0
    mishaps: list[str] = field(default_factory=list)


@dataclass
class StoredFile:
    """One file of a project."""

    id: str
    name: str
    purpose: str
    content: bytes
    created_at: int
    expires_at: int | None

    def told(self) -> dict[str, JSON]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            **({"expires_at": self.expires_at} if self.expires_at else {}),
        }


class RawAnswer(Answer):
    """An answer that is not JSON: a file's content."""

    def encode(self) -> bytes:
        return bytes(self.payload)


@dataclass
class BatchRoom:
    """The files and batches of one project."""

    clock: Clock
    behaviour: Behaviour = field(default_factory=Behaviour)
    files: dict[str, StoredFile] = field(default_factory=dict)
    batches: dict[str, dict[str, JSON]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    made: int = 0

    def store(self, name: str, purpose: str, content: bytes, seconds: int | None = None) -> StoredFile:
        """Keep a file."""
        self.made += 1
        now = int(self.clock())
        expires = now + seconds if seconds else None
        kept = StoredFile(f"file-{self.made:024d}", name, purpose, content, now, expires)
        self.files[kept.id] = kept
        return kept

    def start(self, body: dict[str, Any]) -> dict[str, JSON]:
        """Make a batch of a file that is there."""
        self.made += 1
        now = int(self.clock())
        lines = self.files[body["input_file_id"]].content.splitlines()
        batch: dict[str, JSON] = {
            "id": f"batch_{self.made:032x}",
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "status": "validating",
            "created_at": now,
            "expires_at": now + 86_400,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "metadata": body.get("metadata"),
        }
        self.batches[batch["id"]] = batch
        self.looks[batch["id"]] = 0
        return batch

    def look(self, batch: dict[str, JSON], respond: Respond) -> dict[str, JSON]:
        """Let time pass for a batch and return it."""
        if batch["status"] not in ("validating", "in_progress"):
            return batch
        self.looks[batch["id"]] += 1
        if self.behaviour.reject:
            batch["status"], batch["failed_at"] = "failed", int(self.clock())
            wrong = {"code": "invalid_json_line", "message": "This line is not parseable as valid JSON.", "line": 1}
            batch["errors"] = {"object": "list", "data": [{**wrong, "param": None}]}
            return batch
        waited = self.clock() - batch["created_at"]
        if self.looks[batch["id"]] < self.behaviour.polls and waited < self.behaviour.seconds:
            batch["status"], batch["in_progress_at"] = "in_progress", int(self.clock())
            return batch
        self._finish(batch, respond)
        return batch

    def _finish(self, batch: dict[str, JSON], respond: Respond) -> None:
        lines = [orjson.loads(line) for line in self.files[batch["input_file_id"]].content.splitlines()]
        limit = len(lines) if self.behaviour.expire_after is None else self.behaviour.expire_after
        output: list[bytes] = []
        errors: list[bytes] = []
        for number, line in enumerate(lines, 1):
            row: dict[str, JSON] = {"id": f"batch_req_{number:024d}", "custom_id": line["custom_id"]}
            if number > limit:
                lost = {
                    "code": "batch_expired",
                    "message": "This request could not be executed before the batch ended.",
                }
                errors.append(_line({**row, "response": None, "error": lost}))
            elif self.behaviour.fail_every and number % self.behaviour.fail_every == 0:
                wrong = {"error": {"message": "The request was turned away.", "type": "invalid_request_error"}}
                told = {"status_code": 400, "request_id": f"req_{number}", "body": wrong}
                errors.append(_line({**row, "response": told, "error": None}))
            else:
                answer = respond(Call("POST", line["url"], {}, [], orjson.dumps(line["body"])))
                told = {"status_code": answer.status, "request_id": f"req_{number}", "body": answer.payload}
                output.append(_line({**row, "response": told, "error": None}))
        output.reverse()  # the vendor keeps no order
        is_expired = limit < len(lines)
        batch["status"] = "expired" if is_expired else "completed"
        batch["expired_at" if is_expired else "completed_at"] = int(self.clock())
        batch["request_counts"] = {"total": len(lines), "completed": len(output), "failed": len(errors)}
        for name, rows in (("output", output), ("error", errors)):
            if rows:
                kept = self.store(f"{batch['id']}_{name}.jsonl", "batch_output", b"".join(rows))
                batch[f"{name}_file_id"] = kept.id

    def change(self, body: dict[str, Any]) -> Behaviour:
        """Take what a test asks for."""
        self.behaviour = replace(self.behaviour, **body)
        return self.behaviour


def form_fields(body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """The parts of a multipart form: name to filename and content. Its first line tells the boundary."""
    boundary, _, _ = body.partition(_MULTIPART_END)
    found: dict[str, tuple[str | None, bytes]] = {}
    for part in body.split(boundary):
        head, gap, content = part.partition(_MULTIPART_END * 2)
        if not gap:
            continue
        told = head.decode(errors="replace")
        name, filename = _between(told, ' name="'), _between(told, 'filename="')
        if name is not None:
            found[name] = (filename, content.removesuffix(_MULTIPART_END))
    return found


def _between(text: str, begin: str) -> str | None:
    _, hit, rest = text.partition(begin)
    return rest.partition('"')[0] if hit else None


def _line(row: dict[str, JSON]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
