{#- Addresses that several people read, so that an address alone joins nobody: docs/data/identity.md. -#}
{% set roles = [
    'abuse', 'accounts', 'admin', 'administration', 'billing', 'bogholderi', 'booking', 'butik', 'contact', 'customerservice',
    'faktura', 'finance', 'hej', 'hello', 'help', 'helpdesk', 'hr', 'info', 'information', 'invoice', 'it', 'job', 'jobs',
    'kontakt', 'kontor', 'kundeservice', 'lager', 'mail', 'marketing', 'no-reply', 'noreply', 'office', 'ordre', 'order',
    'orders', 'post', 'postmaster', 'presse', 'press', 'reception', 'regnskab', 'salg', 'sales', 'service', 'shop', 'support',
    'team', 'webmaster',
] %}
with records as (
    select
        tenant_id,
        email,
        concat_ws(' ', first_name, last_name) as full_name
    from {{ ref('stg_operational__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        email,
        full_name
    from {{ ref('stg_operational__leads') }}
    where not is_deleted
    union all
    select
        tenant_id,
        email,
        concat_ws(' ', first_name, last_name) as full_name
    from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        email,
        null as full_name
    from {{ ref('stg_stripe__customers') }}
    where not is_deleted
    union all
    select
        tenant_id,
        email,
        null as full_name
    from {{ ref('stg_kit__subscribers') }}
    where not is_deleted
),

mailboxes as (
    select
        tenant_id,
        email,
        split_part(email, '@', 1) as mailbox_name,
        count(distinct nullif(lower(btrim(full_name)), '')) as name_count
    from records
    where email is not null
    group by tenant_id, email
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
    reason
from judged
where reason is not null
