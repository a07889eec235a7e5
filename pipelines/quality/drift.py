"""Whether the tenant's latest rows are spread like its earlier ones: the population stability index of a few columns.

PSI = sum over groups of (p - q) ln(p / q), p the share of a group in the last 28 days, q in the 180 days before; below
0.1 nothing moved, above 0.25 much did (Siddiqi, Credit Risk Scorecards, 2006). A share counts as at least 0.001.
Numbers are grouped by the earlier rows' tenths. By chance alone the index of ten groups is about 9 (1/n + 1/m).
"""

from dataclasses import dataclass

from pipelines.quality.rules import Rule, Suite

MOST = 0.25
RECENT_DAYS = 28
EARLIER_DAYS = 180
FEWEST_RECENT = 100
FEWEST_EARLIER = 200


@dataclass(frozen=True, slots=True)
class _Column:
    mart: str
    column: str
    time: str
    is_number: bool = False


_COLUMNS = (
    _Column("fct_lead", "source", "created_at"),
    _Column("fct_lead", "country", "created_at"),
    _Column("fct_lead", "employee_count", "created_at", is_number=True),
    _Column("fct_touchpoint", "channel", "occurred_at"),
    _Column("fct_invoice", "total_cents", "created_at", is_number=True),
)


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
        with bounds as (
            select tenant_id, max({of.time}) - interval '{RECENT_DAYS} days' as cut_at
            from marts.{of.mart} where {of.time} <= now() group by tenant_id
        ),
        split as (
            select m.tenant_id, m.{of.column}, m.{of.time} > bounds.cut_at as is_recent
            from marts.{of.mart} as m
            inner join bounds on bounds.tenant_id = m.tenant_id
            where m.{of.time} > bounds.cut_at - interval '{EARLIER_DAYS} days' and m.{of.time} <= now()
        ),
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


SUITES = tuple(map(_suite, _COLUMNS))
