"""What must hold for every object of both databases, each rule as one query that finds what breaks it.

How rules are run and which objects are excused stands in `tekup.db.lint`.
"""

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its query gives the objects that break it, each with a detail."""

    name: str
    mend: str
    query: LiteralString


TENANT_FORM: LiteralString = "(tenant_id = ( SELECT (current_setting('app.tenant_id'::text))::uuid AS current_setting))"
"""The measured form of the policy that opens a tenant's rows, as PostgreSQL spells it."""

# jobs is the schema of a library's queue: it has no tenants, and one rule below keeps everybody but its worker out
_OURS: LiteralString = "n.nspname !~ '^(pg_|information_schema$|migration$|jobs$)'"
_RELATION: LiteralString = (
    "select format('%I.%I', n.nspname, c.relname), {detail} from pg_class as c "
    "join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " where {condition}"
)
_TENANT_TABLE: LiteralString = (
    "exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)"
)
_POLICY: LiteralString = (
    "select format('%I.%I: %s', n.nspname, c.relname, p.polname), {detail} from pg_policy as p "
    "join pg_class as c on c.oid = p.polrelid join pg_namespace as n on n.oid = c.relnamespace and "
    + _OURS
    + " where {condition}"
)
_FUNCTION: LiteralString = (
    "select format('%s', p.oid::regprocedure), {detail} from pg_proc as p "
    "join pg_namespace as n on n.oid = p.pronamespace and " + _OURS + " where {condition}"
)
_WEAK_OWNER: LiteralString = (
    "exists (select from pg_roles as o where o.oid = c.relowner and o.rolname = 'tekup_masked' "
    "and not o.rolcanlogin and not o.rolsuper and not o.rolbypassrls)"
)


def _relations(condition: LiteralString, detail: LiteralString = "''") -> LiteralString:
    return _RELATION.replace("{condition}", condition).replace("{detail}", detail)


def _policies(condition: LiteralString, detail: LiteralString = "''") -> LiteralString:
    quoted: LiteralString = "$form$" + TENANT_FORM + "$form$"
    return _POLICY.replace("{condition}", condition).replace("{detail}", detail).replace("{form}", quoted)


def _functions(condition: LiteralString, detail: LiteralString = "''") -> LiteralString:
    return _FUNCTION.replace("{condition}", condition).replace("{detail}", detail)


TABLES = (
    Rule(
        "table without forced row-level security",
        "alter table … enable row level security, force row level security",
        _relations("c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)"),
    ),
    Rule(
        "table without a policy that opens rows",
        "create its tenant_isolation policy; without one it is empty for everybody",
        _relations(
            "c.relkind in ('r', 'p') and c.relrowsecurity "
            "and not exists (select from pg_policy as p where p.polrelid = c.oid and p.polpermissive)"
        ),
    ),
    Rule(
        "table without a tenant",
        "add tenant_id uuid not null as its first column",
        _relations(
            "c.relkind in ('r', 'p') and not exists (select from pg_attribute as a where a.attrelid = c.oid "
            "and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype "
            "and (a.attnotnull or n.nspname in ('staging', 'intermediate', 'marts')))"
        ),
    ),
    Rule(
        "tenant table that its roles reach without the tenant's policy",
        "create its tenant_isolation policy for this role",
        "select format('%I.%I', n.nspname, c.relname), r.rolname from pg_class as c "
        "join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " cross join pg_roles as r "
        "where c.relkind in ('r', 'p') and " + _TENANT_TABLE + " and r.rolname like 'tekup%' and r.rolcanlogin "
        "and (has_table_privilege(r.oid, c.oid, 'select, insert, update, delete') or "
        "has_any_column_privilege(r.oid, c.oid, 'select, insert, update')) "
        "and not exists (select from pg_policy as p where p.polrelid = c.oid and p.polpermissive "
        "and r.oid = any(p.polroles))",
    ),
    Rule("materialized view", "make it a table: it can't carry policies", _relations("c.relkind = 'm'")),
    Rule("foreign table", "copy its rows into a table under policies", _relations("c.relkind = 'f'")),
    Rule(
        "view with its owner's rights",
        "alter view … set (security_invoker = true)",
        _relations(
            "c.relkind = 'v' and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], "
            "false) and not " + _WEAK_OWNER,
            "'owner ' || c.relowner::regrole",
        ),
    ),
    Rule(
        "index that does not begin with the tenant",
        "put tenant_id first; a unique one would also tell whether another tenant has the value",
        "select format('%I.%I', n.nspname, ic.relname), c.relname::text from pg_index as i "
        "join pg_class as c on c.oid = i.indrelid join pg_class as ic on ic.oid = i.indexrelid "
        "join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " where " + _TENANT_TABLE + " "
        "and not exists (select from pg_attribute as a where a.attrelid = c.oid and a.attnum = i.indkey[0] "
        "and a.attname = 'tenant_id')",
    ),
    Rule(
        "foreign key without the tenant",
        "make it a key of (tenant_id, …): else it may point at another tenant's row, and tells whether there is one",
        "select format('%s: %s', k.conrelid::regclass, k.conname), k.confrelid::regclass::text from pg_constraint as k "
        "join pg_class as c on c.oid = k.conrelid join pg_namespace as n on n.oid = c.relnamespace and "
        + _OURS
        + " where k.contype = 'f' and not exists (select from pg_attribute as a where a.attrelid = k.conrelid "
        "and a.attnum = any(k.conkey) and a.attname = 'tenant_id')",
    ),
    Rule(
        "exclusion constraint without the tenant",
        "exclude with tenant_id with =, or else it tells what other tenants have",
        "select format('%s: %s', k.conrelid::regclass, k.conname), '' from pg_constraint as k "
        "join pg_class as c on c.oid = k.conrelid join pg_namespace as n on n.oid = c.relnamespace and "
        + _OURS
        + " where k.contype = 'x' and not exists (select from pg_attribute as a where a.attrelid = k.conrelid "
        "and a.attnum = any(k.conkey) and a.attname = 'tenant_id')",
    ),
    Rule(
        "rewrite rule",
        "use a trigger: a rule's statements run with the rights of the table's owner",
        "select format('%s: %s', r.ev_class::regclass, r.rulename), '' from pg_rewrite as r "
        "join pg_class as c on c.oid = r.ev_class join pg_namespace as n on n.oid = c.relnamespace and "
        + _OURS
        + " where r.rulename <> '_RETURN'",
    ),
    Rule(
        "counter that tells how much others write",
        "revoke select on the column: gaps in it count all tenants' rows",
        "select format('%I.%I.%I', n.nspname, c.relname, a.attname), r.rolname from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " "
        "cross join pg_roles as r left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum "
        "where c.relkind in ('r', 'p') and r.rolname in ('tekup_app', 'tekup_reader') and " + _TENANT_TABLE + " "
        "and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%') "
        "and has_column_privilege(r.oid, c.oid, a.attnum, 'select')",
    ),
)

POLICIES = (
    Rule("policy for everybody", "name its roles", _policies("0 = any(p.polroles)")),
    Rule(
        "policy that opens rows in another form",
        "use tenant_id = (select current_setting('app.tenant_id')::uuid): others were measured slower or leak",
        _policies(
            "p.polpermissive and exists (select from pg_roles as r where r.oid = any(p.polroles) and (r.rolcanlogin "
            "or r.rolname = 'tekup_masked')) and (p.polcmd <> 'a' and pg_get_expr(p.polqual, p.polrelid) is distinct "
            "from {form} or p.polcmd in ('a', 'w', '*') and p.polwithcheck is not null "
            "and pg_get_expr(p.polwithcheck, p.polrelid) <> {form})",
            "coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(' / ' || "
            "pg_get_expr(p.polwithcheck, p.polrelid), '')",
        ),
    ),
    Rule(
        "two policies that open rows for one role",
        "keep one: their OR hides the index (73 times slower) and widens what is seen",
        "select format('%s for %s', p.polrelid::regclass, r.rolname), string_agg(p.polname, ', ') from pg_policy as p "
        "join pg_roles as r on exists (select from unnest(p.polroles) as g (role) where pg_has_role(r.oid, g.role, "
        "'usage')) where p.polpermissive and r.rolname like 'tekup%' and not r.rolsuper group by p.polrelid, r.rolname "
        "having count(*) > 1",
    ),
    Rule(
        "policy that closes nothing",
        "drop it: a restrictive policy that is always true protects nobody",
        _policies("not p.polpermissive and coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') = 'true' "
                  "and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true'"),
    ),
    Rule(
        "policy that calls a function of ours",
        "write the expression out: an IMMUTABLE one is folded into a cached plan with one tenant's value",
        "select format('%s: %s', p.polrelid::regclass, p.polname), d.refobjid::regprocedure::text from pg_policy as p "
        "join pg_depend as d on d.classid = 'pg_policy'::regclass and d.objid = p.oid "
        "and d.refclassid = 'pg_proc'::regclass",
    ),
    Rule(
        "policy that reads a table without policies",
        "put the table that it reads under forced row-level security",
        "select format('%s: %s', p.polrelid::regclass, p.polname), c.oid::regclass::text from pg_policy as p "
        "join pg_depend as d on d.classid = 'pg_policy'::regclass and d.objid = p.oid "
        "and d.refclassid = 'pg_class'::regclass and d.refobjid <> p.polrelid join pg_class as c on c.oid = d.refobjid "
        "where not (c.relrowsecurity and c.relforcerowsecurity)",
    ),
)  # fmt: skip

FUNCTIONS = (
    Rule(
        "function with its owner's rights",
        "drop security definer, or excuse it in tekup/db/lint.py with the reason why it leaks nothing",
        _functions("p.prosecdef", "'owner ' || p.proowner::regrole"),
    ),
    Rule(
        "function with its owner's rights and a search path of its caller's",
        "set search_path = pg_catalog, pg_temp",
        _functions(
            "p.prosecdef and not exists (select from unnest(p.proconfig) as s (setting) "
            "where s.setting ~ '^search_path=.*pg_temp$')"
        ),
    ),
    Rule(
        "function with its owner's rights whose owner is strong",
        "give it to a role that can't log in and may do only what the function does",
        _functions(
            "p.prosecdef and exists (select from pg_roles as o where o.oid = p.proowner and (o.rolsuper or "
            "o.rolbypassrls or o.rolcanlogin))",
            "'owner ' || p.proowner::regrole",
        ),
    ),
    Rule(
        "function that anybody may call",
        "revoke all on function … from public",
        _functions("exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g "
                   "where g.grantee = 0)"),
    ),
    Rule(
        "function said to be leakproof",
        "drop leakproof: an error or a notice would tell rows",
        _functions("p.proleakproof"),
    ),
)  # fmt: skip

_GRANT: LiteralString = (
    "select format('%s', o.name), string_agg(distinct g.privilege_type, ', ') from ("
    "select format('%I.%I', n.nspname, c.relname) as name, c.relacl as acl from pg_class as c "
    "join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " union all "
    "select format('schema %I', n.nspname), n.nspacl from pg_namespace as n where " + _OURS + " union all "
    "select format('column %s.%I', a.attrelid::regclass, a.attname), a.attacl from pg_attribute as a "
    "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " "
    "union all select 'this database', coalesce(d.datacl, acldefault('d', d.datdba)) from pg_database as d "
    "where d.datname = current_database()"
    ") as o cross join aclexplode(o.acl) as g where g.grantee = 0 group by o.name"
)

ROLES = (
    Rule("right of everybody", "revoke it from public", _GRANT),
    Rule(
        "default right of future objects",
        "alter default privileges … revoke it: a table would be open before its policy stands",
        "select coalesce(d.defaclnamespace::regnamespace::text, 'all schemas'), g.grantee::regrole::text "
        "from pg_default_acl as d cross join aclexplode(d.defaclacl) as g where d.defaclobjtype in ('r', 'S') "
        "and g.grantee <> d.defaclrole",
    ),
    Rule(
        "role that could get around policies",
        "alter role … nosuperuser nobypassrls nocreaterole nocreatedb noreplication",
        "select rolname, concat_ws(', ', case when rolsuper then 'superuser' end, case when rolbypassrls then "
        "'bypassrls' end, case when rolcreaterole then 'createrole' end, case when rolcreatedb then 'createdb' end, "
        "case when rolreplication then 'replication' end, case when rolcanlogin and rolinherit then 'inherits' end) "
        "from pg_roles where rolname like 'tekup%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb "
        "or rolreplication or rolcanlogin and rolinherit)",
    ),
    Rule(
        "role that may become another",
        "revoke the membership",
        "select format('%s → %s', m.member::regrole, m.roleid::regrole), '' from pg_auth_members as m "
        "join pg_roles as r on r.oid = m.member where r.rolname like 'tekup%'",
    ),
    Rule(
        "right that policies do not bind",
        "revoke it: truncate, triggers, references and maintenance go around row-level security",
        "select format('%I.%I', n.nspname, c.relname), format('%s to %s', g.privilege_type, g.grantee::regrole) "
        "from pg_class as c join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " "
        "cross join aclexplode(c.relacl) as g where g.grantee <> c.relowner "
        "and g.privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN')",
    ),
    Rule(
        "reader that may write",
        "revoke it from tekup_reader",
        _relations(
            "c.relkind in ('r', 'p', 'v', 'S') and (c.relkind = 'S' and has_sequence_privilege('tekup_reader', c.oid, "
            "'usage, update') or c.relkind <> 'S' and (has_table_privilege('tekup_reader', c.oid, 'insert, update, "
            "delete') or has_any_column_privilege('tekup_reader', c.oid, 'insert, update')))"
        ),
    ),
    Rule(
        "queue that others than its worker reach",
        "revoke usage on schema jobs; app.defer_job puts jobs in",
        "select format('schema %I', n.nspname), r.rolname from pg_namespace as n cross join pg_roles as r "
        "where n.nspname = 'jobs' and r.rolname like 'tekup%' and r.rolname not in ('tekup_worker', 'tekup_owner') "
        "and has_schema_privilege(r.oid, n.oid, 'usage')",
    ),
    Rule(
        "role that may make objects",
        "revoke create or temporary: what it makes could stand in for what a query means",
        "select format('%s: %s', r.rolname, n.nspname), 'create' from pg_roles as r cross join pg_namespace as n "
        "where r.rolname in ('tekup_app', 'tekup_reader', 'tekup_pipeline') and n.nspname !~ '^pg_' "
        "and has_schema_privilege(r.oid, n.oid, 'create') union all "
        "select format('%s: %s', r.rolname, right_name), 'this database' from pg_roles as r "
        "cross join (values ('create'), ('temporary')) as wanted (right_name) "
        "where r.rolname in ('tekup_app', 'tekup_reader') "
        "and has_database_privilege(r.oid, current_database(), right_name)",
    ),
    Rule(
        "secret that readers may read",
        "revoke select on the column from tekup_reader",
        "select format('%I.%I.%I', n.nspname, c.relname, a.attname), r.rolname from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace and " + _OURS + " "
        "cross join pg_roles as r where c.relkind in ('r', 'p', 'v') "
        "and r.rolname in ('tekup_reader', 'tekup_pipeline') "
        "and a.attname ~ '(password|secret|token|key)_hash$|_secret$|_seed$' "
        "and has_schema_privilege(r.oid, n.oid, 'usage') and has_column_privilege(r.oid, c.oid, a.attnum, 'select')",
    ),
)

SERVER = (
    Rule(
        "extension that reaches beyond the database",
        "drop extension, or excuse it in tekup/db/lint.py",
        "select extname, '' from pg_extension where extname <> 'plpgsql'",
    ),
    Rule(
        "language that is not trusted",
        "drop it",
        "select lanname, '' from pg_language where lanispl and not lanpltrusted",
    ),
    Rule(
        "stream of changes without policies",
        "drop the publication: it sends every tenant's rows",
        "select pubname, 'publication' from pg_publication",
    ),
    Rule(
        "server or user mapping of another database",
        "drop it: it reads with another role's rights",
        "select srvname, 'foreign server' from pg_foreign_server",
    ),
    Rule(
        "large object",
        "keep it in a table: large objects have no policies",
        "select oid::text, '' from pg_largeobject_metadata",
    ),
)

RULES = (*TABLES, *POLICIES, *FUNCTIONS, *ROLES, *SERVER)
