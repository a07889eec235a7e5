"""Great Expectations suites at the boundary of the marts. Rules per tenant are in `tenant_checks`."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tekup.db import Database, Doors, Role
from tekup.db.bootstrap import ALL_TENANTS_ROLE

VALIDATED = ("fct_lead", "ftr_lead", "fct_conversion")


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """How one table fared: expectations met, and those not met in words."""

    table: str
    evaluated: int
    unmet: list[str]


def validate_marts(doors: Doors) -> list[SuiteResult]:
    """Validate shape and ranges of the marts that models learn from, over all tenants at once.

    Great Expectations takes seconds to import, so it is imported here, by the check that needs it, and nowhere else.
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_postgres("warehouse", connection_string=_connection_string(doors))
    return [_validate(gx, context, source, table, rules) for table, rules in _suites(gx).items()]


def _suites(gx: Any) -> dict[str, list[Any]]:
    e = gx.expectations
    return {
        "fct_lead": [
            e.ExpectTableRowCountToBeBetween(min_value=1),
            e.ExpectColumnValuesToNotBeNull(column="tenant_id"),
            e.ExpectCompoundColumnsToBeUnique(column_list=["tenant_id", "lead_id"]),
            e.ExpectColumnValuesToBeInSet(column="status", value_set=["new", "contacted", "qualified", "won", "lost"]),
            e.ExpectColumnValuesToNotBeNull(column="person_id"),
        ],
        "ftr_lead": [
            e.ExpectTableRowCountToBeBetween(min_value=1),
            e.ExpectColumnValuesToBeInSet(column="is_won_90d", value_set=[0, 1]),
            e.ExpectColumnValuesToBeBetween(column="created_hour", min_value=0, max_value=23),
            e.ExpectColumnValuesToBeBetween(column="touch_count_90d", min_value=0),
            e.ExpectColumnValuesToBeBetween(column="win_rate_so_far", min_value=0, max_value=1),
        ],
        "fct_conversion": [
            e.ExpectColumnValuesToNotBeNull(column="converted_at"),
            e.ExpectColumnValuesToBeBetween(column="value_cents", min_value=0),
        ],
    }


def _validate(gx: Any, context: Any, source: Any, table: str, rules: list[Any]) -> SuiteResult:
    asset = source.add_table_asset(table, table_name=table, schema_name="marts")
    batch = asset.add_batch_definition_whole_table("whole")
    suite = context.suites.add(gx.ExpectationSuite(name=table, expectations=rules))
    result = batch.get_batch().validate(suite)
    unmet = [
        f"{one.expectation_config.type} {one.expectation_config.kwargs.get('column', '')}".strip()
        for one in result.results
        if not one.success
    ]
    return SuiteResult(table, len(result.results), unmet)


def _connection_string(doors: Doors) -> str:
    """The warehouse as the all-tenants role; Great Expectations wants a host in the address, so it goes first."""
    given = doors.url(Database.WAREHOUSE, Role.PIPELINE)
    scheme, _, rest = given.partition("://")
    rest = rest.replace("@/", "@localhost/", 1)
    joint = "&" if "?" in rest else "?"
    return f"{scheme}+psycopg://{rest}{joint}options={quote(f'-c role={ALL_TENANTS_ROLE}')}"
