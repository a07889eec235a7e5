"""Asks the live catalogue whether the database keeps tenants apart. The rules are `tekup.db.lint_rules`'s."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from tekup.db.doors import Database, Doors, Role
from tekup.db.lint_rules import RULES

_NO_TENANT = "table without a tenant"
_OPEN = "table without forced row-level security"
_DEFINER = "function with its owner's rights"
_MEMBER = "role that may become another"
_INDEX = "index that does not begin with the tenant"

_DEFER = "app.defer_job(text,jsonb,text,timestamp with time zone)"
_BUILT_LATER = ("staging.", "intermediate.", "marts.")
"""What dbt builds may not be there yet."""

EXCUSED: Mapping[tuple[str, str], str] = {
    **{
        (rule, table): reason
        for table, reason in {
            "ml.model_promotion": "the history of which model was live: versions and names, no tenant's row",
            "ml.model_version": "versions of the pooled model and their figures",
            "ops.mart_build": "what dbt's tables were built from",
            "ops.stage_state": "fingerprints of the main job's stages",
            "app.rate_bucket": "requests counted by hashed key, before a tenant is known",
            "sign_in.attempt": "failed sign-ins by keyed hash, before a tenant is known",
            "sign_in.known_place": "where somebody signed in from before, by keyed hash",
            "sign_in.signing_key": "sealed seeds of the keys that sign access tokens",
            "raw_ecb.exchange_rates": "rates that everybody may know; policies let the builder alone read them",
        }.items()
        for rule in (_NO_TENANT, _OPEN)
        if (rule, table) != (_OPEN, "raw_ecb.exchange_rates")
    },
    (_NO_TENANT, "intermediate.int_exchange_rate_daily"): "rates that everybody may know; only the builder reads them",
    (_NO_TENANT, "intermediate.int_exchange_rate_daily__change"): "what changed in the rates",
    (_NO_TENANT, "staging.channel_rule"): "a seed that everybody may know; only the builder reads it",
    (_NO_TENANT, "staging.currency"): "a seed that everybody may know; only the builder reads it",
    (_DEFINER, "app.find_sign_in(text)"): "finds a user before a tenant is known; answers by exact e-mail alone",
    (_DEFINER, "app.sequence_events(integer)"): "numbers events; answers with a count",
    (_DEFINER, "app.tenants_behind(text,integer)"): "answers with ids of tenants that have events, and no event",
    (_DEFINER, "app.prune_events(timestamp with time zone,integer)"): "deletes old events; answers with a count",
    (_DEFINER, _DEFER): "puts a job of the transaction's own tenant into the queue; answers with the job's number",
    (
        f"{_DEFINER} whose owner is strong",
        _DEFER,
    ): "its owner is bound by forced policies; it writes to the queue alone",
    (
        _DEFINER,
        "ops.mask_relation(regclass)",
    ): "makes a view that leaves people out; its owner sees no more than that view",
    (_MEMBER, "tekup_pipeline → tekup_all_tenants"): "switches by name for work across tenants, with a reason",
    (_MEMBER, "tekup_owner → tekup_sign_in"): "a migration gives this role its function",
    (_MEMBER, "tekup_owner → tekup_events"): "a migration gives this role its functions",
    (_MEMBER, "tekup_owner → tekup_masked"): "a migration gives this role its views",
    (_INDEX, "app.tenants_pkey"): "a tenant's id is its own tenant; ids are random and tell nothing",
}
"""What breaks a rule on purpose: rule and object, with the reason. An excuse that nothing needs is a finding itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One object that breaks a rule."""

    database: str
    rule: str
    name: str
    detail: str
    mend: str

    def __str__(self) -> str:
        """The finding as one line."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.database}: {self.rule}: {self.name}{detail}"


def lint(connection: psycopg.Connection, database: str) -> list[Finding]:
    """What breaks a rule in the database that ``connection`` is connected to, excused objects included."""
    return [
        Finding(database, rule.name, name, detail, rule.mend)
        for rule in RULES
        for name, detail in connection.execute(rule.query).fetchall()
    ]


def unexcused(findings: list[Finding]) -> list[Finding]:
    """Findings without an excuse, and excuses without a finding, which would hide the next one."""
    met = {(finding.rule, finding.name) for finding in findings}
    stale = [
        Finding("tekup/db/lint.py", rule, name, "excused, but nothing breaks it", "remove the excuse")
        for rule, name in EXCUSED
        if (rule, name) not in met and not name.startswith(_BUILT_LATER)
    ]
    return [finding for finding in findings if (finding.rule, finding.name) not in EXCUSED] + stale


def lint_databases(doors: Doors) -> list[Finding]:
    """What is wrong in either database: empty where both keep tenants apart."""
    findings = []
    for database in Database:
        with doors.connect(database, Role.OWNER) as connection:
            findings += lint(connection, database.value)
    return unexcused(findings)
