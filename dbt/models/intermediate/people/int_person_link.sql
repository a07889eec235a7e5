{#-
  Each record holds on to one other thing at most: the strongest of its links. So the links form a forest, the person is
  the tree, and its root is found by four joins, whatever the number of records. A mailbox that several people read is no
  link at all.

  A delta computes the records that changed together with all that are tied to them by references, in either direction
  and over any number of steps: each join then finds what it would find in a full build. An address ties nothing here,
  since a root is told by the address itself and never by another record that has it.
-#}
{{
    config(
        materialized='table',
        meta={
            'delta_key': ['tenant_id', 'source_system', 'source_id'],
            'change_log': ['tenant_id', 'source_system', 'source_id', 'root_key'],
        },
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'source_id'], 'unique': true},
            {'columns': ['tenant_id', 'root_key']},
        ],
    )
}}

with records as (
    select
        record.tenant_id,
        record.source_system,
        record.source_id,
        case when shared.email is null then record.email end as email,
        record.contact_id,
        record.lead_id,
        record.anonymous_id,
        record.merged_id,
        record.began_at as created_at
    from {{ ref('int_person_record') }} as record
    left join {{ ref('int_shared_mailbox') }} as shared
        on shared.tenant_id = record.tenant_id and shared.email = record.email
    where {{ is_changed('record') }}
),

contact_record as (
    select tenant_id, source_id as contact_id, email, created_at
    from records
    where source_system = 'contact'
),

lead_record as (
    select tenant_id, source_id as lead_id, contact_id, anonymous_id, email, created_at
    from records
    where source_system = 'lead'
),

hubspot_record as (
    select tenant_id, source_id as contact_id, contact_id as operational_contact_id, email, created_at
    from records
    where source_system = 'hubspot'
),

customer_record as (
    select tenant_id, source_id as customer_id, lead_id, email, created_at
    from records
    where source_system = 'stripe'
),

subscriber_record as (
    select tenant_id, source_id as subscriber_id, email, created_at
    from records
    where source_system = 'kit'
),

-- A cookie may have been seen with several leads. The first identification wins and stays.
claims as (
    select
        records.tenant_id,
        records.anonymous_id,
        records.created_at as claimed_at,
        case records.source_system when 'identity' then 1 else 2 end as priority,
        records.source_id as claim_id,
        lead.lead_id,
        contact.contact_id
    from records
    left join lead_record as lead
        on
            lead.tenant_id = records.tenant_id
            and lead.lead_id = case records.source_system when 'lead' then records.source_id else records.lead_id end
    left join contact_record as contact
        on
            contact.tenant_id = records.tenant_id
            and contact.contact_id = coalesce(records.contact_id, lead.contact_id)
    where
        records.source_system in ('identity', 'lead')
        and records.anonymous_id is not null
        and (lead.lead_id is not null or contact.contact_id is not null)
),

cookie_claims as (
    select distinct on (tenant_id, anonymous_id)
        tenant_id,
        anonymous_id,
        lead_id,
        contact_id
    from claims
    order by tenant_id, anonymous_id, priority, claimed_at, claim_id
),

references_to_contacts as (
    select
        tenant_id,
        contact_id,
        email,
        created_at,
        'lead:' || lead_id as record
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
        coalesce('email:' || email, 'contact:' || contact_id) as root
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
    from cookie_claims as claim
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
        coalesce(lead.root, cookie.root, 'anon:' || lead.anonymous_id, 'lead:' || lead.lead_id) as root
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
    select distinct on (old.tenant_id, old.merged_id)
        old.tenant_id,
        old.merged_id as contact_id,
        hubspot.created_at,
        hubspot.root
    from records as old
    inner join hubspot on hubspot.tenant_id = old.tenant_id and hubspot.contact_id = old.source_id
    left join hubspot as living on living.tenant_id = old.tenant_id and living.contact_id = old.merged_id
    where old.source_system = 'merged' and living.contact_id is null
    order by old.tenant_id, old.merged_id, hubspot.contact_id
),

links as (
    select
        tenant_id,
        'contact' as source_system,
        contact_id as source_id,
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
        lead_id as source_id,
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
)

select
    tenant_id,
    source_system,
    source_id,
    rule,
    root,
    hashtextextended(root, 0) as root_key,
    is_conflicting,
    priority,
    created_at
from links

{% call changed_keys() %}
    with recursive tied (tenant_id, source_system, source_id) as (
        (
            select
                tenant_id,
                source_system,
                source_id
            from {{ changes(ref('int_person_record')) }} as changed
            union
            select
                changed.tenant_id,
                reference.source_system,
                reference.source_id
            from {{ changes(ref('int_person_record')) }} as changed
            cross join lateral (
                values
                ('contact', changed.contact_id),
                ('lead', changed.lead_id),
                ('cookie', changed.anonymous_id),
                ('hubspot', changed.merged_id)
            ) as reference (source_system, source_id)
            where reference.source_id <> ''
            union
            {# an address that became a mailbox of several people, or is one no more #}
            select
                record.tenant_id,
                record.source_system,
                record.source_id
            from {{ changes(ref('int_shared_mailbox')) }} as mailbox
            inner join {{ ref('int_person_record') }} as record
                on record.tenant_id = mailbox.tenant_id and record.email_key = mailbox.email_key
        )
        union
        select
            tied.tenant_id,
            nearby.source_system,
            nearby.source_id
        from tied
        cross join lateral (
            select
                reference.source_system,
                reference.source_id
            from {{ ref('int_person_record') }} as record
            cross join lateral (
                values
                ('contact', record.contact_id),
                ('lead', record.lead_id),
                ('cookie', record.anonymous_id),
                ('hubspot', record.merged_id)
            ) as reference (source_system, source_id)
            where
                record.tenant_id = tied.tenant_id
                and record.source_system = tied.source_system
                and record.source_id = tied.source_id
                and reference.source_id <> ''
            {% for referred, column in [
                ('contact', 'contact_id'), ('lead', 'lead_id'), ('cookie', 'anonymous_id'), ('hubspot', 'merged_id'),
            ] %}
                union all
                select
                    record.source_system,
                    record.source_id
                from {{ ref('int_person_record') }} as record
                where
                    record.tenant_id = tied.tenant_id
                    and record.{{ column }} = tied.source_id
                    and tied.source_system = '{{ referred }}'
            {% endfor %}
            union all
            {# the record of a merge and its survivor are one #}
            select
                case tied.source_system when 'hubspot' then 'merged' else 'hubspot' end as source_system,
                tied.source_id
            where tied.source_system in ('hubspot', 'merged')
        ) as nearby
    )

    select
        tenant_id,
        source_system,
        source_id
    from tied
{% endcall %}
