"""The rules as asset checks: before models run, and after them. What they check is written in `pipelines.quality`.

None is blocking in Dagster's sense, which would stop what is downstream for every tenant: a rule that blocks holds the
tenants that break it (`pipelines.quality.verdicts.held_tenants`), and no other.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.quality import gates
from pipelines.quality.rules import Rule, Suite, Verdict
from pipelines.resources.platform import Platform

_SHOWN = 20


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
        names = {str(tenant.id): tenant.domain for tenant in platform.tenants()}
        chosen = {key.name for key in context.selected_asset_check_keys}
        found = gates.check(platform, suites, chosen)
        for rule in rules:
            if rule.name in chosen:
                yield _describe(rule, found[rule.name], names)

    return check


def _describe(rule: Rule, verdicts: list[Verdict], names: dict[str, str]) -> dg.AssetCheckResult:
    broken = [verdict for verdict in verdicts if not verdict.is_passed]
    told = {
        names.get(verdict.tenant_id, verdict.tenant_id): f"{verdict.observed}; expected {verdict.expected}"
        for verdict in broken[:_SHOWN]
    }
    return dg.AssetCheckResult(
        check_name=rule.name,
        asset_key=list(rule.asset),
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"tenants_checked": len(verdicts), "broken": told, "holds": rule.is_blocking and bool(broken)},
    )


checks_before_models = _checks("checks_before_models", gates.before_models())
checks_after_models = _checks("checks_after_models", gates.after_models())
