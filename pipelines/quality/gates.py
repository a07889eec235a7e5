"""The two gates: raw rows and marts before models run, and what models produced after them."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pipelines.quality import drift, mart_suites, model_suites, raw_suites, volumes
from pipelines.quality.dbt_tests import AFTER_MODELS
from pipelines.quality.judge import judge
from pipelines.quality.rules import Rule, Suite, Verdict
from pipelines.quality.verdicts import forget_others, store
from pipelines.resources.dbt_project import ensure_manifest
from pipelines.resources.platform import Platform
from tekup.db import Database


def before_models(manifest: Mapping[str, Any] | None = None) -> tuple[Suite, ...]:
    """The suites at the boundaries of raw rows and marts; freshness is declared in dbt's sources."""
    manifest = manifest or json.loads(ensure_manifest().read_text())
    return (
        *raw_suites.FIXED,
        *raw_suites.freshness_suites(manifest),
        volumes.SUITE,
        mart_suites.HELD,
        *mart_suites.RECONCILED,
        *mart_suites.SHAPES,
        mart_suites.MISDATED,
        mart_suites.CHANNEL_RULES,
        *drift.SUITES,
    )


def marts_before_models(manifest: Mapping[str, Any] | None = None) -> list[tuple[str, ...]]:
    """The asset keys of the marts that stand on no model's output."""
    manifest = manifest or json.loads(ensure_manifest().read_text())
    return [
        (node["name"],)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts" and _is_of_this_side(node)
    ]


def _is_of_this_side(node: Mapping[str, Any]) -> bool:
    """Views over what checks and models store tell nothing that could be judged here."""
    return AFTER_MODELS not in node["config"]["tags"] and node["config"]["materialized"] == "table"


def after_models() -> tuple[Suite, ...]:
    """The suites of scores and credit."""
    return model_suites.SUITES


def rules_of(suites: tuple[Suite, ...]) -> list[Rule]:
    """Their rules."""
    return [rule for suite in suites for rule in suite.rules]


def _all_names() -> set[str]:
    """Every check that there is: the rules, and dbt's tests."""
    manifest = json.loads(ensure_manifest().read_text())
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    return tests | {rule.name for rule in rules_of(before_models(manifest) + after_models())}


def check(platform: Platform, suites: tuple[Suite, ...], chosen: set[str]) -> dict[str, list[Verdict]]:
    """Judge every tenant by the chosen rules and store the verdicts; returned by rule."""
    by_rule: dict[str, list[Verdict]] = defaultdict(list)
    reason = "checks of every tenant's data"
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason=reason) as connection:
        volumes.record_volumes(connection)
        verdicts = judge(connection, suites, chosen)
        store(connection, chosen, verdicts)
        forget_others(connection, _all_names())
    for verdict in verdicts:
        by_rule[verdict.check_name].append(verdict)
    return by_rule
