{{
    config(
        meta={'delta_key': ['tenant_id', 'credit_note_id']},
        indexes=[{'columns': ['tenant_id', 'credit_note_id'], 'unique': true}],
    )
}}

select
    note.tenant_id,
    note.credit_note_id,
    note.invoice_id,
    note.customer_id,
    note.credit_note_number,
    case when note.status in ('issued', 'void') then note.status else 'unknown' end as status,
    coalesce(note.status = 'issued', false) as is_issued,
    note.reason,
    note.total_cents,
    coalesce(note.pre_payment_cents, 0) as pre_payment_cents,
    coalesce(note.post_payment_cents, 0) as post_payment_cents,
    note.currency,
    {{ tenant_date('note.created_at', 'tenant.timezone') }} as created_date,
    note.created_at,
    note.voided_at
from {{ ref('stg_stripe__credit_notes') }} as note
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = note.tenant_id
where not note.is_deleted and {{ is_changed('note') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__credit_notes']) }}
{% endcall %}
