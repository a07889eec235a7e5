"""Measures every tenant by each suite's query and lets Great Expectations judge the measures. Storing is `verdicts`'.

Great Expectations takes seconds to import, so it is imported here by the function that needs it, and nowhere else.
"""

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from pipelines.quality.rules import Boundary, Rule, Suite, Verdict

Measures = dict[str, dict[str, tuple[float | None, str | None]]]
"""By tenant and rule: the measure, and what was found in words."""


def judge(connection: psycopg.Connection, suites: Sequence[Suite], chosen: set[str] | None = None) -> list[Verdict]:
    """One verdict per tenant and rule, over all tenants; where there is too little to judge by there is none.

    ``chosen`` names the rules that are wanted. The connection must see every tenant's rows.
    """
    known = {
        str(row[0])
        for row in connection.execute("select tenant_id from raw_operational.tenants where deleted_at is null")
    }
    rules = [
        (suite.boundary, rule) for suite in suites for rule in suite.rules if chosen is None or rule.name in chosen
    ]
    wanted = {rule.name for _, rule in rules}
    measures: Measures = {tenant_id: {} for tenant_id in sorted(known)}
    for suite in suites:
        if wanted & {rule.name for rule in suite.rules}:
            _measure(connection, suite, measures)
    failing = _expect(measures, [rule for _, rule in rules])
    return [
        _verdict(tenant_id, boundary, rule, of_tenant[rule.name], is_passed=tenant_id not in failing[rule.name])
        for tenant_id, of_tenant in measures.items()
        for boundary, rule in rules
        if of_tenant.get(rule.name, (None, None))[0] is not None
    ]


def _measure(connection: psycopg.Connection, suite: Suite, into: Measures) -> None:
    cursor = connection.execute(suite.query.encode())
    assert cursor.description is not None
    columns = [column.name for column in cursor.description]
    for row in cursor.fetchall():
        found = dict(zip(columns, row, strict=True))
        of_tenant = into.get(str(found["tenant_id"]))
        if of_tenant is None:
            continue  # rows that wait for their tenant's first pull, or for its deletion
        for rule in suite.rules:
            value = found[rule.name]
            of_tenant[rule.name] = (None if value is None else float(value), found.get(f"{rule.name}_told"))


def _expect(measures: Measures, rules: Sequence[Rule]) -> dict[str, set[str]]:
    """The tenants that break each rule, as Great Expectations finds them in the table of measures."""
    if not measures or not rules:
        return {rule.name: set() for rule in rules}
    import great_expectations as gx
    import pandas as pd  # type: ignore[import-untyped]  # comes with Great Expectations

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    frame = pd.DataFrame(
        {
            "tenant_id": list(measures),
            **{rule.name: [of.get(rule.name, (None, None))[0] for of in measures.values()] for rule in rules},
        }
    ).astype({rule.name: "float64" for rule in rules})
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]  # its own type is not exported
    asset = context.data_sources.add_pandas("tenants").add_dataframe_asset("measures")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expectations: list[Any] = [
        gx.expectations.ExpectColumnValuesToBeBetween(  # type: ignore[attr-defined]  # GX exports it at run time
            column=rule.name, min_value=rule.minimum, max_value=rule.maximum, notes=rule.description
        )
        for rule in rules
    ]
    result = batch.validate(
        gx.ExpectationSuite(name="tenants", expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["tenant_id"]},
    )
    failing: dict[str, set[str]] = {}
    for one in result.results:
        assert one.expectation_config is not None
        name = one.expectation_config.kwargs["column"]
        if not one.success and "unexpected_index_list" not in one.result:
            raise RuntimeError(f"Great Expectations could not judge {name}: {one.exception_info}")
        failing[name] = {str(entry["tenant_id"]) for entry in one.result.get("unexpected_index_list") or []}
    return failing


def _verdict(
    tenant_id: str, boundary: Boundary, rule: Rule, found: tuple[float | None, str | None], *, is_passed: bool
) -> Verdict:
    value, told = found
    return Verdict(
        tenant_id=tenant_id,
        check_name=rule.name,
        is_passed=is_passed,
        observed=told or f"{value:g}",
        expected=rule.expected,
        severity=rule.severity,
        boundary=boundary,
        dimension=rule.dimension,
        asset="/".join(rule.asset),
        is_blocking=rule.is_blocking,
        rows=rule.rows,
        keeps_tolerated=rule.keeps_tolerated,
    )
