"""How an attack is tried: as a real log-in, in the context of tenant A, on every relation of both databases."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from tekup.db import Database, Role
from tekup.db.lint import EXCUSED, lint
from tests.security import probes
from tests.security.conftest import ATTACKERS, System
from tests.security.probes import Relation

DENIED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidSchemaName,  # no schema that the role may create in
)


def clean(system: System, *rules: str) -> None:
    """These rules of the linter hold in both databases; `test_lint` proves that each finds what it is for."""
    for database in Database:
        with system.admin(database) as admin:
            found = [f for f in lint(admin, database.value) if f.rule in rules and (f.rule, f.name) not in EXCUSED]
        assert [str(finding) for finding in found] == []


def targets(system: System, right: str = "select") -> Iterator[tuple[Role, Database, psycopg.Connection, Relation]]:
    """Every attacker's connection in A's transaction, with every relation that his log-in has ``right`` on."""
    for database in Database:
        with system.admin(database) as admin:
            relations = probes.relations_of(admin)
            allowed = {role: [r for r in relations if probes.may(admin, role.login, r, right)] for role in ATTACKERS}
        for role in ATTACKERS:
            with system.doors.tenant_transaction(database, role, system.a) as connection:
                for relation in allowed[role]:
                    yield role, database, connection, relation


def refuse(connection: psycopg.Connection, *statements: str | sql.Composed) -> None:
    """Each statement is refused for want of a right."""
    for statement in statements:
        text = statement.encode() if isinstance(statement, str) else statement
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(text)
        except DENIED:
            continue
        raise AssertionError(f"not refused: {statement!r}")


def others_rows(connection: psycopg.Connection, relation: Relation, system: System, query: str) -> int:
    """How many rows that are not A's a query on the relation gives; ``query`` names it {r}."""
    text = sql.SQL(query).format(r=relation.identifier)  # type: ignore[arg-type]
    rows = connection.execute(text).fetchall()
    return sum(1 for row in rows if row[0] != system.a)
