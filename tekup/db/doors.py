"""The database's one door: connections by database and role, and transactions bound to a tenant.

No query of the product is written here.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import psycopg

from tekup.crypto.data_keys import DataKeys
from tekup.crypto.keys import MasterKey, load_master_key
from tekup.db import bootstrap, migrate
from tekup.db.embedded import PORT, SUPERUSER, start_embedded
from tekup.errors import DatabaseUnavailable
from tekup.settings import Settings
from tekup.tenancy import TenantContext, begin_statement

_PROJECT = Path(__file__).resolve().parents[2]


class Database(StrEnum):
    """The two databases; where they live is a setting."""

    OPERATIONAL = "operational"
    WAREHOUSE = "warehouse"


class Role(StrEnum):
    """The login roles, by their short names. The worker's sees the queue of jobs and no tenant's table."""

    OWNER = "owner"
    PIPELINE = "pipeline"
    APP = "app"
    READER = "reader"
    WORKER = "worker"

    @property
    def login(self) -> str:
        """The role's name in PostgreSQL."""
        return f"tekup_{self.value}"


_EMBEDDED_NAMES = {Database.OPERATIONAL: "tekup", Database.WAREHOUSE: "tekup_warehouse"}
_MIGRATIONS = {
    Database.OPERATIONAL: _PROJECT / "serving" / "migrations",
    Database.WAREHOUSE: _PROJECT / "pipelines" / "migrations",
}


class Doors:
    """Opens connections for one set of settings. Cheap to make; starts the embedded server when first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._prepared: set[Database] = set()

    @cached_property
    def master_key(self) -> MasterKey:
        """The key from which credentials' and roles' keys derive, with the tenants' data keys that it opens."""
        bare = load_master_key(self.settings)

        def open_tenant(tenant_id: UUID) -> contextlib.AbstractContextManager[psycopg.Connection]:
            return self.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id)

        return replace(bare, data_keys=DataKeys(bare, open_tenant, lambda: load_master_key(self.settings)))

    def admin_url(self, database: Database) -> str:
        """The address with the right to create roles: the embedded superuser or the settings' own user."""
        given = self._given_url(database)
        return given or self._embedded_url(database, SUPERUSER)

    def url(self, database: Database, role: Role) -> str:
        """A libpq connection URI of ``database`` for the login role ``role``."""
        given = self._given_url(database)
        if given is None:
            return self._embedded_url(database, role.login)
        parts = urlsplit(given)
        host = parts.netloc.rpartition("@")[2]
        password = quote(self.master_key.role_password(role.login), safe="")
        return urlunsplit(parts._replace(netloc=f"{role.login}:{password}@{host}"))

    def prepare(self) -> None:
        """Create roles, databases and schemas and apply migrations: safe to repeat, and cheap when all is current.

        Raises:
            DatabaseUnavailable: a server can't be reached or refuses.
        """
        for database in Database:
            if database not in self._prepared:
                self._prepare(database)
                self._prepared.add(database)

    def connect(self, database: Database, role: Role) -> psycopg.Connection:
        """An autocommit connection without a tenant: tenant tables raise until a transaction names one."""
        return _connect(self.url(database, role), f"{database} database as {role.login}")

    @contextlib.contextmanager
    def tenant_transaction(
        self,
        database: Database,
        role: Role,
        context: TenantContext | UUID,
        *,
        read_only: bool = False,
        isolation: str | None = None,
    ) -> Iterator[psycopg.Connection]:
        """A connection inside one transaction of one tenant; committed at the end, rolled back on an exception.

        A bare tenant id means the product's own work for the tenant, with every permission.
        """
        with (
            self.connect(database, role) as connection,
            bound(connection, context, read_only=read_only, isolation=isolation),
        ):
            yield connection

    @contextlib.contextmanager
    def all_tenants_transaction(self, database: Database, *, reason: str) -> Iterator[psycopg.Connection]:
        """A transaction that sees every tenant's rows of the warehouse, or the operational list of tenants.

        ``reason`` says why one tenant will not do; it stands in the session's application name, where the
        server's operator sees it.
        """
        with self.connect(database, Role.PIPELINE) as connection, connection.transaction():
            connection.execute("select set_config('application_name', %s, true)", (f"all tenants: {reason}"[:63],))
            connection.execute(f"set local role {bootstrap.ALL_TENANTS_ROLE}")
            yield connection

    def _given_url(self, database: Database) -> str | None:
        return self.settings.database_url if database is Database.OPERATIONAL else self.settings.warehouse_url

    def _embedded_url(self, database: Database, user: str) -> str:
        server = start_embedded(self.settings.home_path)
        socket = quote(str(server.socket), safe="")
        return f"postgresql://{user}@/{_EMBEDDED_NAMES[database]}?host={socket}&port={PORT}"

    def _prepare(self, database: Database) -> None:
        url = self.admin_url(database)
        name = urlsplit(url).path.lstrip("/")
        owner = self.url(database, Role.OWNER)
        migrations = _MIGRATIONS[database]
        with contextlib.suppress(psycopg.OperationalError, psycopg.ProgrammingError):
            if migrate.is_current(owner, migrations):
                return
        given = self._given_url(database)
        passwords = None if given is None else {r.login: self.master_key.role_password(r.login) for r in Role}
        maintenance = urlunsplit(urlsplit(url)._replace(path="/postgres"))
        with _connect(maintenance, f"{database} server") as admin:
            bootstrap.ensure_roles(admin, passwords)
            bootstrap.ensure_database(admin, name)
        with _connect(url, f"{database} database") as admin:
            bootstrap.secure_database(admin, name)
            bootstrap.name_missing_context(admin, name)
            migrate.upgrade(owner, migrations)
            if database is Database.WAREHOUSE:
                bootstrap.ensure_built_schemas(admin)
                bootstrap.ensure_guard(admin)


@contextlib.contextmanager
def bound(
    connection: psycopg.Connection,
    context: TenantContext | UUID,
    *,
    read_only: bool = False,
    isolation: str | None = None,
) -> Iterator[psycopg.Connection]:
    """One transaction of ``context`` on an autocommit connection."""
    connection.execute(begin_statement(context, read_only=read_only, isolation=isolation).encode())
    try:
        yield connection
    except BaseException:
        if not connection.closed:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connect(url: str, what: str) -> psycopg.Connection:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="tekup")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DatabaseUnavailable(
            f"can't connect to the {what}: {reason}",
            hint="check TEKUP_DATABASE_URL and TEKUP_WAREHOUSE_URL, and that the server is up",
        ) from None
