"""Log-ins of analysts to the warehouse: a PostgreSQL role each, bound to its tenant by its own name.

What such a role sees is decided by policies that read the name of the role which logged in (migration 0018 of the
warehouse).
What it asked is told by the server's log (`tekup.audit.statements`).
"""

import re
import secrets
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql

from tekup.db import Database, Doors
from tekup.db.bootstrap import ANALYST_PEOPLE_ROLE, ANALYST_ROLE
from tekup.errors import BadInput

PREFIX = "tekup_analyst_"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}\Z")
_LOGIN = re.compile(rf"{PREFIX}([0-9a-f]{{32}})_([a-z][a-z0-9_]{{0,15}})\Z")
_STATEMENT_SECONDS = 300
_FOUND = """
select r.rolname, pg_has_role(r.oid, '{people}', 'member') from pg_roles as r
where r.rolname like %s and r.rolcanlogin order by r.rolname
"""


@dataclass(frozen=True, slots=True)
class Analyst:
    """One log-in of one tenant."""

    tenant_id: UUID
    name: str
    sees_people: bool

    @property
    def login(self) -> str:
        """The role's name in PostgreSQL."""
        return login_of(self.tenant_id, self.name)


def login_of(tenant_id: UUID, name: str) -> str:
    """The role's name, at most 63 characters, which PostgreSQL would cut."""
    return f"{PREFIX}{tenant_id.hex}_{name}"


def analyst_of(login: str) -> tuple[UUID, str] | None:
    """The tenant and the name in a role's name; None for other roles."""
    found = _LOGIN.match(login)
    return None if found is None else (UUID(hex=found[1]), found[2])


def create_analyst(doors: Doors, tenant_id: UUID, name: str, *, sees_people: bool) -> tuple[Analyst, str]:
    """Make a log-in that reads the tenant's marts, and its password; an existing one gets a new password.

    Every statement of it goes to the server's log: a right that only the server's operator can give and take.

    Raises:
        BadInput: the name is none, or the server does not let its statements be logged.
    """
    if not _NAME.match(name):
        raise BadInput(
            f"{name!r} can't be an analyst's name", hint="1 to 16 small letters, digits and _, beginning with a letter"
        )
    made, password = Analyst(tenant_id, name, sees_people), secrets.token_urlsafe(24)
    login = sql.Identifier(made.login)
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE)) as admin:
        if admin.execute("select from pg_roles where rolname = %s", (made.login,)).fetchone() is None:
            admin.execute(sql.SQL("create role {} login").format(login))
        admin.execute(sql.SQL("alter role {} password {}").format(login, sql.Literal(password)))
        admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(ANALYST_ROLE), login))
        people = sql.SQL("grant {} to {}" if sees_people else "revoke {} from {}")
        admin.execute(people.format(sql.Identifier(ANALYST_PEOPLE_ROLE), login))
        settings = {
            "app.tenant_id": str(tenant_id),  # what masked views ask for; another value shows nothing
            "default_transaction_read_only": "on",
            "statement_timeout": f"{_STATEMENT_SECONDS}s",
            "idle_in_transaction_session_timeout": "60s",
            "jit": "off",
        }
        for setting, value in settings.items():
            admin.execute(sql.SQL("alter role {} set {} = {}").format(login, sql.SQL(setting), sql.Literal(value)))
        try:
            for setting, value in {"log_statement": "all", "log_parameter_max_length": "0"}.items():
                admin.execute(sql.SQL("alter role {} set {} = {}").format(login, sql.SQL(setting), sql.Literal(value)))
        except psycopg.errors.InsufficientPrivilege:
            raise BadInput(
                "this server does not let us log an analyst's statements: nobody would know what he read",
                hint="as its superuser: grant set on parameter log_statement, log_parameter_max_length to the user of "
                "TEKUP_WAREHOUSE_URL",
            ) from None
    return made, password


def list_analysts(doors: Doors, tenant_id: UUID) -> list[Analyst]:
    """The tenant's log-ins, by name."""
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE)) as admin:
        rows = admin.execute(
            _FOUND.format(people=ANALYST_PEOPLE_ROLE).encode(), (login_of(tenant_id, "").replace("_", r"\_") + "%",)
        ).fetchall()
    return [Analyst(tenant_id, found[1], sees) for login, sees in rows if (found := analyst_of(login))]


def delete_analysts(doors: Doors, tenant_id: UUID, name: str | None = None) -> list[str]:
    """End the sessions of the tenant's log-ins (or of the one called ``name``) and delete them: which ones."""
    gone = [one for one in list_analysts(doors, tenant_id) if name in (None, one.name)]
    if gone:
        with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
            for one in gone:
                admin.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(one.login)))
                if admin.execute("select current_setting('is_superuser')").fetchone() != ("on",):
                    # who may create roles ends the sessions of those alone that he is a member of
                    admin.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(one.login)))
                admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (one.login,))
                admin.execute(sql.SQL("drop role {}").format(sql.Identifier(one.login)))
    return [one.name for one in gone]
