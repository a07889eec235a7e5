"""Throttling of sign-ins, counted in the database: shared by all processes and kept over restarts.

Nobody can lock another out: failures count by address and e-mail, and those of an e-mail from everywhere shut no place
from which it has signed in before.
"""

import hmac
from dataclasses import dataclass
from uuid import UUID

import psycopg

from tekup.db import Database, Doors, Role
from tekup.ids import uuid7

WINDOW_SECONDS = 300.0
FAILURES_PER_PERSON = 10
FAILURES_PER_ADDRESS = 100
FAILURES_PER_PERSON_ANYWHERE = 50
KNOWN_PLACES_KEPT = "90 days"


@dataclass(frozen=True, slots=True)
class Try:
    """One sign-in under way: counted as failed until it has succeeded."""

    id: UUID
    at_place: bytes
    is_known_place: bool


class SignInThrottle:
    """Counts tries in the operational database; without it nobody signs in anyway."""

    def __init__(self, doors: Doors, key: bytes) -> None:
        self._doors, self._key = doors, key

    def take(self, address: str, email: str) -> Try | float:
        """A try for this address and e-mail, or the seconds to wait for one."""
        at_place, place, anywhere = self._keys(address, email)
        with self._connect() as connection:
            known = connection.execute("select from sign_in.known_place where key = %s", (at_place,)).fetchone()
            limits = {at_place: FAILURES_PER_PERSON, place: FAILURES_PER_ADDRESS}
            if known is None:
                limits[anywhere] = FAILURES_PER_PERSON_ANYWHERE
            wait, try_id = self._count(connection, limits)
        return wait or Try(try_id, at_place, known is not None)

    def take_for(self, what: str, limit: int) -> float:
        """Count one try of ``what`` alone; the seconds to wait where there were too many."""
        with self._connect() as connection:
            return self._count(connection, {self._hash(what): limit})[0]

    def succeed(self, done: Try) -> None:
        """Take the try back, with the failures of the same person at the same place, and remember the place."""
        with self._connect() as connection:
            connection.execute("delete from sign_in.attempt where id = %s or key = %s", (done.id, done.at_place))
            connection.execute(
                "insert into sign_in.known_place (key) values (%s) on conflict (key) do update set seen_at = now()",
                (done.at_place,),
            )

    def _count(self, connection: psycopg.Connection, limits: dict[bytes, int]) -> tuple[float, UUID]:
        try_id = uuid7()
        row = connection.execute(
            "select sign_in.take(%s, %s, %s, %s)", (try_id, list(limits), list(limits.values()), WINDOW_SECONDS)
        ).fetchone()
        assert row is not None
        if not row[0]:
            connection.execute(
                "delete from sign_in.attempt where tried_at < now() - make_interval(secs => %s)", (2 * WINDOW_SECONDS,)
            )
            connection.execute(
                f"delete from sign_in.known_place where seen_at < now() - interval '{KNOWN_PLACES_KEPT}'"  # noqa: S608  # a constant
            )
        return row[0], try_id

    def _connect(self) -> psycopg.Connection:
        return self._doors.connect(Database.OPERATIONAL, Role.APP)

    def _keys(self, address: str, email: str) -> tuple[bytes, bytes, bytes]:
        person = email.strip().lower()[:320]
        return (
            self._hash(f"at\x1f{address}\x1f{person}"),
            self._hash(f"place\x1f{address}"),
            self._hash(f"any\x1f{person}"),
        )

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")
