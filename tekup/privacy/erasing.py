"""Erasing a person: found, entered into the ledger, erased place by place, swept. Killed anywhere, it goes on."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from tekup.db import Database, Doors, Role
from tekup.errors import TekupError
from tekup.privacy.holders import Scope, holders, resolve
from tekup.privacy.ledger import remember_erased
from tekup.privacy.operational import refuse_active_account
from tekup.privacy.persons import Person
from tekup.privacy.requests import Request, Requests

SETTLED_AFTER = timedelta(days=1)
"""A build that was under way read rows from before: after a day all is looked through again, and then forgotten."""
_ROUNDS = 3


class StillMentioned(TekupError):
    """Something wrote the person again while he was erased."""


class ErasureBusy(TekupError):
    """Another process works on the same request."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: rows by place, those whose text mentioned the person, and entries in the ledger."""

    request_id: UUID
    rows: dict[str, int] = field(default_factory=dict)
    mentions: dict[str, int] = field(default_factory=dict)
    identifiers: int = 0


def erase_person(doors: Doors, tenant_id: UUID, request_id: UUID) -> Erased:
    """Work a request off, or go on where a killed process left it; a finished one is told again.

    The ledger comes first: whatever is loaded from then on comes without the person. What each step did is noted with
    the request, and a step that was cut short is done again.

    Raises:
        BadInput: there is no such request, or the person is a user who may sign in.
        StillMentioned: after several rounds there are mentions yet; running it again goes on.
        ErasureBusy: another process is at it.
    """
    requests, scope = Requests(doors, tenant_id), Scope(doors, tenant_id, request_id)
    with _alone(doors, tenant_id, request_id):
        request = requests.find(request_id)
        if request.status in ("done", "settled"):
            return _told(request)
        try:
            _work(requests, scope, request)
        except TekupError as error:
            requests.fail(request, error.what)
            raise
        requests.finish(request)
        return _told(requests.find(request_id))


def settle_requests(doors: Doors, tenant_id: UUID, *, now: datetime | None = None) -> int:
    """Look once more for those erased a day ago, then destroy what the requests still knew; returns how many."""
    requests = Requests(doors, tenant_id)
    due = (now or datetime.now(UTC)) - SETTLED_AFTER
    settled = 0
    for request in requests.list():
        if request.status != "done" or request.finished_at is None or request.finished_at > due:
            continue
        person, scope = requests.person(request), Scope(doors, tenant_id, request.id)
        if request.kind == "erase" and person is not None:
            for holder in holders().values():
                holder.erase(scope, person)
            _sweep(scope, person)
        requests.settle(request)
        settled += 1
    return settled


def _work(requests: Requests, scope: Scope, request: Request) -> None:
    person = requests.person(request)
    if person is None:
        person = resolve(scope, requests.subject(request))
        refuse_active_account(scope, person)
        requests.begin(request, person)
    remember_erased(scope.doors, scope.tenant_id, request.id, person)
    for name, holder in holders().items():
        if f"erase {name}" not in request.steps:
            requests.note_step(request, f"erase {name}", holder.erase(scope, person))
    requests.note_step(request, "sweep", _sweep(scope, person))


def _sweep(scope: Scope, person: Person) -> dict[str, int]:
    """Take mentions out until none is found."""
    found: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        for holder in holders().values():
            found.update(holder.sweep(scope, person, mends=True))
        left = Counter()
        for holder in holders().values():
            left.update(holder.sweep(scope, person, mends=False))
        if not left.total():
            return dict(found)
    raise StillMentioned(
        f"{left.total()} rows still mention the person: {', '.join(sorted(left))}",
        hint="something writes them; run the same command again when it has ended",
    )


def _told(request: Request) -> Erased:
    rows: Counter[str] = Counter()
    for step, did in request.steps.items():
        if step.startswith("erase "):
            rows.update(did)
    return Erased(request.id, dict(rows), dict(request.steps.get("sweep", {})))


@contextlib.contextmanager
def _alone(doors: Doors, tenant_id: UUID, request_id: UUID) -> Iterator[None]:
    """Hold the request's lock, which a killed process loses with its connection."""
    digest = hashlib.blake2b(f"privacy\x1f{tenant_id}\x1f{request_id}".encode(), digest_size=8).digest()
    key = int.from_bytes(digest, "big", signed=True)
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute("set lock_timeout = '2s'")  # the server needs a moment to notice that a holder was killed
        try:
            connection.execute("select pg_advisory_lock(%s)", (key,))
        except psycopg.errors.LockNotAvailable:
            raise ErasureBusy(
                f"another process works on request {request_id}", hint="`tekup gdpr requests TENANT` shows its state"
            ) from None
        yield
