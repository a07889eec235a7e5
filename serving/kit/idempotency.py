"""Requests with an Idempotency-Key happen once: effect and answer are one transaction, a repetition gets the answer.

Follows draft-ietf-httpapi-idempotency-key-header. What a route does is not known here.
"""

import hashlib
import re
from dataclasses import dataclass, field

from psycopg import errors as pg_errors
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.kit.access import Caller, current_access
from serving.kit.audit import note_change
from serving.kit.databases import Databases, SharedWrite, shared_write
from serving.kit.idempotency_repository import PLACE, Claim, IdempotencyRepository, Remembered
from serving.kit.problems import Problem, database_problem, problem_of
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal
from tekup.db import Database

HEADER = "idempotency-key"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# what belongs to one delivery of an answer and not to the answer
_NOT_KEPT = frozenset({"x-request-id", "date", "server", "ratelimit", "ratelimit-policy", "set-cookie"})


@dataclass(slots=True)
class _Answer:
    """The messages of an answer, held back until its transaction is committed."""

    messages: list[Message] = field(default_factory=list)

    async def hold(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return next((m["status"] for m in self.messages if m["type"] == "http.response.start"), 500)

    @property
    def headers(self) -> dict[str, str]:
        start: Message = next((m for m in self.messages if m["type"] == "http.response.start"), {})
        pairs = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start.get("headers", ()))
        return {name: value for name, value in pairs if name not in _NOT_KEPT}

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages if m["type"] == "http.response.body")

    async def send_on(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


class IdempotencyLayer:
    """ASGI middleware around the routes; it needs to know the caller, so it stands within `CallerLayer`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        access = current_access.get()
        if scope["type"] != "http" or scope["method"] not in WRITES or access is None or access.caller is None:
            await self._app(scope, receive, send)
            return
        keys = Headers(scope=scope).getlist(HEADER)
        if not keys:
            await self._app(scope, receive, send)
            return
        try:
            key = _only_key(keys)
            await self._once(access.caller, key, scope, receive, send)
        except Problem as problem:
            await problem_of(problem)(scope, receive, send)
        except DBAPIError as error:
            await _database_answer(scope, error)(scope, receive, send)

    async def _once(self, caller: Caller, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        databases: Databases = scope["app"].state.databases
        master_key: MasterKey = scope["app"].state.master_key
        body = await _read(receive)
        claim = Claim(caller.id, f"{scope['method']} {scope['path']}", key)
        request_hash = _hash(scope, body)
        async with databases.own_session(Database.OPERATIONAL, caller.context, read_only=False) as session:
            repository = IdempotencyRepository(session, caller.tenant_id)
            if not await repository.claim(claim, request_hash):
                known = await repository.find(claim)
                note_change(session, "request.replay", "idempotency_key", key)
                await session.commit()
                await _replay(known, request_hash, master_key, caller)(scope, receive, send)
                return
            answer, shared = _Answer(), SharedWrite(session, caller.context)
            mark = shared_write.set(shared)
            try:
                await self._app(scope, _replayed(body, receive), answer.hold)
            finally:
                shared_write.reset(mark)
            # an error that changed nothing is not kept: the caller mends the request or tries again with the same key
            if answer.status < 400 or (answer.status < 500 and shared.was_used):
                sealed = seal(master_key, caller.tenant_id, PLACE, answer.body.decode("latin-1"))
                await repository.remember(claim, answer.status, answer.headers, sealed)
                await session.commit()
        await answer.send_on(send)


def _only_key(keys: list[str]) -> str:
    # the draft's form is a quoted string; most callers send it bare
    key = keys[0].strip().removeprefix('"').removesuffix('"') if len(keys) == 1 else ""
    if not _KEY.fullmatch(key):
        raise Problem(
            400,
            "idempotency-key-unusable",
            "Idempotency-Key must be one value of 1 to 255 visible ASCII characters",
            hint="send a new UUID for each request, and the same one when you repeat it",
        )
    return key


def _hash(scope: Scope, body: bytes) -> bytes:
    """What makes two requests the same: the route is part of the claim already."""
    kind = Headers(scope=scope).get("content-type", "").encode()
    return hashlib.sha256(b"\x00".join((scope.get("query_string", b""), kind, body))).digest()


def _replay(known: Remembered | None, request_hash: bytes, master_key: MasterKey, caller: Caller) -> Response:
    if known is None:
        raise _in_progress()
    if known.request_hash != request_hash:
        raise Problem(
            422,
            "idempotency-key-reused",
            "this Idempotency-Key was used for another request",
            hint="send a new key with a new request",
        )
    body = unseal(master_key, caller.tenant_id, PLACE, known.answer_sealed).encode("latin-1")
    return Response(body, known.status, known.headers | {"idempotency-replayed": "true"})


def _database_answer(scope: Scope, error: DBAPIError) -> Response:
    if isinstance(error.orig, pg_errors.LockNotAvailable):
        return problem_of(_in_progress())
    return database_problem(scope.get("request_id"), error)


def _in_progress() -> Problem:
    return Problem(
        409,
        "request-in-progress",
        "a request with this Idempotency-Key is on its way",
        hint="wait for its answer, then repeat",
        headers={"retry-after": "2"},
    )


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "unreadable", "the request broke off")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once more; after it whatever comes."""
    is_told = False

    async def receive_again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
