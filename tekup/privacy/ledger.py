"""The erased, as keyed pseudonyms: what of a load is theirs is told, and nobody is named."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tekup.crypto.pseudonyms import Pseudonyms, open_pseudonyms
from tekup.db import Database, Doors, Role
from tekup.privacy.persons import Kind, Person, normalised

LEARNED = UUID(int=0)
"""Stands for the request where a vendor gave an erased person a new id: the ledger learns it by itself."""
REMEMBERED: tuple[Kind, ...] = ("email", "phone", "cookie", "contact", "lead", "hubspot", "stripe", "kit")
"""By which a person is known again; a name or a mart's id is not."""


def pseudonym_of(pseudonyms: Pseudonyms, kind: str, value: str | None) -> bytes | None:
    """What an identifier is called in the ledger. Kinds of vendors' other objects are named ``vendor/stream``."""
    if not value:
        return None
    told = normalised(kind, value) if kind in REMEMBERED else value  # type: ignore[arg-type]  # proven here
    return None if told is None else pseudonyms.of(kind, told)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A tenant's ledger as it stood when it was read."""

    pseudonyms: Pseudonyms
    erased: frozenset[bytes]

    def __bool__(self) -> bool:
        return bool(self.erased)

    def knows(self, kind: str, value: str | None) -> bool:
        """Whether an identifier is an erased person's."""
        return bool(self.erased) and pseudonym_of(self.pseudonyms, kind, value) in self.erased


def read_ledger(doors: Doors, tenant_id: UUID) -> Ledger:
    """The tenant's ledger."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        rows = connection.execute(
            "select pseudonym from app.erased_identifier where tenant_id = %s", (tenant_id,)
        ).fetchall()
    return Ledger(open_pseudonyms(doors.master_key, tenant_id), frozenset(bytes(row[0]) for row in rows))


def remember_erased(doors: Doors, tenant_id: UUID, request_id: UUID, found: Person | Iterable[tuple[str, str]]) -> int:
    """Enter identifiers; returns how many are new."""
    pseudonyms = open_pseudonyms(doors.master_key, tenant_id)
    told = [(kind, value) for kind, value in found if not isinstance(found, Person) or kind in REMEMBERED]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute(
            "insert into app.erased_identifier (tenant_id, pseudonym, kind, request_id) "
            "select %s, p, k, %s from unnest(%s::bytea[], %s::text[]) as told (p, k) on conflict do nothing",
            (tenant_id, request_id, [pseudonyms.of(kind, value) for kind, value in told], [kind for kind, _ in told]),
        ).rowcount


def forget_erasure(doors: Doors, tenant_id: UUID, person: Person) -> int:
    """Take a person out of the ledger who came back by his own will: by one identifier all that was erased with it.

    What the ledger has learned from a vendor since is taken out where it is given. Returns how many entries it were.
    """
    pseudonyms = open_pseudonyms(doors.master_key, tenant_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute(
            "delete from app.erased_identifier as gone where tenant_id = %(tenant)s and (pseudonym = any(%(told)s) "
            "or request_id <> %(learned)s and exists (select from app.erased_identifier as one "
            "where one.tenant_id = gone.tenant_id and one.request_id = gone.request_id "
            "and one.pseudonym = any(%(told)s)))",
            {
                "tenant": tenant_id,
                "told": [pseudonyms.of(kind, value) for kind, value in person],
                "learned": LEARNED,
            },
        ).rowcount
