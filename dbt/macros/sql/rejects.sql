{#-
  Every stream of a vendor whose rows hold values to be typed, by the name of its staging view: the column that names the
  object in it. A test compares this list with the staging views, so that none is left out.
-#}
{% macro reject_streams() %}
    {{ return({
        'hubspot': {
            'companies': 'company_id',
            'contacts': 'contact_id',
            'deals': 'deal_id',
            'engagements': 'engagement_id',
            'form_submissions': 'submission_id',
            'forms': 'form_id',
            'list_memberships': 'record_id',
            'lists': 'list_id',
            'owners': 'owner_id',
            'pipelines': 'pipeline_id',
            'property_history': 'object_id',
            'stages': 'pipeline_id',
            'tickets': 'ticket_id',
        },
        'kit': {
            'broadcasts': 'broadcast_id',
            'custom_fields': 'custom_field_id',
            'form_subscribers': 'record_id',
            'forms': 'form_id',
            'purchases': 'purchase_id',
            'segments': 'segment_id',
            'sequence_subscribers': 'record_id',
            'sequences': 'sequence_id',
            'subscribers': 'subscriber_id',
            'tag_subscribers': 'record_id',
            'tags': 'tag_id',
        },
        'stripe': {
            'balance_transactions': 'balance_transaction_id',
            'charges': 'charge_id',
            'checkout_sessions': 'checkout_session_id',
            'coupons': 'coupon_id',
            'credit_notes': 'credit_note_id',
            'customers': 'customer_id',
            'discounts': 'record_id',
            'disputes': 'dispute_id',
            'invoice_lines': 'invoice_id',
            'invoices': 'invoice_id',
            'payment_intents': 'payment_intent_id',
            'payouts': 'payout_id',
            'prices': 'price_id',
            'products': 'product_id',
            'refunds': 'refund_id',
            'subscription_events': 'event_id',
            'subscription_items': 'record_id',
            'subscription_schedules': 'subscription_schedule_id',
            'subscriptions': 'subscription_id',
            'tax_ids': 'record_id',
        },
    }) }}
{% endmacro %}

{#- Where in its object a row of these streams stands, told before the column's name: an object has many of them. -#}
{% macro reject_places() %}
    {{ return({
        'engagements': 'kind',
        'invoice_lines': 'invoice_line_id',
        'property_history': "object_kind || '.' || property_name",
        'stages': 'stage_id',
    }) }}
{% endmacro %}

{#- Where the object itself is staged, for streams of what stands within one: a row that is gone from it changed none of them. -#}
{% macro reject_owners() %}
    {{ return({
        'invoice_lines': {'invoices': 'invoice_id'},
        'property_history': {'contacts': 'contact_id', 'deals': 'deal_id', 'tickets': 'ticket_id'},
        'stages': {'pipelines': 'pipeline_id'},
    }) }}
{% endmacro %}

{#-
  Which values are there and could not be typed, by column, with what was wrong and the value; null where all is well.
  `values` lists column, raw value and the cast's name; `record` is the JSON that must be an object.
-#}
{% macro rejects(record, values) -%}
    {%- set casts = {
        'bigint': [try_bigint, 'not a whole number'],
        'integer': [try_integer, 'not a whole number'],
        'numeric': [try_numeric, 'not a number'],
        'cents': [try_cents, 'not an amount'],
        'boolean': [try_boolean, 'neither true nor false'],
        'uuid': [try_uuid, 'not a UUID'],
        'timestamptz': [try_timestamptz, 'not a time'],
        'epoch': [try_epoch, 'not a time in seconds since 1970'],
        'epoch_ms': [try_epoch_ms, 'not a time in milliseconds since 1970'],
    } -%}
    nullif(
        jsonb_strip_nulls(
            jsonb_build_object(
                'payload',
                case
                    when jsonb_typeof({{ record }}) is distinct from 'object'
                        then jsonb_build_object('reason', 'not an object')
                end
                {%- for column, value, cast in values %},
                '{{ column }}',
                case
                    when btrim({{ value }}) <> '' and {{ casts[cast][0](value) }} is null
                        then jsonb_build_object('reason', '{{ casts[cast][1] }}', 'value', left({{ value }}, 200))
                end
                {%- endfor %}
            )
        ),
        '{}'::jsonb
    )
{%- endmacro %}
