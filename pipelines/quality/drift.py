"""Whether a tenant's latest rows are spread like its earlier ones: by how much a few columns moved, and if by chance.

PSI = sum over groups of (p - q) ln(p / q), p the share of a group in the last 28 days, q in the 180 days before; below
0.1 nothing moved, above 0.25 much did (Siddiqi, Credit Risk Scorecards, 2006). A share counts as at least 0.001.
Numbers are grouped by the earlier rows' tenths. By chance alone the index of ten groups is about 9 (1/n + 1/m).

The test beside it also judges tenants with few rows, and rarely alarms without a cause. Of numbers it takes the
greatest distance D of the two samples' courses (Kolmogorov and Smirnov), of words that of any one word's shares. By
chance D exceeds sqrt(ln(C / a) / 2 (1/n + 1/m)) at most with probability a, whatever the distribution: C = e for
courses (Wei and Dudley, Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities, 2012), twice the number of words for shares
(Hoeffding's inequality for each). a is such that a tenant whose rows never change is alarmed in at most one of twenty
years of daily looks, by all columns together. A distance below 0.1 is no alarm, however certain.
"""

import math
from dataclasses import dataclass

from pipelines.quality.rules import Rule, Suite

MOST = 0.25
RECENT_DAYS = 28
EARLIER_DAYS = 180
FEWEST_RECENT = 100
FEWEST_EARLIER = 200
LEAST_DISTANCE = 0.1


@dataclass(frozen=True, slots=True)
class _Column:
    mart: str
    column: str
    time: str
    is_number: bool = False
    unit: str | None = None
    """Whose rows are no draws of their own: of each the first counts in the test."""


_COLUMNS = (
    _Column("fct_lead", "source", "created_at"),
    _Column("fct_lead", "country", "created_at"),
    _Column("fct_lead", "employee_count", "created_at", is_number=True),
    _Column("fct_touchpoint", "channel", "occurred_at", unit="person_id"),
    _Column("fct_invoice", "total_cents", "created_at", is_number=True),
)
_FALSE_ALARMS = 0.05 / (365 * len(_COLUMNS))
"""How likely one look at one column alarms by chance."""


def _split(of: _Column, *, unit: str | None = None) -> str:
    """The rows of each tenant's last days and of those before; of each ``unit`` the first alone."""
    once = f"distinct on (m.tenant_id, m.{unit})" if unit else ""
    order = f"order by m.tenant_id, m.{unit}, m.{of.time}" if unit else ""
    return f"""
        bounds as (
            select tenant_id, max({of.time}) - interval '{RECENT_DAYS} days' as cut_at
            from marts.{of.mart} where {of.time} <= now() group by tenant_id
        ),
        split as (
            select {once} m.tenant_id, m.{of.column}, m.{of.time} > bounds.cut_at as is_recent
            from marts.{of.mart} as m
            inner join bounds on bounds.tenant_id = m.tenant_id
            where m.{of.time} > bounds.cut_at - interval '{EARLIER_DAYS} days' and m.{of.time} <= now()
            {order}
        )"""  # noqa: S608  # our own names and numbers


def _suite(of: _Column) -> Suite:
    name = f"{of.mart.removeprefix('fct_')}_{of.column}_is_spread_as_before"
    group = (
        f"coalesce(width_bucket({of.column}, cuts.tenths)::text, 'none')"
        if of.is_number
        else f"coalesce({of.column}::text, 'none')"
    )
    cuts = (
        "select tenant_id, (select array_agg(distinct cut order by cut) from unnest(percentile_cont("  # noqa: S608
        f"array[.1, .2, .3, .4, .5, .6, .7, .8, .9]) within group (order by {of.column})) as cut) as tenths "
        "from split where not is_recent group by tenant_id"
        if of.is_number
        else "select distinct tenant_id from split"
    )
    query = f"""
        with {_split(of)},
        cuts as ({cuts}),
        grouped as (
            select
                split.tenant_id, {group} as member,
                count(*) filter (where is_recent)::double precision as recent,
                count(*) filter (where not is_recent)::double precision as earlier
            from split inner join cuts on cuts.tenant_id = split.tenant_id
            group by 1, 2
        ),
        shares as (
            select
                tenant_id,
                greatest(recent / nullif(sum(recent) over (partition by tenant_id), 0), 0.001) as p,
                greatest(earlier / nullif(sum(earlier) over (partition by tenant_id), 0), 0.001) as q,
                sum(recent) over (partition by tenant_id) as recent_count,
                sum(earlier) over (partition by tenant_id) as earlier_count
            from grouped
        )
        select
            tenant_id,
            case
                when min(recent_count) >= {FEWEST_RECENT} and min(earlier_count) >= {FEWEST_EARLIER}
                    then sum((p - q) * ln(p / q))
            end as {name},
            'PSI ' || round(sum((p - q) * ln(p / q))::numeric, 3) as {name}_told
        from shares
        group by tenant_id
    """  # noqa: S608  # our own names and numbers
    rule = Rule(
        name,
        (of.mart,),
        f"{of.column} of the last {RECENT_DAYS} days is spread as in the {EARLIER_DAYS} days before (PSI).",
        "distribution",
        maximum=MOST,
        severity="warn",
    )
    return Suite(name, "marts", query, (rule,))


def _test(of: _Column) -> Suite:
    name = f"{of.mart.removeprefix('fct_')}_{of.column}_is_drawn_as_before"
    value = of.column if of.is_number else f"coalesce({of.column}::text, 'none')"
    # a number's course counts all values up to it, a word's share itself alone
    frame = "(partition by tenant_id order by value)" if of.is_number else "(partition by tenant_id, value)"
    words = "1" if of.is_number else "count(*)"
    constant = f"{math.e!r}" if of.is_number else "(2 * words)"
    query = f"""
        with {_split(of, unit=of.unit)},
        counted as (
            select
                tenant_id, {value} as value,
                count(*) filter (where is_recent)::double precision as recent,
                count(*) filter (where not is_recent)::double precision as earlier
            from split where {of.column} is not null or {not of.is_number} group by 1, 2
        ),
        shares as (
            select
                tenant_id,
                sum(recent) over {frame} / nullif(sum(recent) over (partition by tenant_id), 0) as p,
                sum(earlier) over {frame} / nullif(sum(earlier) over (partition by tenant_id), 0) as q,
                sum(recent) over (partition by tenant_id) as n,
                sum(earlier) over (partition by tenant_id) as m
            from counted
        ),
        distances as (
            select tenant_id, max(abs(p - q)) as distance, max(n) as n, max(m) as m, {words} as words
            from shares group by tenant_id having max(n) > 0 and max(m) > 0
        ),
        bounded as (
            select
                tenant_id, distance,
                greatest({LEAST_DISTANCE}, sqrt(ln({constant} / {_FALSE_ALARMS!r}) / 2 * (1 / n + 1 / m))) as bound
            from distances
        )
        select
            tenant_id,
            distance / bound as {name},
            'D ' || round(distance::numeric, 3) || ', by chance or of no weight up to ' || round(bound::numeric, 3)
                as {name}_told
        from bounded
        where bound < 1
    """  # noqa: S608  # our own names and numbers
    rule = Rule(
        name,
        (of.mart,),
        f"{of.column} of the last {RECENT_DAYS} days could be drawn from the {EARLIER_DAYS} days before (two samples).",
        "distribution",
        maximum=1,
        severity="warn",
    )
    return Suite(name, "marts", query, (rule,))


SUITES = (*map(_suite, _COLUMNS), *map(_test, _COLUMNS))
