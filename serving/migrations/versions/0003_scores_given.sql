-- Scores that the API gave of a lead, and what salespeople said of scores. Both go with the lead.

create table app.given_scores (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    lead_id uuid not null,
    model_version text not null,
    probability double precision not null,
    base_probability double precision not null,
    grade text not null,
    reasons jsonb not null,
    features jsonb not null,
    features_from text not null,
    asked_by uuid not null,
    given_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade
);
create index given_scores_lead on app.given_scores (tenant_id, lead_id, given_at desc);

create table app.lead_feedback (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    lead_id uuid not null,
    verdict text not null check (verdict in ('agree', 'too_high', 'too_low')),
    comment text check (length(comment) <= 2000),
    model_version text,
    probability double precision check (probability between 0 and 1),
    given_by uuid not null,
    given_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade
);
create index lead_feedback_tenant_xid on app.lead_feedback (tenant_id, changed_xid);
create index lead_feedback_lead on app.lead_feedback (tenant_id, lead_id, given_at desc);
create trigger stamp_row before insert or update on app.lead_feedback
for each row execute function app.stamp_row();
create trigger bury_row after delete on app.lead_feedback
for each row execute function app.bury_row();

do $$
declare
    relation text;
begin
    foreach relation in array array['app.given_scores', 'app.lead_feedback'] loop
        execute format('alter table %s enable row level security', relation);
        execute format('alter table %s force row level security', relation);
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
    end loop;
end
$$;

grant select, insert on app.given_scores, app.lead_feedback to tekup_app;
grant select on app.lead_feedback to tekup_pipeline;
