"""Checks at the boundary of the marts: they hold what their sources hold, and what models learn from has its shape."""

from pipelines.quality.rules import Rule, Suite, same_count

_HUBSPOT_CENTS = (
    "sum(case when payload -> 'properties' ->> 'amount' ~ '^-?[0-9]{1,15}([.][0-9]{1,9})?$' "
    "then round((payload -> 'properties' ->> 'amount')::numeric * 100) else 0 end)"
)

RECONCILED = (
    same_count(
        Rule(
            "every_lead_is_in_the_mart",
            ("fct_lead",),
            "The mart has just as many leads as the operational database.",
            "consistency",
            is_blocking=True,
        ),
        "marts.fct_lead",
        "raw_operational.leads where deleted_at is null",
    ),
    same_count(
        Rule(
            "every_touchpoint_is_in_the_mart",
            ("fct_touchpoint",),
            "The mart has just as many touchpoints as the operational database.",
            "consistency",
            is_blocking=True,
        ),
        "marts.fct_touchpoint",
        "raw_operational.touchpoints where deleted_at is null",
    ),
    same_count(
        Rule(
            "every_deal_is_in_the_mart",
            ("fct_deal",),
            "The mart has just as many deals as the operational database.",
            "consistency",
        ),
        "marts.fct_deal where source_system = 'operational'",
        "raw_operational.deals where deleted_at is null",
    ),
    same_count(
        Rule(
            "hubspot_deals_add_up",
            ("fct_deal",),
            "The amounts of HubSpot's deals in the mart add up to HubSpot's own, to the øre.",
            "consistency",
        ),
        "marts.fct_deal where source_system = 'hubspot'",
        "raw_hubspot.deals where deleted_at is null and coalesce(payload ->> 'archived', 'false') <> 'true'",
        "sum(amount_cents)",
        _HUBSPOT_CENTS,
    ),
    same_count(
        Rule(
            "every_invoice_is_in_the_mart",
            ("fct_invoice",),
            "The mart has just as many invoices as Stripe.",
            "consistency",
        ),
        "marts.fct_invoice",
        "raw_stripe.invoices where deleted_at is null",
    ),
    same_count(
        Rule(
            "invoices_reconcile_to_the_oere",
            ("fct_invoice",),
            "The sum of the mart's totals equals the sum of Stripe's own.",
            "consistency",
        ),
        "marts.fct_invoice",
        "raw_stripe.invoices where deleted_at is null",
        "sum(total_cents)",
        "sum(case when payload ->> 'total' ~ '^-?[0-9]{1,15}$' then (payload ->> 'total')::numeric else 0 end)",
    ),
    same_count(
        Rule(
            "spend_reconciles_to_the_oere",
            ("fct_campaign_spend_daily",),
            "The sum of the mart's spend equals the sum of the operational rows.",
            "consistency",
            is_blocking=True,
        ),
        "marts.fct_campaign_spend_daily",
        "raw_operational.campaign_spend where deleted_at is null",
        "sum(spend_cents)",
        "sum(amount_cents)",
    ),
    same_count(
        Rule(
            "every_lead_has_features",
            ("ftr_lead",),
            "The feature table has one row for each lead.",
            "completeness",
            is_blocking=True,
        ),
        "marts.ftr_lead",
        "marts.fct_lead",
    ),
)


def _shape(mart: str, key: str, conditions: dict[str, str]) -> Suite:
    """What holds in every row of a mart that models learn from: a row without it would teach them nonsense."""
    rules = tuple(
        Rule(
            f"{mart}_{name}",
            (mart,),
            f"Every row of {mart}: {name.replace('_', ' ')}.",
            "validity",
            is_blocking=True,
            rows=f"select tenant_id, {key}, to_jsonb(m) as row from marts.{mart} as m "  # noqa: S608
            f"where ({condition}) is not true",
        )
        for name, condition in conditions.items()
    )
    measures = ", ".join(
        f"count(*) filter (where ({condition}) is not true) as {mart}_{name}" for name, condition in conditions.items()
    )
    query = f"select tenant_id, {measures} from marts.{mart} group by tenant_id"  # noqa: S608
    return Suite(f"{mart}_shape", "marts", query, rules)


SHAPES = (
    _shape(
        "fct_lead",
        "lead_id",
        {
            "has_a_known_status": "status in ('new', 'contacted', 'qualified', 'won', 'lost')",
            "has_a_person": "person_id is not null",
        },
    ),
    _shape(
        "ftr_lead",
        "lead_id",
        {
            "has_a_label_of_0_or_1": "coalesce(is_won_90d in (0, 1), true)",
            "has_an_hour_of_the_day": "created_hour between 0 and 23",
            "counts_touches_from_0": "coalesce(touch_count_90d >= 0, true)",
            "has_rates_from_0_to_1": "coalesce(win_rate_so_far between 0 and 1, true)",
        },
    ),
    _shape(
        "fct_conversion",
        "lead_id",
        {"has_a_time": "converted_at is not null", "is_worth_0_or_more": "coalesce(value_cents >= 0, true)"},
    ),
)

HELD = Suite(
    "held_marts",
    "marts",
    """
    select
        tenant.tenant_id,
        count(hold.model) as marts_keep_their_contracts,
        string_agg(hold.model, ', ' order by hold.model) as marts_keep_their_contracts_told
    from raw_operational.tenants as tenant
    left join ops.mart_hold as hold on hold.tenant_id = tenant.tenant_id
    where tenant.deleted_at is null
    group by tenant.tenant_id
    """,
    (
        Rule(
            "marts_keep_their_contracts",
            ("dim_tenant",),
            "No mart keeps the tenant's old rows because its new ones break the key, the contract or a condition.",
            "validity",
            is_blocking=True,
            rows="select tenant_id, model, reason, held_since, kept.value as row from ops.mart_hold "
            "cross join lateral jsonb_array_elements(failed_rows) as kept",
        ),
    ),
)

_MISDATED = "least(won_at, lost_at) < created_at"
_MISDATED_SHARE = 0.01
_MISDATED_FEWEST = 3

MISDATED = Suite(
    "lead_dates",
    "marts",
    f"""
    select
        lead.tenant_id,
        count(*) filter (where {_MISDATED}) / max(allowed.lead_count) as leads_end_after_they_begin,
        count(*) filter (where {_MISDATED}) || ' of ' || count(*) || ' ended leads; ' || max(allowed.lead_count)
        || ' are let pass' as leads_end_after_they_begin_told
    from marts.fct_lead as lead
    inner join (
        select
            ended.tenant_id,
            greatest(
                ceil(
                    count(*) * coalesce(
                        max(
                            case
                                when tenant.settings -> 'quality' ->> 'misdated_lead_share' ~ '^(0([.][0-9]+)?|1)$'
                                    then (tenant.settings -> 'quality' ->> 'misdated_lead_share')::numeric
                            end
                        ), {_MISDATED_SHARE}
                    )
                ), {_MISDATED_FEWEST}
            ) as lead_count
        from marts.fct_lead as ended
        inner join raw_operational.tenants as tenant on tenant.tenant_id = ended.tenant_id
        where coalesce(ended.won_at, ended.lost_at) is not null
        group by ended.tenant_id
    ) as allowed on allowed.tenant_id = lead.tenant_id
    where coalesce(lead.won_at, lead.lost_at) is not null
    group by lead.tenant_id
    """,  # noqa: S608  # our own condition and numbers
    (
        Rule(
            "leads_end_after_they_begin",
            ("fct_lead",),
            "Hardly any lead was won or lost before it was created: as a share of what is let pass.",
            "validity",
            maximum=1,
            severity="warn",
            rows=f"select tenant_id, lead_id, created_at, won_at, lost_at from marts.fct_lead where {_MISDATED}",  # noqa: S608
            keeps_tolerated=True,
        ),
    ),
)

CHANNEL_RULES = Suite(
    "channel_rules",
    "marts",
    """
    select tenant_id, count(*) filter (where fault is not null) as channel_rules_can_be_used
    from marts.dim_channel_rule
    group by tenant_id
    """,
    (
        Rule(
            "channel_rules_can_be_used",
            ("dim_channel_rule",),
            "Each of the tenant's own channel rules can be used; one with a fault is left out.",
            "validity",
            severity="warn",
            rows="select tenant_id, position, channel, fault from marts.dim_channel_rule where fault is not null",
        ),
    ),
)
