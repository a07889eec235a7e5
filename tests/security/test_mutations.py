"""Each policy dropped, and each opened wide, once: a check turns red every time."""

from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tekup.db import Database
from tekup.db.lint_rules import POLICIES, TABLES
from tests.security import probes
from tests.security.conftest import System
from tests.security.probes import Relation

pytestmark = pytest.mark.slow

_POLICIES = """
select n.nspname, c.relname, p.polname, p.polpermissive, p.polcmd::text, array(
    select r.rolname::text from pg_roles r where r.oid = any(p.polroles) order by 1
) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
order by 1, 2, 3
"""


READS = frozenset({"leads:read", "scores:read", "tokens:read", "connections:read", "audit:read", "contacts:read"})


def behaviour(admin: psycopg.Connection, relation: Relation, logins: list[str], a: UUID, b: UUID) -> list[object]:
    """What the attacks look at, for the roles that a policy names."""
    seen: list[object] = []
    for login in logins:
        if login in probes.LOGINS:
            seen.append(probes.wrong_reads(admin, relation, login, a, b))
            seen.append(probes.wrong_writes(admin, relation, login, a, b))
        if login == "tekup_app":
            seen.append(probes.refused(admin, relation, login, a))
            # who may read everything may still not write
            seen.append(probes.refused(admin, relation, login, a, frozenset({"persons:read", *READS})))
            seen.append(special_rules(admin, relation, a))
        if login not in probes.LOGINS:
            seen.append(through_switching(admin, relation, login, a))
    return seen


def through_switching(admin: psycopg.Connection, relation: Relation, login: str, a: UUID) -> object:
    """What a role that can't log in sees: all tenants' rows where that is its work, one's where it owns views."""
    with admin.transaction(force_rollback=True):
        probes.become(admin, login, probes.TenantContext.system(a))
        full = probes.outcome(admin, sql.SQL("select tenant_id from {}").format(relation.identifier))
    with admin.transaction(force_rollback=True):
        probes.become(admin, login, probes.TenantContext(a, "nobody"))
        return full, probes.outcome(admin, sql.SQL("select tenant_id from {}").format(relation.identifier))


def special_rules(admin: psycopg.Connection, relation: Relation, a: UUID) -> list[object]:
    """Owners are owners' alone, a salesperson's leads his own where the tenant says so, and a view its maker's."""
    maker, other = UUID(int=1), UUID(int=2)
    if str(relation) == "app.users":
        wanted = [
            sql.SQL("update app.users set status = status where role = 'owner'"),
            sql.SQL("delete from app.users where role = 'owner'"),
            sql.SQL("update app.users set role = 'owner' where role <> 'owner'"),
            sql.SQL("insert into app.users (tenant_id, email, role) values ({}, 'q@example.dk', 'owner')").format(
                str(a)
            ),
        ]
        prepare = sql.SQL(
            "insert into app.users (tenant_id, id, email, role) values "
            "({a}, gen_random_uuid(), 'o@example.dk', 'owner'), ({a}, gen_random_uuid(), 's@example.dk', 'sales')"
        ).format(a=str(a))
        contexts = [probes.TenantContext(a, "admin", frozenset({"users:write"}))]
    elif str(relation) == "app.leads":
        wanted = [sql.SQL("select count(*) from app.leads")]
        prepare = sql.SQL(
            'update app.tenants set settings = \'{{"sales_see": "own"}}\'; update app.leads set owner_id = {}'
        ).format("00000000-0000-0000-0000-00000000ffff")
        contexts = [probes.TenantContext(a, "sales", frozenset({"leads:read", "persons:read"}), maker)]
    elif str(relation) == "app.saved_views":
        wanted = [sql.SQL("update app.saved_views set name = default"), sql.SQL("delete from app.saved_views")]
        prepare = sql.SQL("update app.saved_views set is_shared = true, owner_id = {}").format(str(maker))
        # somebody else with the right to change views, and the maker without it: neither may
        contexts = [
            probes.TenantContext(a, "sales", frozenset({"views:write"}), other),
            probes.TenantContext(a, "viewer", frozenset(), maker),
        ]
    else:
        return []
    seen = []
    for context in contexts:
        with admin.transaction(force_rollback=True):
            admin.execute("set local session_replication_role = replica")
            for statement in prepare.as_string(admin).split("; "):
                admin.execute(statement.encode())
            probes.become(admin, "tekup_app", context)
            seen += [
                probes.outcome(admin, one if isinstance(one, sql.Composed) else sql.Composed([one])) for one in wanted
            ]
    return seen


def red_rules(admin: psycopg.Connection, relation: Relation) -> set[str]:
    """The linter's rules on tables and policies that this relation breaks."""
    return {
        rule.name
        for rule in (*TABLES, *POLICIES)
        for name, _ in admin.execute(rule.query).fetchall()
        if name.startswith((str(relation) + " ", str(relation) + ":")) or name == str(relation)
    }


def mutants(policy: tuple[str, str, str, bool, str, list[str]]) -> dict[str, sql.Composed]:
    """The policy dropped, and the policy always true."""
    schema, table, name, _, command, _ = policy
    target = {"p": sql.Identifier(name), "t": sql.Identifier(schema, table)}
    clauses = {"r": "using (true)", "d": "using (true)", "a": "with check (true)"}.get(
        command, "using (true) with check (true)"
    )
    return {
        "dropped": sql.SQL("drop policy {p} on {t}").format(**target),
        "opened": sql.SQL("alter policy {p} on {t} " + clauses).format(**target),  # type: ignore[arg-type]
    }


@pytest.mark.parametrize("database", list(Database))
def test_every_policy_that_is_dropped_or_opened_turns_a_check_red(system: System, database: Database) -> None:
    survived, tried = [], 0
    with system.admin(database) as admin, admin.transaction(force_rollback=True):
        relations = {(r.schema, r.name): r for r in probes.relations_of(admin)}
        for policy in admin.execute(_POLICIES).fetchall():
            relation = relations.get(policy[:2], Relation(policy[0], policy[1], "r", ()))
            logins = policy[5]
            has_tenant = policy[:2] in relations
            before = behaviour(admin, relation, logins, system.a, system.b) if has_tenant else None
            for how, statement in mutants(policy).items():
                if _changes_nothing(admin, relation, policy, how):
                    continue
                tried += 1
                with admin.transaction(force_rollback=True):
                    admin.execute(statement)
                    after = behaviour(admin, relation, logins, system.a, system.b) if has_tenant else None
                    if before == after and not red_rules(admin, relation):
                        survived.append(f"{policy[2]} on {relation} {how}")
    print(f"{database}: {tried} mutants, {len(survived)} survived")
    assert survived == [], "\n".join(survived)
    assert tried > 50


def _changes_nothing(
    admin: psycopg.Connection, relation: Relation, policy: tuple[str, str, str, bool, str, list[str]], how: str
) -> bool:
    """Whether no caller could notice: the policy is `true` as it stands, or none of its roles has any right there."""
    logins = [login for login in policy[5] if login in (*probes.LOGINS, "tekup_masked")]
    if how == "opened":
        return policy[3] and (not logins or relation.schema == "jobs")
    named = {"r": "select", "a": "insert", "w": "update", "d": "delete"}
    rights = (named[policy[4]],) if policy[4] in named else tuple(named.values())
    return bool(logins) and not any(
        probes.may(admin, login, relation, right) for login in logins if login != "tekup_owner" for right in rights
    )
