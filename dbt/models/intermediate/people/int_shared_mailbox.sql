{{
    config(
        materialized='table',
        meta={'delta_key': ['tenant_id', 'email_key'], 'change_log': ['tenant_id', 'email_key']},
        indexes=[
            {'columns': ['tenant_id', 'email'], 'unique': true},
            {'columns': ['tenant_id', 'email_key']},
        ],
    )
}}

{#- Addresses that several people read, so that an address alone joins nobody: docs/data/identity.md. -#}
{% set roles = [
    'abuse', 'accounts', 'admin', 'administration', 'billing', 'bogholderi', 'booking', 'butik', 'contact', 'customerservice',
    'faktura', 'finance', 'hej', 'hello', 'help', 'helpdesk', 'hr', 'info', 'information', 'invoice', 'it', 'job', 'jobs',
    'kontakt', 'kontor', 'kundeservice', 'lager', 'mail', 'marketing', 'no-reply', 'noreply', 'office', 'ordre', 'order',
    'orders', 'post', 'postmaster', 'presse', 'press', 'reception', 'regnskab', 'salg', 'sales', 'service', 'shop', 'support',
    'team', 'webmaster',
] %}
with mailboxes as (
    select
        record.tenant_id,
        record.email_key,
        record.email,
        split_part(record.email, '@', 1) as mailbox_name,
        count(distinct record.person_name) as name_count
    from {{ ref('int_person_record') }} as record
    where record.email is not null and {{ is_changed('record') }}
    group by record.tenant_id, record.email_key, record.email
),

settings as (
    select
        tenant_id,
        settings -> 'identity' -> 'shared_mailboxes' as shared_mailboxes,
        settings -> 'identity' -> 'personal_mailboxes' as personal_mailboxes,
        coalesce(
            {{ try_integer("(settings -> 'identity' ->> 'shared_from_names')") }}, {{ var('shared_mailbox_names') }}
        ) as shared_from_names
    from {{ ref('stg_operational__tenants') }}
    where not is_deleted
),

judged as (
    select
        mailboxes.tenant_id,
        mailboxes.email_key,
        mailboxes.email,
        case
            when settings.personal_mailboxes @> to_jsonb(mailboxes.email) then null
            when
                settings.shared_mailboxes @> to_jsonb(mailboxes.email)
                or settings.shared_mailboxes @> to_jsonb(mailboxes.mailbox_name || '@')
                then 'setting'
            when
                mailboxes.mailbox_name in (
                    {%- for role in roles %}
                    '{{ role }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then 'role'
            when mailboxes.name_count >= settings.shared_from_names then 'names'
        end as reason
    from mailboxes
    inner join settings on settings.tenant_id = mailboxes.tenant_id
)

select
    tenant_id,
    email,
    email_key,
    reason
from judged
where reason is not null

{% call changed_keys() %}
    {{ keys_of_changes(['int_person_record']) }}
    union all
    {# a tenant's settings judge all of its addresses #}
    select
        record.tenant_id,
        record.email_key
    from {{ ref('int_person_record') }} as record
    where record.tenant_id in (select tenant_id from {{ changed_tenants() }} as tenant)
{% endcall %}
