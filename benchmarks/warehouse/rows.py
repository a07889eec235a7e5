"""Raw rows of several tenants, made by the database itself, and a change of a share of them. Timing is done elsewhere.

Numbers of rows keep the proportions of the simulated world: per lead about eight touchpoints, one invoice, half a
contact and a third of a deal.
"""

import psycopg

TENANTS = 8
LEADS = 50_000
"""Of all tenants at scale 1, as `tekup run` simulates them."""
_DAYS = 700
_PULLED = "now() - interval '30 days'"
"""When the first rows were pulled: as in a warehouse in use, before what a delta looks back over."""

_SETTING = """
create temporary table setting on commit drop as
select md5('tenant ' || n)::uuid as tenant_id, n as number, greatest(4, {leads} / {tenants}) as lead_count
from generate_series(1, {tenants}) as n
"""

_OPERATIONAL = """
insert into raw_operational.tenants
    (tenant_id, id, name, domain, settings, status, created_at, updated_at, changed_xid, synced_at)
select tenant_id, tenant_id, 'Tenant ' || number, 'tenant-' || number || '.example', '{{}}', 'active',
    '2024-01-01', '2024-01-01', '5', {pulled} from setting;

insert into raw_operational.pipelines (tenant_id, id, name, is_default, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('pipeline')::uuid, 'Sales', true, '2024-01-01', '2024-01-01', '5', {pulled} from setting;

insert into raw_operational.stages
    (tenant_id, id, pipeline_id, name, position, probability, is_won, is_lost, created_at, updated_at, changed_xid,
     synced_at)
select tenant_id, md5('stage ' || n)::uuid, md5('pipeline')::uuid, 'Stage ' || n, n, n / 6.0, n = 5, n = 6,
    '2024-01-01', '2024-01-01', '5', {pulled} from setting, generate_series(1, 6) as n;

insert into raw_operational.campaigns
    (tenant_id, id, name, channel, utm_campaign, status, currency, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('campaign ' || n)::uuid, 'Campaign ' || n,
    (array['paid_search', 'paid_social', 'display', 'email'])[1 + n % 4], 'c' || n, 'active', 'DKK',
    '2024-01-01', '2024-01-01', '5', {pulled} from setting, generate_series(1, 12) as n;

insert into raw_operational.campaign_spend
    (tenant_id, id, campaign_id, spend_date, amount_cents, currency, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('spend ' || n)::uuid, md5('campaign ' || 1 + n % 12)::uuid, date '2024-01-01' + n / 12,
    1000 + n % 900, 'DKK', timestamptz '2024-01-01' + n / 12 * interval '1 day',
    timestamptz '2024-01-01' + n / 12 * interval '1 day', '5', {pulled}
from setting, generate_series(0, least(lead_count, 12 * {days}) - 1) as n;

insert into raw_operational.companies
    (tenant_id, id, name, domain, industry, employee_count, country, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('company ' || n)::uuid, 'Company ' || n, 'company-' || n || '.dk', 'software', n % 500, 'DK',
    '2024-01-01', '2024-01-01', '5', {pulled} from setting, generate_series(0, lead_count / 6) as n;

insert into raw_operational.contacts
    (tenant_id, id, company_id, email, first_name, last_name, has_marketing_consent, created_at, updated_at,
     changed_xid, synced_at)
select tenant_id, md5('contact ' || n)::uuid, md5('company ' || n / 3)::uuid, 'person-' || n || '@company-' || n / 3
    || '.dk', 'First ' || n, 'Last ' || n, n % 3 = 0, '2024-01-01', '2024-01-01', '5', {pulled}
from setting, generate_series(0, lead_count / 2) as n;

insert into raw_operational.touchpoints
    (tenant_id, id, anonymous_id, lead_id, campaign_id, kind, channel, utm_source, utm_medium, landing_page, device,
     occurred_at, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('touch ' || n)::uuid, 'cookie-' || n / 8,
    case when n % 8 = 7 then md5('lead ' || n / 8)::uuid end,
    case when n % 3 = 0 then md5('campaign ' || 1 + n % 12)::uuid end, 'visit',
    (array['paid_search', 'organic_search', 'email', 'direct', 'referral'])[1 + n % 5], 'google', 'cpc',
    '/landing/' || n % 20, 'mobile', moment.at, moment.at, moment.at, '5', {pulled}
from setting, generate_series(0, lead_count * 8 - 1) as n,
    lateral (
        select timestamptz '2024-01-01' + (n / 8 % {days}) * interval '1 day' + n % 8 * interval '5 hours' as at
    ) as moment;

insert into raw_operational.leads
    (tenant_id, id, contact_id, company_id, campaign_id, anonymous_id, email, full_name, company_name, job_title,
     message, source, country, language, status, value_cents, currency, contacted_at, qualified_at, won_at, lost_at,
     created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('lead ' || n)::uuid, case when n % 2 = 0 then md5('contact ' || n / 2)::uuid end,
    case when n % 2 = 0 then md5('company ' || n / 6)::uuid end,
    case when n % 3 = 0 then md5('campaign ' || 1 + n % 12)::uuid end, 'cookie-' || n,
    'person-' || n / 2 || '@company-' || n / 6 || '.dk', 'First Last ' || n, 'Company ' || n / 6, 'Manager',
    'We would like an offer, number ' || n, (array['paid_search', 'organic_search', 'email', 'direct'])[1 + n % 4],
    'DK', 'da', case when n % 5 = 0 then 'won' when n % 5 < 3 then 'lost' else 'qualified' end,
    case when n % 5 = 0 then 10000 + n % 5000 end, 'DKK', moment.at + interval '1 day', moment.at + interval '3 days',
    case when n % 5 = 0 then moment.at + interval '20 days' end,
    case when n % 5 between 1 and 2 then moment.at + interval '30 days' end, moment.at, moment.at, '5', {pulled}
from setting, generate_series(0, lead_count - 1) as n,
    lateral (select timestamptz '2024-01-02' + (n % {days}) * interval '1 day' + interval '13 hours' as at) as moment;

insert into raw_operational.identities
    (tenant_id, id, anonymous_id, lead_id, contact_id, kind, value, first_seen_at, created_at, updated_at, changed_xid,
     synced_at)
select tenant_id, md5('identity ' || n)::uuid, 'cookie-' || n, md5('lead ' || n)::uuid,
    case when n % 2 = 0 then md5('contact ' || n / 2)::uuid end, 'cookie', 'cookie-' || n, '2024-01-01', '2024-01-01',
    '2024-01-01', '5', {pulled}
from setting, generate_series(0, lead_count - 1) as n;

insert into raw_operational.deals
    (tenant_id, id, pipeline_id, stage_id, lead_id, name, amount_cents, currency, status, created_at, updated_at,
     changed_xid, synced_at)
select tenant_id, md5('deal ' || n)::uuid, md5('pipeline')::uuid, md5('stage ' || 1 + n % 6)::uuid,
    md5('lead ' || n * 3)::uuid, 'Deal ' || n, 10000 + n % 5000, 'DKK',
    case n % 6 when 4 then 'won' when 5 then 'lost' else 'open' end, timestamptz '2024-01-02' + n % {days} * interval
    '1 day', '2025-01-01', '5', {pulled}
from setting, generate_series(0, lead_count / 3 - 1) as n;

insert into raw_operational.activities
    (tenant_id, id, kind, lead_id, outcome, occurred_at, created_at, updated_at, changed_xid, synced_at)
select tenant_id, md5('activity ' || n)::uuid, 'call', md5('lead ' || n / 2)::uuid, 'reached', moment.at, moment.at,
    moment.at, '5', {pulled}
from setting, generate_series(0, lead_count * 2 - 1) as n,
    lateral (select timestamptz '2024-01-03' + (n / 2 % {days}) * interval '1 day' as at) as moment;
"""

_VENDOR = """
insert into {table} (tenant_id, object_id, payload, payload_hash, source_modified_at, run_id, synced_at)
select tenant_id, object.id, object.payload, decode(md5(object.payload::text), 'hex'), '2024-06-01',
    md5('run')::uuid, {pulled}
from setting, generate_series(0, {count} - 1) as n, lateral (select {id} as id, {payload} as payload) as object
"""
_EPOCH = f"1704100000 + n % {_DAYS} * 86400"
_VENDORS = {
    "raw_hubspot.contacts": (
        "lead_count / 2", "n::text",
        "jsonb_build_object('properties', jsonb_build_object('email', 'person-' || n || '@company-' || n / 3 || '.dk', "
        "'lastname', 'Last ' || n), 'archived', false, 'createdAt', '2024-01-01T00:00:00Z')",
    ),
    "raw_hubspot.companies": (
        "lead_count / 6", "n::text",
        "jsonb_build_object('properties', jsonb_build_object('name', 'Company ' || n, 'domain', 'company-' || n || "
        "'.dk'), 'createdAt', '2024-01-01T00:00:00Z')",
    ),
    "raw_hubspot.deals": (
        "lead_count / 3", "n::text",
        "jsonb_build_object('properties', jsonb_build_object('dealname', 'Deal ' || n, 'amount', (n % 900)::text, "
        "'deal_currency_code', 'DKK', 'pipeline', 'p', 'dealstage', 's' || n % 5), 'createdAt', "
        "'2024-01-01T00:00:00Z')",
    ),
    "raw_stripe.customers": (
        "lead_count / 10", "'cus_' || n",
        "jsonb_build_object('email', 'person-' || n || '@company-' || n / 3 || '.dk', 'currency', 'dkk', 'created', "
        f"{_EPOCH})",
    ),
    "raw_stripe.subscriptions": (
        "lead_count / 10", "'sub_' || n",
        "jsonb_build_object('customer', 'cus_' || n, 'status', 'active', 'currency', 'dkk', 'created', "
        f"{_EPOCH}, 'start_date', {_EPOCH}, 'items', jsonb_build_object('data', jsonb_build_array("
        "jsonb_build_object('id', 'si_' || n, 'quantity', 1, 'price', jsonb_build_object('product', 'prod_1', "
        "'unit_amount', 30000, 'currency', 'dkk', 'recurring', jsonb_build_object('interval', 'month', "
        "'interval_count', 1))))))",
    ),
    "raw_stripe.invoices": (
        "lead_count", "'in_' || n",
        "jsonb_build_object('customer', 'cus_' || n / 10, 'subscription', 'sub_' || n / 10, 'status', 'paid', "
        f"'currency', 'dkk', 'total', 30000, 'amount_due', 30000, 'amount_paid', 30000, 'created', {_EPOCH})",
    ),
    "raw_stripe.charges": (
        "lead_count", "'ch_' || n",
        "jsonb_build_object('customer', 'cus_' || n / 10, 'invoice', 'in_' || n, 'status', 'succeeded', 'currency', "
        f"'dkk', 'amount', 30000, 'amount_refunded', 0, 'created', {_EPOCH})",
    ),
    "raw_stripe.refunds": (
        "lead_count / 20", "'re_' || n",
        "jsonb_build_object('charge', 'ch_' || n * 20, 'status', 'succeeded', 'currency', 'dkk', 'amount', 500, "
        f"'created', {_EPOCH})",
    ),
    "raw_kit.subscribers": (
        "lead_count / 2", "n::text",
        "jsonb_build_object('email_address', 'person-' || n || '@company-' || n / 3 || '.dk', 'state', 'active', "
        "'created_at', '2024-02-01T00:00:00Z')",
    ),
}  # fmt: skip

_CHANGES = """
update raw_operational.touchpoints set channel = 'referral', synced_at = now() where {occurred_at};
update raw_operational.touchpoints set deleted_at = now(), synced_at = now()
where hashtext(id::text || tenant_id::text) % {one_in} = 1 and hashtext(id::text) % 5 = 0;
insert into raw_operational.touchpoints
    (tenant_id, id, anonymous_id, kind, channel, occurred_at, created_at, updated_at, changed_xid)
select tenant_id, md5('later ' || id)::uuid, anonymous_id, kind, channel, '2025-12-01', '2025-12-01', '2025-12-01', '6'
from raw_operational.touchpoints where hashtext(id::text || tenant_id::text) % ({one_in} * 2) = 2;
update raw_operational.leads set status = 'lost', lost_at = '2025-12-01', synced_at = now() where {created_at};
update raw_operational.contacts set job_title = 'Director', synced_at = now() where {spread};
update raw_operational.deals set amount_cents = amount_cents + 1, synced_at = now() where {created_at};
update raw_operational.campaign_spend set amount_cents = amount_cents + 1, synced_at = now() where {created_at};
update raw_operational.activities set outcome = 'busy', synced_at = now() where {occurred_at};
"""
_VENDOR_CHANGE = """
update {table} set payload = payload || '{{"changed": true}}', synced_at = now()
where hashtext(object_id || tenant_id::text) % {one_in} = 0
"""


def load(connection: psycopg.Connection, scale: float) -> int:
    """Fill the raw tables in one transaction; returns how many rows they hold."""
    leads = round(LEADS * scale)
    connection.execute(_SETTING.format(leads=leads, tenants=TENANTS).encode())
    connection.execute(_OPERATIONAL.format(days=_DAYS, pulled=_PULLED).encode())
    for table, (count, identifier, payload) in _VENDORS.items():
        connection.execute(
            _VENDOR.format(table=table, count=count, id=identifier, payload=payload, pulled=_PULLED).encode()
        )
    return sum(count_rows(connection).values())


def change(connection: psycopg.Connection, one_in: int, *, is_recent: bool = False) -> int:
    """Change one row in so many of each larger table, delete some touchpoints and add others; returns how many.

    The rows are spread over all days, or, where ``is_recent``, those of the newest days as far as rows have days.
    """
    spread = f"hashtext(id::text || tenant_id::text) % {one_in} = 0"
    where = {"spread": spread, "created_at": spread, "occurred_at": spread}
    if is_recent:
        newest = f"timestamptz '2024-01-01' + {_DAYS - _DAYS / one_in} * interval '1 day'"
        where |= {moment: f"{moment} >= {newest}" for moment in ("created_at", "occurred_at")}
    connection.execute(_CHANGES.format(one_in=one_in, **where).encode())
    for table in _VENDORS:
        connection.execute(_VENDOR_CHANGE.format(table=table, one_in=one_in).encode())
    changed = 0
    for table in count_rows(connection):
        row = connection.execute(f"select count(*) from {table} where synced_at = now()".encode()).fetchone()
        changed += row[0] if row else 0
    return changed


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of each raw table that has any."""
    tables = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname like 'raw_%' order by 1"
    ).fetchall()
    counts: dict[str, int] = {}
    for (table,) in tables:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
        if row and row[0]:
            counts[table] = row[0]
    return counts
