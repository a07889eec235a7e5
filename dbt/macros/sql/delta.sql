{#- A row's version: a number that differs as soon as any of the rows it is made from was synced again. -#}
{% macro row_version(moments) -%}
    hash_record_extended(row({{ moments | join(', ') }}), 0)
{%- endmacro %}

{#-
  The condition that leaves only rows a table hasn't got in this version, for a delta build of `this`.

  The watermark bounds what is compared. The look-back admits chunks that began before the newest row here but were
  committed after the last build; comparing versions keeps those from being written twice.
-#}
{% macro is_new_version(alias, key) -%}
    {{ alias }}.synced_at >= (
        select coalesce(max(built.synced_at), '-infinity') - interval '{{ var("late_commit_minutes") }} minutes'
        from {{ this }} as built
    )
    and not exists (
        select 1
        from {{ this }} as built
        where
            built.tenant_id = {{ alias }}.tenant_id
            and built.{{ key }} = {{ alias }}.{{ key }}
            and built.row_version = {{ alias }}.row_version
    )
{%- endmacro %}

{#- Removes rows whose source row, or whole tenant, is gone; in the same transaction as the delta. -#}
{% macro remove_deleted(source_model, tenant_model, key) -%}
    {% if is_incremental() -%}
    delete from {{ this }} as built
    where
        not exists (
            select 1
            from {{ source_model }} as origin
            where
                origin.tenant_id = built.tenant_id and origin.{{ key }} = built.{{ key }} and not origin.is_deleted
        )
        or not exists (select 1 from {{ tenant_model }} as tenant where tenant.tenant_id = built.tenant_id)
    {%- else -%}
    select 1
    {%- endif %}
{%- endmacro %}
