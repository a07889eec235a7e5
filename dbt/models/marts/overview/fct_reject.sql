{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'stream', 'object_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'stream', 'object_id', 'column_name'], 'unique': true},
        ],
    )
}}

{% set streams = {
    'hubspot': {
        'companies': 'company_id', 'contacts': 'contact_id', 'deals': 'deal_id', 'forms': 'form_id',
        'lists': 'list_id', 'tickets': 'ticket_id',
    },
    'kit': {
        'broadcasts': 'broadcast_id', 'forms': 'form_id', 'purchases': 'purchase_id', 'segments': 'segment_id',
        'sequences': 'sequence_id', 'subscribers': 'subscriber_id', 'tags': 'tag_id',
    },
    'stripe': {
        'charges': 'charge_id', 'customers': 'customer_id', 'invoices': 'invoice_id', 'prices': 'price_id',
        'products': 'product_id', 'refunds': 'refund_id', 'subscriptions': 'subscription_id',
    },
} %}

{% for source_system, ids in streams.items() %}
{% set last_source = loop.last %}
{% for stream, object_id in ids.items() %}
select
    staged.tenant_id,
    '{{ source_system }}' as source_system,
    '{{ stream }}' as stream,
    staged.{{ object_id }} as object_id,
    reject.column_name,
    reject.detail ->> 'reason' as reason,
    reject.detail ->> 'value' as rejected_value,
    staged.payload,
    staged.synced_at
from {{ ref('stg_' ~ source_system ~ '__' ~ stream) }} as staged
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = staged.tenant_id
cross join lateral jsonb_each(staged.rejects) as reject (column_name, detail)
where
    not staged.is_deleted
    and {{ is_changed('staged', {
        'source_system': "'" ~ source_system ~ "'", 'stream': "'" ~ stream ~ "'", 'object_id': 'staged.' ~ object_id
    }) }}
{% if not (loop.last and last_source) %}union all{% endif %}
{% endfor %}
{% endfor %}

{% call changed_keys() %}
    {% for source_system, ids in streams.items() %}
        {% set last_source = loop.last %}
        {% for stream, object_id in ids.items() %}
            select
                tenant_id,
                '{{ source_system }}' as source_system,
                '{{ stream }}' as stream,
                {{ object_id }} as object_id
            from {{ changes(ref('stg_' ~ source_system ~ '__' ~ stream)) }} as staged
            {% if not (loop.last and last_source) %}union all{% endif %}
        {% endfor %}
    {% endfor %}
{% endcall %}
