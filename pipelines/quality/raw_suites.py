"""Checks at the raw boundary: what arrived is fresh, as much as usual, all that the vendor has, and of the right shape.

No vendor is asked: its own counts were stored when a pull proved itself complete (`pipelines.sync.completeness`).
"""

from collections.abc import Mapping
from typing import Any

from pipelines.quality.rules import Rule, Suite

_MAIN_STREAM = {"hubspot": "contacts", "stripe": "invoices", "kit": "subscribers", "operational": "leads"}
"""The asset that shows a source's checks."""

_COMPLETE = Suite(
    "streams_are_complete",
    "raw",
    """
    select
        tenant_id,
        count(*) filter (where not is_complete) as streams_are_complete,
        count(*) filter (where is_complete) || ' of ' || count(*) || ' streams' as streams_are_complete_told
    from ops.completeness
    group by tenant_id
    """,
    (
        Rule(
            "streams_are_complete",
            ("dim_tenant",),
            "Each stream has just the rows that the vendor says it has, and its ledger adds up.",
            "completeness",
            rows="select tenant_id, vendor, stream, vendor_count, stored_count, detail, checked_at "
            "from ops.completeness where not is_complete",
        ),
    ),
)

_LOOKBACK = Suite(
    "chunks_commit_within_the_lookback",
    "raw",
    """
    select
        tenant_id,
        count(*) filter (where committed_at - began_at >= interval '2.4 hours') as chunks_commit_within_the_lookback
    from ops.sync_chunk
    group by tenant_id
    """,
    (
        Rule(
            "chunks_commit_within_the_lookback",
            ("dim_tenant",),
            "No chunk of a pull was open for a tenth of the day that deltas look back.",
            "freshness",
            severity="warn",
            rows="select tenant_id, run_id, vendor, stream, chunk, began_at, committed_at from ops.sync_chunk "
            "where committed_at - began_at >= interval '2.4 hours'",
        ),
    ),
)


def freshness_suites(manifest: Mapping[str, Any]) -> list[Suite]:
    """One suite a source, by the limits that dbt's sources declare: `<vendor>_cursor` in `<vendor>_syncs`."""
    suites = []
    for source in manifest["sources"].values():
        if not source["source_name"].endswith("_syncs"):
            continue
        vendor = source["source_name"].removesuffix("_syncs")
        limit = source["freshness"]["error_after"]
        hours = {"minute": 1 / 60, "hour": 1, "day": 24}[limit["period"]] * limit["count"]
        rule = Rule(
            f"{vendor}_is_fresh",
            ("raw", vendor, _MAIN_STREAM[vendor]),
            f"The last pull of {vendor} that succeeded is at most {hours:g} hours old.",
            "freshness",
            minimum=None,
            maximum=hours,
        )
        query = f"""
            select
                tenant_id,
                extract(epoch from now() - coalesce(newest, first)) / 3600 as {rule.name},
                coalesce('pulled ' || to_char(newest, 'YYYY-MM-DD HH24:MI'), 'never pulled') as {rule.name}_told
            from (
                select
                    tenant_id,
                    min(started_at) as first,
                    max(finished_at) filter (where status = 'succeeded') as newest
                from ops.sync_run
                where vendor = '{vendor}'
                group by tenant_id
            ) as pulls
        """  # noqa: S608  # names and numbers of our own project
        suites.append(Suite(rule.name, "raw", query, (rule,)))
    return suites


def _shape(vendor: str, stream: str, conditions: Mapping[str, str]) -> Suite:
    """What every payload of a stream should have; a row that lacks it is read with nulls in its place."""
    table = f"raw_{vendor}.{stream}"
    key = "id" if vendor == "operational" else "object_id"
    rules = tuple(
        Rule(
            f"{vendor}_{stream}_{name}",
            ("raw", vendor, stream),
            f"Every row of {vendor}'s {stream}: {name.replace('_', ' ')}.",
            "validity",
            severity="warn",
            rows=f"select tenant_id, {key}::text as key, to_jsonb(r) as raw from {table} as r "  # noqa: S608
            f"where deleted_at is null and ({condition}) is not true",
        )
        for name, condition in conditions.items()
    )
    measures = ", ".join(
        f"count(*) filter (where ({condition}) is not true) as {vendor}_{stream}_{name}"
        for name, condition in conditions.items()
    )
    query = f"select tenant_id, {measures} from {table} where deleted_at is null group by tenant_id"  # noqa: S608
    return Suite(f"{vendor}_{stream}_shape", "raw", query, rules)


_SHAPES = (
    _shape("operational", "leads", {"has_a_time": "created_at is not null", "has_a_status": "status is not null"}),
    _shape(
        "operational",
        "touchpoints",
        {"has_a_time": "occurred_at is not null", "is_of_the_past": "occurred_at < now() + interval '1 day'"},
    ),
    _shape("hubspot", "contacts", {"has_properties": "jsonb_typeof(payload -> 'properties') = 'object'"}),
    _shape("hubspot", "deals", {"has_properties": "jsonb_typeof(payload -> 'properties') = 'object'"}),
    _shape(
        "stripe",
        "invoices",
        {
            "has_a_total": "jsonb_typeof(payload -> 'total') = 'number'",
            "has_a_currency": "payload ->> 'currency' ~ '^[a-z]{3}$'",
        },
    ),
    _shape(
        "stripe",
        "charges",
        {
            "has_an_amount": "jsonb_typeof(payload -> 'amount') = 'number'",
            "has_a_currency": "payload ->> 'currency' ~ '^[a-z]{3}$'",
        },
    ),
    _shape("kit", "subscribers", {"has_an_address": "payload ->> 'email_address' like '%@%'"}),
)

FIXED = (_COMPLETE, _LOOKBACK, *_SHAPES)
