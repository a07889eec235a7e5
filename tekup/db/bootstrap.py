"""The cluster-wide part of the database: roles, databases and the guard that secures new relations.

Tables, policies and grants belong to the migrations.
"""

import psycopg
from psycopg import sql

from tekup.errors import DatabaseUnavailable

LOGIN_ROLES = ("tekup_owner", "tekup_pipeline", "tekup_app", "tekup_reader", "tekup_worker")
ALL_TENANTS_ROLE = "tekup_all_tenants"
"""May read every tenant's rows of the warehouse, the list of tenants and counts of webhooks. It can't log in: the
pipeline must switch to it by name, with a reason (`tekup.db.doors.all_tenants_transaction`)."""
SIGN_IN_ROLE = "tekup_sign_in"
"""Owns the one function that finds a user before a tenant is known. It can't log in."""
EVENTS_ROLE = "tekup_events"
"""Owns the functions that number events and find tenants with news. It sees positions and no payload; no log-in."""
MASKED_ROLE = "tekup_masked"
"""Owns the views that leave people out, and has no right on the columns that they leave out. It can't log in."""
_NOLOGIN_ROLES = (ALL_TENANTS_ROLE, SIGN_IN_ROLE, EVENTS_ROLE, MASKED_ROLE)

WAREHOUSE_SCHEMAS = ("raw_hubspot", "raw_stripe", "raw_kit", "raw_operational", "ops", "ml")
BUILT_SCHEMAS = ("staging", "intermediate", "marts")

_BOOTSTRAP_LOCK = 7_203_001


def ensure_roles(admin: psycopg.Connection, passwords: dict[str, str] | None) -> None:
    """Create the roles where they are missing; give the login roles their passwords.

    ``admin`` is an autocommit connection of a user that may create roles. ``passwords`` is None on the embedded
    server, where only the operating system's user can reach the socket.
    """
    admin.execute("select pg_advisory_lock(%s)", (_BOOTSTRAP_LOCK,))
    try:
        existing = {row[0] for row in admin.execute("select rolname from pg_roles where rolname like 'tekup%'")}
        for role in LOGIN_ROLES:
            if role not in existing:
                # noinherit: what a role may switch to must not widen what it sees without switching
                admin.execute(sql.SQL("create role {} login noinherit").format(sql.Identifier(role)))
            if passwords is not None:
                admin.execute(
                    sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(passwords[role]))
                )
        for role in ("tekup_app", "tekup_reader"):
            # whoever may delete rows may lock their table for everybody: an abandoned transaction must not keep it
            admin.execute(f"alter role {role} set idle_in_transaction_session_timeout = '60s'")
        for role in LOGIN_ROLES:
            # a server's default compiles each of a build's many-step queries for a second and runs it for milliseconds
            admin.execute(f"alter role {role} set jit = off")
        for role in _NOLOGIN_ROLES:
            if role not in existing:
                admin.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
        admin.execute(f"grant {ALL_TENANTS_ROLE} to tekup_pipeline")
        admin.execute(f"grant {SIGN_IN_ROLE}, {EVENTS_ROLE}, {MASKED_ROLE} to tekup_owner")
        if not _is_superuser(admin):
            # what a superuser may do by itself: make things that belong to these roles
            for role in ("tekup_owner", *_NOLOGIN_ROLES):
                admin.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))
        # a login role that can bypass row-level security would undo every policy: refuse to work with one
        strong = admin.execute(
            "select rolname from pg_roles where rolname = any(%s) and (rolsuper or rolbypassrls)",
            ([*LOGIN_ROLES, *_NOLOGIN_ROLES],),
        ).fetchall()
        if strong:
            raise DatabaseUnavailable(
                f"role {strong[0][0]} is superuser or bypasses row-level security",
                hint=f"alter role {strong[0][0]} nosuperuser nobypassrls",
            )
    finally:
        admin.execute("select pg_advisory_unlock(%s)", (_BOOTSTRAP_LOCK,))


def ensure_database(admin: psycopg.Connection, name: str) -> None:
    """Create database ``name``, owned by the owner role, closed to PUBLIC; an existing one is left as it is."""
    admin.execute("select pg_advisory_lock(%s)", (_BOOTSTRAP_LOCK,))
    try:
        if admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
            admin.execute(
                sql.SQL("create database {} owner tekup_owner encoding 'UTF8' template template0").format(
                    sql.Identifier(name)
                )
            )
    finally:
        admin.execute("select pg_advisory_unlock(%s)", (_BOOTSTRAP_LOCK,))


def secure_database(admin: psycopg.Connection, name: str) -> None:
    """Close database ``name`` (which ``admin`` is connected to) to all but the product's roles."""
    identifier = sql.Identifier(name)
    with admin.transaction():
        admin.execute("select pg_advisory_xact_lock(%s)", (_BOOTSTRAP_LOCK,))
        admin.execute(sql.SQL("revoke all on database {} from public").format(identifier))
        admin.execute("revoke all on schema public from public")
        admin.execute(sql.SQL("grant create, connect, temporary on database {} to tekup_owner").format(identifier))
        admin.execute(sql.SQL("grant connect, temporary on database {} to tekup_pipeline").format(identifier))
        admin.execute(sql.SQL("grant temporary on database {} to tekup_all_tenants").format(identifier))
        if _is_superuser(admin):
            # a transaction is opened by SET LOCAL: an expression injected into a query can't call this to name another
            # tenant or role. Where the operator keeps such rights to himself the revocation has no effect.
            admin.execute("revoke execute on function pg_catalog.set_config(text, text, boolean) from public")
            admin.execute(
                "grant execute on function pg_catalog.set_config(text, text, boolean) to tekup_owner, tekup_pipeline, "
                f"{ALL_TENANTS_ROLE}"
            )
        # no temporary tables for these two: one could shadow a table that a query means
        admin.execute(
            sql.SQL("grant connect on database {} to tekup_app, tekup_reader, tekup_worker").format(identifier)
        )


def name_missing_context(admin: psycopg.Connection, name: str) -> None:
    """Have a query without a tenant fail with the words "no tenant context", which the policies then cast to uuid.

    Only a superuser may give a database such a default; without it the query fails all the same, with PostgreSQL's
    own words about an unrecognised parameter.
    """
    if _is_superuser(admin):
        statement = sql.SQL("alter database {} set app.tenant_id = 'no tenant context'")
        admin.execute(statement.format(sql.Identifier(name)))


def ensure_built_schemas(admin: psycopg.Connection) -> None:
    """The schemas that dbt builds, owned by the all-tenants role that dbt switches to."""
    for schema in BUILT_SCHEMAS:
        identifier = sql.Identifier(schema)
        admin.execute(sql.SQL("create schema if not exists {} authorization tekup_all_tenants").format(identifier))
    admin.execute("grant usage on schema marts to tekup_reader, tekup_app")
    admin.execute("grant usage on schema staging, intermediate, marts to tekup_pipeline")
    admin.execute(f"grant usage on schema marts to {MASKED_ROLE}")
    with admin.transaction():
        # what was built before a guard learned something is secured as what is built now
        admin.execute(f"set local role {ALL_TENANTS_ROLE}")
        admin.execute(
            "select ops.secure_relation(c.oid::regclass) from pg_class as c "
            "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p') "
            "and c.relowner = current_user::regrole"
        )


def ensure_guard(admin: psycopg.Connection) -> bool:
    """Have the database itself secure each relation at its creation, and refuse materialized views.

    dbt's hook calls the same function, so where the server's operator keeps event triggers to himself (they need a
    superuser) a relation is still secured in the transaction that creates it. Returns whether the trigger stands.
    """
    if not _is_superuser(admin):
        return False
    with admin.transaction():
        admin.execute("select pg_advisory_xact_lock(%s)", (_BOOTSTRAP_LOCK,))
        admin.execute(_GUARD)
    return True


def _is_superuser(admin: psycopg.Connection) -> bool:
    return admin.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (True,)


_GUARD = """
create or replace function ops.guard_relations() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    command record;
begin
    for command in select * from pg_event_trigger_ddl_commands() loop
        if command.schema_name in ('staging', 'intermediate', 'marts')
           and command.object_type in ('table', 'view', 'materialized view') then
            perform ops.secure_relation(command.objid::regclass);
        end if;
    end loop;
end
$$;
revoke all on function ops.guard_relations() from public;
drop event trigger if exists tekup_guard_relations;
create event trigger tekup_guard_relations on ddl_command_end
    when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE VIEW', 'CREATE MATERIALIZED VIEW')
    execute function ops.guard_relations();
"""
