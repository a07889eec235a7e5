"""A tenant's users: made, listed, disabled, and known by their passwords. Sessions are begun elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from tekup.db import Database, Doors, Role
from tekup.directory.passwords import check_new_password, hash_password, needs_rehash, password_matches
from tekup.directory.roles import BUILT_IN
from tekup.errors import BadInput
from tekup.ids import uuid7

ROLES = tuple(BUILT_IN)
_END_SESSIONS = (
    "update app.sessions set ended_at = now(), end_reason = %s "
    "where tenant_id = %s and user_id = %s and ended_at is null"
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user who proved who he is, and the tenant he belongs to."""

    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class User:
    """One user of a tenant, as an administrator sees him."""

    id: UUID
    email: str
    full_name: str
    role: str
    status: str
    last_sign_in_at: datetime | None
    has_totp: bool
    passkey_count: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    role: str
    password_hash: str | None


def normal_email(text: str) -> str:
    """An e-mail address as it is stored.

    Raises:
        BadInput: it is none.
    """
    email = text.strip().lower()
    name, at, domain = email.rpartition("@")
    if not (name and at and domain) or any(c.isspace() for c in email) or len(email) > 320:
        raise BadInput(f"{email[:80]!r} is not an e-mail address", hint="give one such as anna@example.dk")
    return email


def create_user(
    doors: Doors, tenant_id: UUID, email: str, password: str, *, role: str = "admin", name: str = ""
) -> UUID:
    """Make a user, or give an existing one with this e-mail a new password and role.

    A new password ends the sessions of the old one.

    Raises:
        BadInput: the e-mail, role or password can't be used, or the tenant would lose its last owner.
    """
    email = normal_email(email)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        about = connection.execute("select name, domain from app.tenants").fetchone() or ("", "")
        known = connection.execute("select id, password_hash from app.users where email = %s", (email,)).fetchone()
        if known is None or not password_matches(known[1], password):
            check_new_password(password, (*about, name, email), doors.settings.breached_passwords)
        try:
            row = connection.execute(
                "insert into app.users (tenant_id, id, email, full_name, role, password_hash) "
                "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id, email) do update "
                "set role = excluded.role, password_hash = excluded.password_hash, full_name = excluded.full_name, "
                "updated_at = now() returning id",
                (tenant_id, uuid7(), email, name, role, hash_password(password)),
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation:
            raise BadInput(
                f"unknown role {role!r}", hint=f"choose one of {', '.join(ROLES)} or a role of the tenant's own"
            ) from None
        except psycopg.errors.CheckViolation:
            raise BadInput("the tenant's last owner stays an owner", hint="make another owner first") from None
        assert row is not None
        user_id: UUID = row[0]
        if known is not None and not password_matches(known[1], password):
            connection.execute(_END_SESSIONS, ("password changed", tenant_id, user_id))
    return user_id


def list_users(doors: Doors, tenant_id: UUID) -> list[User]:
    """The tenant's users by e-mail."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id, read_only=True) as connection:
        return (
            connection.cursor(row_factory=class_row(User))
            .execute(
                "select u.id, u.email, u.full_name, u.role, u.status, u.last_sign_in_at, "
                "t.confirmed_at is not null as has_totp, "
                "(select count(*) from app.passkeys p where p.tenant_id = u.tenant_id and p.user_id = u.id) "
                "as passkey_count from app.users u "
                "left join app.totp_factors t on t.tenant_id = u.tenant_id and t.user_id = u.id order by u.email"
            )
            .fetchall()
        )


def set_user_status(doors: Doors, tenant_id: UUID, email: str, status: str) -> None:
    """Disable a user, with all his sessions, or let him in again.

    Raises:
        BadInput: no such user, or he is the tenant's last owner.
    """
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        user_id = _user_id(connection, email)
        try:
            connection.execute(
                "update app.users set status = %s, updated_at = now() where tenant_id = %s and id = %s",
                (status, tenant_id, user_id),
            )
        except psycopg.errors.CheckViolation:
            raise BadInput("the tenant's last owner can't be disabled", hint="make another owner first") from None
        if status == "disabled":
            connection.execute(_END_SESSIONS, ("user disabled", tenant_id, user_id))


def reset_factors(doors: Doors, tenant_id: UUID, email: str) -> None:
    """Take a user's second factors away and end his sessions, for one who lost them and has shown who he is.

    Raises:
        BadInput: no such user.
    """
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        user_id = _user_id(connection, email)
        for table in ("totp_factors", "recovery_codes", "passkeys"):
            connection.execute(
                f"delete from app.{table} where tenant_id = %s and user_id = %s",  # noqa: S608  # names from this line
                (tenant_id, user_id),
            )
        connection.execute(_END_SESSIONS, ("second factors reset", tenant_id, user_id))


def _user_id(connection: psycopg.Connection, email: str) -> UUID:
    row = connection.execute("select id from app.users where email = %s", (normal_email(email),)).fetchone()
    if row is None:
        raise BadInput(f"no user {email!r} in this tenant", hint="tekup user list TENANT names them")
    user_id: UUID = row[0]
    return user_id


def check_password(doors: Doors, email: str, password: str) -> list[SignIn]:
    """The tenants in which this e-mail and password belong to an active user; empty where none does.

    An unknown e-mail costs the same hash as a known one, so that time does not tell which addresses exist. A hash
    of older parameters is renewed while the password is at hand.
    """
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        candidates = (
            connection.cursor(row_factory=class_row(_Candidate))
            .execute("select * from app.find_sign_in(%s)", (email.strip().lower(),))
            .fetchall()
        )
    hashes = [candidate.password_hash for candidate in candidates] or [None]
    verdicts = [password_matches(stored, password) for stored in hashes]
    found = [candidate for candidate, matches in zip(candidates, verdicts, strict=False) if matches]
    for candidate in found:
        if candidate.password_hash is not None and needs_rehash(candidate.password_hash):
            _renew_hash(doors, candidate, password)
    return [SignIn(c.tenant_id, c.tenant_name, c.user_id, c.role) for c in found]


def _renew_hash(doors: Doors, candidate: _Candidate, password: str) -> None:
    """Store today's hash, unless the password changed meanwhile."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, candidate.tenant_id) as connection:
        connection.execute(
            "update app.users set password_hash = %s where tenant_id = %s and id = %s and password_hash = %s",
            (hash_password(password), candidate.tenant_id, candidate.user_id, candidate.password_hash),
        )
