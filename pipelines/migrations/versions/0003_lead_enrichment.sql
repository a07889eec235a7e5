-- What a language model read out of leads' texts, and what that cost. No text that was sent is kept.

-- The cache: one row per tenant and question. `pending` is committed before the question leaves.
create table ml.lead_enrichment (
    tenant_id uuid not null,
    cache_key text not null check (cache_key ~ '^[0-9a-f]{64}$'),
    status text not null check (
        status in ('pending', 'answered', 'refused', 'incomplete', 'malformed', 'out_of_bounds', 'failed')
    ),
    attempts smallint not null check (attempts >= 0),
    reason text,
    model text not null,
    versions text not null,
    run_id uuid not null,
    batch_key uuid,
    reserved_tokens integer not null default 0 check (reserved_tokens >= 0),
    language text,
    industry text,
    seniority text,
    intent text,
    summary text,
    asked_at timestamptz not null default now(),
    answered_at timestamptz,
    primary key (tenant_id, cache_key),
    check (status <> 'answered' or (language is not null and intent is not null and summary is not null))
);
create index lead_enrichment_pending on ml.lead_enrichment (tenant_id) where status = 'pending';

-- Which question stands for which lead's text as it is now (null: nothing to read), and which answer it has.
create table ml.lead_enrichment_lead (
    tenant_id uuid not null,
    lead_id uuid not null,
    cache_key text,
    answered_key text,
    text_hash text,
    version text not null,
    changed_xid xid8 not null,
    linked_at timestamptz not null default now(),
    primary key (tenant_id, lead_id)
);
create index lead_enrichment_lead_key on ml.lead_enrichment_lead (tenant_id, cache_key);
create index lead_enrichment_lead_answer on ml.lead_enrichment_lead (tenant_id, answered_key);

-- The ledger that the budget is kept by. It outlives erased leads and names none.
create table ml.lead_enrichment_call (
    tenant_id uuid not null,
    call_id uuid not null,
    run_id uuid not null,
    batch_key uuid,
    model text not null,
    outcome text not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    request_id text,
    called_at timestamptz not null default now(),
    primary key (tenant_id, call_id)
);
create index lead_enrichment_call_month on ml.lead_enrichment_call (tenant_id, called_at);

-- Batches at the vendor. `batch_key` travels in the batch's metadata, so that one whose id was lost is found again.
create table ml.lead_enrichment_batch (
    tenant_id uuid not null,
    batch_key uuid not null,
    run_id uuid not null,
    status text not null check (status in ('preparing', 'uploaded', 'running', 'collected', 'abandoned')),
    model text not null,
    request_count integer not null,
    answered_count integer not null default 0,
    input_file text,
    vendor_id text,
    reason text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (tenant_id, batch_key)
);
create unique index lead_enrichment_batch_open on ml.lead_enrichment_batch (tenant_id)
where status in ('preparing', 'uploaded', 'running');

do $$
declare
    relation regclass;
begin
    foreach relation in array array[
        'ml.lead_enrichment', 'ml.lead_enrichment_lead', 'ml.lead_enrichment_call', 'ml.lead_enrichment_batch'
    ]::regclass[] loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

-- What dbt builds on: each lead's answer.
create view ml.lead_enrichment_answer as
select
    link.tenant_id,
    link.lead_id,
    answer.language,
    answer.industry,
    answer.seniority,
    answer.intent,
    answer.summary,
    answer.model,
    answer.versions,
    coalesce(link.cache_key = link.answered_key, false) as is_current,
    answer.answered_at
from ml.lead_enrichment_lead as link
inner join ml.lead_enrichment as answer
    on answer.tenant_id = link.tenant_id and answer.cache_key = link.answered_key
where answer.status = 'answered';
select ops.secure_relation('ml.lead_enrichment_answer');

grant select, insert, update, delete
on ml.lead_enrichment, ml.lead_enrichment_lead, ml.lead_enrichment_call, ml.lead_enrichment_batch
to tekup_pipeline, tekup_all_tenants;
grant select on ml.lead_enrichment_answer to tekup_pipeline, tekup_all_tenants;
grant select on ml.lead_enrichment_call, ml.lead_enrichment_batch to tekup_reader, tekup_app;
