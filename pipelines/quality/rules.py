"""What a check on a tenant's data consists of. The checks themselves are in the `…_suites` modules.

A suite is one query that measures every tenant at once, one row each, and rules that say between which bounds each
measure must lie. So Great Expectations judges all tenants in one pass and names those that fail.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["warn", "error"]
Boundary = Literal["raw", "marts", "models"]
Dimension = Literal[
    "completeness", "freshness", "volume", "distribution", "validity", "uniqueness", "consistency"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: the measure of its name must lie between the bounds; null means there is not enough to judge by.

    ``rows`` yields the rows that break it, each with its ``tenant_id``; some are kept for a person to look at, and
    where the rule lets some rows pass (``keeps_tolerated``) also those.
    """

    name: str
    asset: tuple[str, ...]
    description: str
    dimension: Dimension
    minimum: float | None = 0
    maximum: float | None = 0
    severity: Severity = "error"
    is_blocking: bool = False
    rows: str | None = None
    keeps_tolerated: bool = False

    def __post_init__(self) -> None:
        if self.is_blocking and self.severity != "error":
            raise ValueError(f"{self.name}: what holds a tenant is an error")

    @property
    def expected(self) -> str:
        """The bounds in words."""
        if self.minimum == self.maximum:
            return f"{self.minimum:g}"
        if self.minimum is None or self.maximum is None:
            return f"at least {self.minimum:g}" if self.maximum is None else f"at most {self.maximum:g}"
        return f"between {self.minimum:g} and {self.maximum:g}"


@dataclass(frozen=True, slots=True)
class Suite:
    """Rules on the measures of one query.

    The query yields ``tenant_id`` and, for each rule, a column of its name. A column ``<name>_told`` beside it says in
    words what was found, where the bare number would not help.
    """

    name: str
    boundary: Boundary
    query: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check stands for one tenant."""

    tenant_id: str
    check_name: str
    is_passed: bool
    observed: str
    expected: str
    severity: Severity
    boundary: Boundary
    dimension: Dimension
    asset: str
    is_blocking: bool
    rows: str | None = None
    keeps_tolerated: bool = False


def same_count(
    rule: Rule,
    mart: str,
    source: str,
    amount: str = "count(*)",
    source_amount: str | None = None,
    boundary: Boundary = "marts",
) -> Suite:
    """A suite of one rule: by tenant, ``amount`` of ``mart`` equals that of ``source``."""
    # our own table names and expressions
    query = f"""
        select
            tenant_id,
            sum(found - wanted) as {rule.name},
            sum(found) || ' instead of ' || sum(wanted) as {rule.name}_told
        from (
            select tenant_id, coalesce({amount}, 0)::numeric as found, 0::numeric as wanted
            from {mart} group by tenant_id
            union all
            select tenant_id, 0, coalesce({source_amount or amount}, 0)::numeric
            from {source} group by tenant_id
        ) as counts
        group by tenant_id
    """  # noqa: S608
    return Suite(rule.name, boundary, query, (rule,))
