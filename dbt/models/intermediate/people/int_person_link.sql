{#-
  Each record holds on to one other thing at most: the strongest of its links. So the links form a forest, the person is
  the tree, and its root is found by four joins, whatever the number of records. A mailbox that several people read is no
  link at all.
-#}
{%- set sources = {
    'contact_record': 'stg_operational__contacts',
    'lead_record': 'stg_operational__leads',
    'hubspot_record': 'stg_hubspot__contacts',
    'customer_record': 'stg_stripe__customers',
    'subscriber_record': 'stg_kit__subscribers',
} -%}
{%- set columns = {
    'contact_record': ['contact_id'],
    'lead_record': ['lead_id', 'contact_id', 'anonymous_id'],
    'hubspot_record': ['contact_id', 'operational_contact_id', 'merged_ids'],
    'customer_record': ['customer_id', 'lead_id'],
    'subscriber_record': ['subscriber_id'],
} -%}
with shared as (
    select
        tenant_id,
        email
    from {{ ref('int_shared_mailbox') }}
),

{% for name, staged in sources.items() %}
    {{ name }} as (
        select
            record.tenant_id,
            {% for column in columns[name] %}
                record.{{ column }},
            {% endfor %}
            record.created_at,
            case when shared.email is null then record.email end as email
        from {{ ref(staged) }} as record
        left join shared on shared.tenant_id = record.tenant_id and shared.email = record.email
        where not record.is_deleted
    ),

{% endfor %}
references_to_contacts as (
    select
        tenant_id,
        contact_id,
        email,
        created_at,
        'lead:' || lead_id::text as record
    from lead_record
    union all
    select
        tenant_id,
        operational_contact_id as contact_id,
        email,
        created_at,
        'hubspot:' || contact_id as record
    from hubspot_record
),

-- A contact without an address of its own is reached by that of the oldest record that refers to it.
lent as (
    select distinct on (tenant_id, contact_id)
        tenant_id,
        contact_id,
        email
    from references_to_contacts
    where contact_id is not null and email is not null
    order by tenant_id, contact_id, created_at, record
),

contacts as (
    select
        contact.tenant_id,
        contact.contact_id,
        contact.created_at,
        coalesce(contact.email, lent.email) as email,
        case when coalesce(contact.email, lent.email) is null then 'self' else 'email' end as rule
    from contact_record as contact
    left join lent on lent.tenant_id = contact.tenant_id and lent.contact_id = contact.contact_id
),

rooted_contacts as (
    select
        *,
        coalesce('email:' || email, 'contact:' || contact_id::text) as root
    from contacts
),

-- What a lead is known by without its cookie.
known_leads as (
    select
        lead.tenant_id,
        lead.lead_id,
        lead.anonymous_id,
        lead.email,
        lead.created_at,
        contact.email as contact_email,
        case
            when contact.contact_id is not null then 'contact_reference' when lead.email is not null then 'email'
        end as rule,
        coalesce(contact.root, 'email:' || lead.email) as root
    from lead_record as lead
    left join rooted_contacts as contact
        on contact.tenant_id = lead.tenant_id and contact.contact_id = lead.contact_id
),

known_cookies as (
    select
        claim.tenant_id,
        claim.anonymous_id,
        claim.lead_id,
        coalesce(contact.root, lead.root) as root
    from {{ ref('int_cookie_claim') }} as claim
    left join rooted_contacts as contact
        on contact.tenant_id = claim.tenant_id and contact.contact_id = claim.contact_id
    left join known_leads as lead
        on lead.tenant_id = claim.tenant_id and lead.lead_id = claim.lead_id
),

leads as (
    select
        lead.tenant_id,
        lead.lead_id,
        lead.created_at,
        lead.email,
        lead.contact_email,
        coalesce(lead.rule, case when lead.anonymous_id is not null then 'cookie' else 'self' end) as rule,
        coalesce(lead.root, cookie.root, 'anon:' || lead.anonymous_id, 'lead:' || lead.lead_id::text) as root
    from known_leads as lead
    left join known_cookies as cookie
        on cookie.tenant_id = lead.tenant_id and cookie.anonymous_id = lead.anonymous_id
),

-- A lead known by its cookie alone hangs on the cookie; were that to hang on a lead again, they could go round.
unknown_owners as (
    select distinct
        tenant_id,
        anonymous_id
    from known_leads
    where rule is null and anonymous_id is not null
),

cookies as (
    select
        cookie.tenant_id,
        cookie.anonymous_id,
        coalesce(
            cookie.root,
            'anon:' || own.anonymous_id,
            lead.root,
            'anon:' || cookie.anonymous_id
        ) as root
    from known_cookies as cookie
    left join leads as lead on lead.tenant_id = cookie.tenant_id and lead.lead_id = cookie.lead_id
    left join unknown_owners as own
        on own.tenant_id = cookie.tenant_id and own.anonymous_id = cookie.anonymous_id
),

hubspot as (
    select
        hubspot.tenant_id,
        hubspot.contact_id,
        hubspot.created_at,
        hubspot.email,
        hubspot.merged_ids,
        contact.email as contact_email,
        case
            when contact.contact_id is not null then 'contact_reference'
            when hubspot.email is not null then 'email'
            else 'self'
        end as rule,
        coalesce(contact.root, 'email:' || hubspot.email, 'hubspot:' || hubspot.contact_id) as root
    from hubspot_record as hubspot
    left join rooted_contacts as contact
        on contact.tenant_id = hubspot.tenant_id and contact.contact_id = hubspot.operational_contact_id
),

-- HubSpot names in the record that is left those that were merged into it; what referred to them refers to it.
merged as (
    select distinct on (hubspot.tenant_id, old.contact_id)
        hubspot.tenant_id,
        old.contact_id,
        hubspot.created_at,
        hubspot.root
    from hubspot
    cross join lateral regexp_split_to_table(hubspot.merged_ids, ';') as old (contact_id)
    left join hubspot as living on living.tenant_id = hubspot.tenant_id and living.contact_id = old.contact_id
    where old.contact_id <> '' and living.contact_id is null
    order by hubspot.tenant_id, old.contact_id, hubspot.contact_id
)

select
    tenant_id,
    'contact' as source_system,
    contact_id::text as source_id,
    rule,
    root,
    false as is_conflicting,
    1 as priority,
    created_at
from rooted_contacts
union all
select
    tenant_id,
    'lead' as source_system,
    lead_id::text as source_id,
    rule,
    root,
    rule = 'contact_reference' and coalesce(email <> contact_email, false) as is_conflicting,
    2 as priority,
    created_at
from leads
union all
select
    tenant_id,
    'hubspot' as source_system,
    contact_id as source_id,
    rule,
    root,
    rule = 'contact_reference' and coalesce(email <> contact_email, false) as is_conflicting,
    3 as priority,
    created_at
from hubspot
union all
select
    tenant_id,
    'hubspot' as source_system,
    contact_id as source_id,
    'merged' as rule,
    root,
    false as is_conflicting,
    9 as priority,
    created_at
from merged
union all
select
    customer.tenant_id,
    'stripe' as source_system,
    customer.customer_id as source_id,
    case
        when lead.lead_id is not null then 'lead_reference' when customer.email is not null then 'email' else 'self'
    end as rule,
    coalesce(lead.root, 'email:' || customer.email, 'stripe:' || customer.customer_id) as root,
    coalesce(customer.email <> coalesce(lead.contact_email, lead.email), false) as is_conflicting,
    4 as priority,
    customer.created_at
from customer_record as customer
left join leads as lead on lead.tenant_id = customer.tenant_id and lead.lead_id = customer.lead_id
union all
select
    tenant_id,
    'kit' as source_system,
    subscriber_id as source_id,
    case when email is not null then 'email' else 'self' end as rule,
    coalesce('email:' || email, 'kit:' || subscriber_id) as root,
    false as is_conflicting,
    5 as priority,
    created_at
from subscriber_record
union all
select
    tenant_id,
    'cookie' as source_system,
    anonymous_id as source_id,
    'cookie' as rule,
    root,
    false as is_conflicting,
    6 as priority,
    null::timestamptz as created_at
from cookies
