"""The quality rules as asset checks. What they check is written in `pipelines.quality`."""

from collections import defaultdict
from collections.abc import Iterator

import dagster as dg

from pipelines.quality.expectations import VALIDATED, validate_marts
from pipelines.quality.tenant_checks import CHECKS, Verdict, judge
from pipelines.resources.platform import Platform

_SHOWN = 20


@dg.multi_asset_check(
    name="tenant_checks",
    specs=[
        dg.AssetCheckSpec(check.name, asset=[check.asset], description=check.description, blocking=False)
        for check in CHECKS
    ],
    can_subset=True,
    required_resource_keys={"platform"},
)
def tenant_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Each rule for each tenant; a tenant that breaks one is named with what was seen and what was expected."""
    platform: Platform = context.resources.platform
    names = {str(tenant.id): tenant.domain for tenant in platform.tenants()}
    by_check: dict[str, list[Verdict]] = defaultdict(list)
    asked = {key.name for key in context.selected_asset_check_keys}
    chosen = tuple(check for check in CHECKS if check.name in asked)
    for verdict in judge(platform, chosen):
        by_check[verdict.check.name].append(verdict)
    for check in chosen:
        broken = [v for v in by_check[check.name] if not v.is_passed]
        yield dg.AssetCheckResult(
            check_name=check.name,
            asset_key=[check.asset],
            passed=not broken,
            severity=dg.AssetCheckSeverity.ERROR if check.severity == "error" else dg.AssetCheckSeverity.WARN,
            metadata={
                "tenants_checked": len(by_check[check.name]),
                "broken": {
                    names.get(v.tenant_id, v.tenant_id): f"{v.observed} instead of {v.expected}"
                    for v in broken[:_SHOWN]
                },
            },
        )


@dg.multi_asset_check(
    name="mart_expectations",
    specs=[
        dg.AssetCheckSpec("expectations", asset=[table], description="Great Expectations suite of the mart.")
        for table in VALIDATED
    ],
    required_resource_keys={"platform"},
)
def mart_expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """The suite of each mart that models learn from."""
    platform: Platform = context.resources.platform
    for result in validate_marts(platform.doors):
        yield dg.AssetCheckResult(
            check_name="expectations",
            asset_key=[result.table],
            passed=not result.unmet,
            metadata={"evaluated": result.evaluated, "unmet": result.unmet},
        )
