"""Checks on what models produced: every lead has a score, and credit sums to what was won.

None of them holds a tenant: a held tenant's models do not run, so that they could never pass again.
"""

from pipelines.quality.rules import Rule, Suite, same_count


def _credit(name: str, description: str, won: str, credited: str, tolerance: str) -> Suite:
    query = f"""
        with won as (select tenant_id, {won}::numeric as total from marts.fct_conversion group by tenant_id)

        select
            won.tenant_id,
            count(*) filter (where (abs(credit.total - won.total) <= {tolerance}) is not true) as {name},
            count(*) filter (where abs(credit.total - won.total) <= {tolerance}) || ' of ' || count(*) || ' models'
                as {name}_told
        from won
        left join (
            select tenant_id, model, {credited}::numeric as total
            from marts.fct_attribution_credit
            group by tenant_id, model
        ) as credit on credit.tenant_id = won.tenant_id
        group by won.tenant_id
    """  # noqa: S608  # our own names
    return Suite(
        name, "models", query, (Rule(name, ("fct_attribution_credit",), description, "consistency"),)
    )  # fmt: skip


SUITES = (
    same_count(
        Rule("every_lead_is_scored", ("fct_lead_score",), "Each lead has a score by the live model.", "completeness"),
        "marts.fct_lead_score",
        "marts.fct_lead",
        boundary="models",
    ),
    _credit(
        "credit_sums_to_the_conversions",
        "Every model shares out just the conversions there are.",
        "count(*)",
        "sum(conversions)",
        "0.000001",
    ),
    _credit(
        "credit_sums_to_the_revenue",
        "Every model shares out just the revenue there is, to the øre.",
        "coalesce(sum(reporting_value_cents), 0)",
        "sum(value_cents)",
        "0",
    ),
)
