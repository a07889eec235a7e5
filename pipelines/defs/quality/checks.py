"""The gate between marts and models, and all rules as asset checks. What they check is written in `pipelines.quality`.

None is blocking in Dagster's sense, which would stop what is downstream for every tenant: a rule that blocks holds the
tenants that break it (`pipelines.quality.verdicts.held_tenants`), and no other.
"""

import hashlib
from collections.abc import Iterator

import dagster as dg

from pipelines.automation import AFTER_UPSTREAM, GATE, OWNERS
from pipelines.quality import gates
from pipelines.quality.rules import Rule, Suite, Verdict
from pipelines.quality.verdicts import held_tenants
from pipelines.resources.platform import Platform

_SHOWN = 20
_BEFORE_MODELS = gates.before_models()


@dg.asset(
    key=GATE,
    deps=[
        dg.AssetKey(key)
        for key in sorted({*gates.marts_before_models(), *(rule.asset for rule in gates.rules_of(_BEFORE_MODELS))})
    ],
    group_name="quality",
    owners=OWNERS,
    kinds={"postgres"},
    automation_condition=AFTER_UPSTREAM,
    required_resource_keys={"platform"},
)
def gate(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One row per tenant and check of raw rows and marts: what was found, and whether it holds the tenant.

    Extracts stand on it, so that whoever rebuilds marts, a clock, a sensor or a person, has them judged before models
    read them. Its version is who is held: extracts follow it where that changed.
    """
    platform: Platform = context.resources.platform
    rules = gates.rules_of(_BEFORE_MODELS)
    found = gates.check(platform, _BEFORE_MODELS, {rule.name for rule in rules})
    names = _tenant_names(platform)
    for rule in rules:
        context.log_event(_evaluate(rule, found[rule.name], names))
    held = held_tenants(platform)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(hashlib.sha256(",".join(sorted(map(str, held))).encode()).hexdigest()),
        metadata={
            "rules": len(rules),
            "failing": sum(not verdict.is_passed for verdicts in found.values() for verdict in verdicts),
            "held": {
                names.get(str(tenant_id), str(tenant_id)): ", ".join(checks) for tenant_id, checks in held.items()
            },
        },
    )


def _checks(name: str, suites: tuple[Suite, ...]) -> dg.AssetChecksDefinition:
    rules = gates.rules_of(suites)

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(rule.name, asset=list(rule.asset), description=rule.description, blocking=False)
            for rule in rules
        ],
        can_subset=True,
        required_resource_keys={"platform"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        platform: Platform = context.resources.platform
        names = _tenant_names(platform)
        chosen = {key.name for key in context.selected_asset_check_keys}
        found = gates.check(platform, suites, chosen)
        for rule in rules:
            if rule.name in chosen:
                told = _evaluate(rule, found[rule.name], names)
                yield dg.AssetCheckResult(
                    check_name=told.check_name,
                    asset_key=told.asset_key,
                    passed=told.passed,
                    severity=told.severity,
                    metadata=told.metadata,
                )

    return check


def _tenant_names(platform: Platform) -> dict[str, str]:
    return {str(tenant.id): tenant.domain for tenant in platform.tenants()}


def _evaluate(rule: Rule, verdicts: list[Verdict], names: dict[str, str]) -> dg.AssetCheckEvaluation:
    broken = [verdict for verdict in verdicts if not verdict.is_passed]
    told = {
        names.get(verdict.tenant_id, verdict.tenant_id): f"{verdict.observed}; expected {verdict.expected}"
        for verdict in broken[:_SHOWN]
    }
    return dg.AssetCheckEvaluation(
        check_name=rule.name,
        asset_key=dg.AssetKey(list(rule.asset)),
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"tenants_checked": len(verdicts), "broken": told, "holds": rule.is_blocking and bool(broken)},
    )


checks_before_models = _checks("checks_before_models", _BEFORE_MODELS)
checks_after_models = _checks("checks_after_models", gates.after_models())
