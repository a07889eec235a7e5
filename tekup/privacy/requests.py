"""Requests about a person: who asked for what, and how far it is. Whom they are about stands sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tekup.crypto.data_keys import DataKeys, KeyDestroyed
from tekup.crypto.pseudonyms import open_pseudonyms
from tekup.crypto.sealing import seal_by, unseal_by
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import uuid7
from tekup.privacy.persons import Person, parse_subject

Wish: TypeAlias = Literal["export", "erase"]
_COLUMNS = (
    "id, kind, status, subject_pseudonym, subject_sealed, person_sealed, steps, archive_sealed is not null "
    "as has_archive, error, requested_by, requested_at, finished_at"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``steps`` holds for each step that is done what it did."""

    id: UUID
    kind: Wish
    status: str
    subject_pseudonym: bytes
    subject_sealed: bytes | None
    person_sealed: bytes | None
    steps: Mapping[str, Any]
    has_archive: bool
    error: str | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None


class Requests:
    """The requests of one tenant."""

    def __init__(self, doors: Doors, tenant_id: UUID) -> None:
        self._doors, self._tenant_id = doors, tenant_id
        keys = doors.master_key.data_keys
        assert keys is not None
        self._keys: DataKeys = keys

    def ask(self, kind: Wish, subject: str, requested_by: str) -> Request:
        """Store a request; an unfinished one of the same kind and subject is returned as it is.

        Raises:
            BadInput: the subject is no identifier.
        """
        person = parse_subject(subject)
        pseudonym = open_pseudonyms(self._doors.master_key, self._tenant_id).of("subject", person.as_json())
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.APP, self._tenant_id) as connection:
            row = connection.execute(
                "select id from app.privacy_request where tenant_id = %s and kind = %s and subject_pseudonym = %s "
                "and status in ('requested', 'running', 'failed')",
                (self._tenant_id, kind, pseudonym),
            ).fetchone()
            if row is None:
                request_id = uuid7()
                sealed = self._seal(request_id, "subject", person.as_json().encode(), make=True)
                connection.execute(
                    "insert into app.privacy_request "
                    "(tenant_id, id, kind, subject_pseudonym, subject_sealed, requested_by) "
                    "values (%s, %s, %s, %s, %s, %s)",
                    (self._tenant_id, request_id, kind, pseudonym, sealed, requested_by),
                )
            else:
                request_id = row[0]
        return self.find(request_id)

    def find(self, request_id: UUID) -> Request:
        """One request.

        Raises:
            BadInput: there is none with this id.
        """
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.APP, self._tenant_id) as connection:
            found = (
                connection.cursor(row_factory=class_row(Request))
                .execute(
                    f"select {_COLUMNS} from app.privacy_request where tenant_id = %s and id = %s",  # noqa: S608  # a constant
                    (self._tenant_id, request_id),
                )
                .fetchone()
            )
        if found is None:
            raise BadInput(f"there is no request {request_id}", hint="`tekup gdpr requests TENANT` lists them")
        return found

    def list(self, *, is_open: bool = False) -> list[Request]:
        """The newest hundred requests, or all that are to be worked on, the oldest first."""
        which = "and status in ('requested', 'running', 'failed') order by requested_at" if is_open else ""
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.APP, self._tenant_id) as connection:
            return (
                connection.cursor(row_factory=class_row(Request))
                .execute(
                    f"select {_COLUMNS} from app.privacy_request where tenant_id = %s "  # noqa: S608  # constants
                    f"{which or 'order by requested_at desc, id desc limit 100'}",
                    (self._tenant_id,),
                )
                .fetchall()
            )

    def subject(self, request: Request) -> Person:
        """Whom the request names.

        Raises:
            KeyDestroyed: the request is settled; nobody can tell any more.
        """
        if request.subject_sealed is None:
            raise KeyDestroyed(f"whom request {request.id} was about is no longer kept")
        return Person.from_json(self._unseal(request.id, "subject", bytes(request.subject_sealed)).decode())

    def person(self, request: Request) -> Person | None:
        """All that was found to be the person's, None before it was looked for."""
        if request.person_sealed is None:
            return None
        return Person.from_json(self._unseal(request.id, "person", bytes(request.person_sealed)).decode())

    def begin(self, request: Request, person: Person) -> None:
        """Keep the person: when his rows are gone, nothing links his identifiers any more."""
        sealed = self._seal(request.id, "person", person.as_json().encode(), make=True)
        self._update(request.id, status="running", person_sealed=sealed, error=None)

    def note_step(self, request: Request, step: str, did: Mapping[str, int]) -> None:
        """Note that a step is done."""
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self._tenant_id) as connection:
            connection.execute(
                "update app.privacy_request set steps = steps || %s where tenant_id = %s and id = %s",
                (Jsonb({step: dict(did)}), self._tenant_id, request.id),
            )

    def finish(self, request: Request, *, archive: bytes | None = None) -> None:
        """Note that all is done; an archive is kept sealed."""
        sealed = None if archive is None else self._seal(request.id, "archive", archive, make=True)
        self._update(request.id, status="done", archive_sealed=sealed, error=None, finished_at=True)

    def fail(self, request: Request, error: str) -> None:
        """Note why the request could not be done yet."""
        self._update(request.id, status="failed", error=error[:500])

    def archive(self, request: Request) -> bytes | None:
        """The archive of an export, None where there is none (any more)."""
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.APP, self._tenant_id) as connection:
            row = connection.execute(
                "select archive_sealed from app.privacy_request where tenant_id = %s and id = %s",
                (self._tenant_id, request.id),
            ).fetchone()
        if row is None or row[0] is None:
            return None
        return self._unseal(request.id, "archive", bytes(row[0]))

    def settle(self, request: Request) -> None:
        """Destroy the request's key, and with it whom it was about and what was exported."""
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self._tenant_id) as connection:
            connection.execute(
                "delete from app.data_keys where tenant_id = %s and purpose = 'subject' and subject = %s",
                (self._tenant_id, str(request.id)),
            )
            connection.execute(
                "update app.privacy_request set status = 'settled', subject_sealed = null, person_sealed = null, "
                "archive_sealed = null where tenant_id = %s and id = %s",
                (self._tenant_id, request.id),
            )

    def _update(self, request_id: UUID, *, finished_at: bool = False, **values: Any) -> None:
        changes = ", ".join([*(f"{name} = %({name})s" for name in values), *(["finished_at = now()"] * finished_at)])
        with self._doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self._tenant_id) as connection:
            connection.execute(
                f"update app.privacy_request set {changes} where tenant_id = %(tenant)s and id = %(id)s",  # noqa: S608  # our own names
                {**values, "tenant": self._tenant_id, "id": request_id},
            )

    def _seal(self, request_id: UUID, what: str, clear: bytes, *, make: bool) -> bytes:
        secret = self._keys.of_subject(self._tenant_id, str(request_id), make=make)
        return seal_by(secret, self._tenant_id, f"privacy_request.{what}:{request_id}", clear)

    def _unseal(self, request_id: UUID, what: str, sealed: bytes) -> bytes:
        secret = self._keys.of_subject(self._tenant_id, str(request_id))
        return unseal_by(secret, self._tenant_id, f"privacy_request.{what}:{request_id}", sealed)
