"""A tenant's users and their passwords. Sessions and tokens are made elsewhere."""

from dataclasses import dataclass
from uuid import UUID

import argon2
from psycopg.rows import class_row

from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import uuid7

ROLES = ("owner", "admin", "manager", "sales", "analyst", "read_only")
MINIMUM_PASSWORD_LENGTH = 12

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ABSENT_HASH = _hasher.hash("no such user")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user who proved who he is, and the tenant he belongs to."""

    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    role: str
    password_hash: str | None


def create_user(
    doors: Doors, tenant_id: UUID, email: str, password: str, *, role: str = "admin", name: str = ""
) -> UUID:
    """Make a user, or give an existing one with this e-mail a new password and role.

    Raises:
        BadInput: the e-mail, role or password can't be used.
    """
    email = email.strip().lower()
    if "@" not in email:
        raise BadInput(f"{email!r} is not an e-mail address", hint="give one such as anna@example.dk")
    if role not in ROLES:
        raise BadInput(f"unknown role {role!r}", hint=f"choose one of {', '.join(ROLES)}")
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise BadInput(
            f"the password has fewer than {MINIMUM_PASSWORD_LENGTH} characters",
            hint="use a sentence or a generator",
        )
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        row = connection.execute(
            "insert into app.users (tenant_id, id, email, full_name, role, password_hash) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id, email) do update "
            "set role = excluded.role, password_hash = excluded.password_hash, full_name = excluded.full_name, "
            "updated_at = now() returning id",
            (tenant_id, uuid7(), email, name, role, _hasher.hash(password)),
        ).fetchone()
    assert row is not None
    user_id: UUID = row[0]
    return user_id


def check_password(doors: Doors, email: str, password: str) -> list[SignIn]:
    """The tenants in which this e-mail and password belong to an active user; empty where none does.

    An unknown e-mail costs the same hash as a known one, so that time does not tell which addresses exist.
    """
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        candidates = (
            connection.cursor(row_factory=class_row(_Candidate))
            .execute("select * from app.find_sign_in(%s)", (email.strip().lower(),))
            .fetchall()
        )
    hashes = [candidate.password_hash or _ABSENT_HASH for candidate in candidates] or [_ABSENT_HASH]
    verdicts = [_matches(stored, password) for stored in hashes]
    return [
        SignIn(c.tenant_id, c.tenant_name, c.user_id, c.role)
        for c, matches in zip(candidates, verdicts, strict=False)
        if matches and c.password_hash
    ]


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
        return False
