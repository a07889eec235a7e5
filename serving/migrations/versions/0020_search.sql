-- Search: the words of records as PostgreSQL's text search knows them, kept by triggers beside the records.
-- No index on the words: `@@` is not leakproof, so that under row-level security none would be used. The planner reads
-- the tenant's documents by their key and looks at each; docs/search.md has what that costs.

create table app.search_documents (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    kind text not null check (kind in ('lead', 'contact', 'company', 'deal', 'activity')),
    record_id uuid not null,
    words tsvector not null,
    primary key (tenant_id, kind, record_id)
);

-- What a thing is called weighs most, as it stands; the rest by its stems. Parts of addresses are words too.
create function app.search_words(called text, told text) returns tsvector
language sql stable set search_path = pg_catalog, pg_temp as $$
    select setweight(to_tsvector('simple', called || ' ' || translate(called, '@._-', '    ')), 'A')
        || setweight(to_tsvector('danish', called || ' ' || told), 'B')
        || setweight(to_tsvector('english', called || ' ' || told), 'C')
        || setweight(to_tsvector('simple', told), 'D')
$$;

-- Keeps the documents of the rows that a statement wrote; the trigger says which columns are names and which are text.
create function app.keep_search_documents() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        delete from app.search_documents as d using changed as c
        where d.tenant_id = c.tenant_id and d.kind = tg_argv[0] and d.record_id = c.id;
    else
        execute format(
            'insert into app.search_documents (tenant_id, kind, record_id, words) '
            'select tenant_id, %L, id, app.search_words(concat_ws('' '', %s), concat_ws('' '', %s)) from changed '
            'on conflict (tenant_id, kind, record_id) do update set words = excluded.words '
            'where search_documents.words is distinct from excluded.words',
            tg_argv[0], tg_argv[1], tg_argv[2]
        );
    end if;
    return null;
end
$$;
revoke all on function app.search_words(text, text), app.keep_search_documents() from public;
grant execute on function app.search_words(text, text) to tekup_app, tekup_pipeline;

alter table app.search_documents enable row level security;
alter table app.search_documents force row level security;
create policy tenant_isolation on app.search_documents to tekup_owner, tekup_pipeline, tekup_app, tekup_reader
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
do $$
declare
    command text;
begin
    foreach command in array array['insert', 'update', 'delete'] loop
        perform app.require_permission(
            'app.search_documents', command, 'leads:write', 'contacts:write', 'companies:write', 'deals:write',
            'activities:write'
        );
    end loop;
end
$$;
-- the words of people are for who may see people, or may change that kind of record
create policy people_by_who_may_see_them on app.search_documents as restrictive for select to tekup_app, tekup_reader
using (
    kind in ('company', 'deal')
    or (select string_to_array(current_setting('app.permissions', true), ' ')
        && array['persons:read', 'leads:write', 'contacts:write', 'activities:write', '*'])
);
grant select, insert, update, delete on app.search_documents to tekup_app, tekup_pipeline;

do $$
declare
    searched record;
    tenant uuid;
begin
    for searched in select * from (values
        ('lead', 'leads', 'full_name, email, company_name', 'job_title, message'),
        ('contact', 'contacts', 'first_name, last_name, email', 'phone, job_title'),
        ('company', 'companies', 'name, domain', 'industry, city'),
        ('deal', 'deals', 'name', 'null::text'),
        ('activity', 'activities', 'subject', 'body, outcome')
    ) as listed (kind, relation, called, told) loop
        execute format(
            'create trigger keep_search_documents_made after insert on app.%I referencing new table as changed '
            'for each statement execute function app.keep_search_documents(%L, %L, %L)',
            searched.relation, searched.kind, searched.called, searched.told
        );
        execute format(
            'create trigger keep_search_documents_changed after update on app.%I referencing new table as changed '
            'for each statement execute function app.keep_search_documents(%L, %L, %L)',
            searched.relation, searched.kind, searched.called, searched.told
        );
        execute format(
            'create trigger keep_search_documents_deleted after delete on app.%I referencing old table as changed '
            'for each statement execute function app.keep_search_documents(%L)',
            searched.relation, searched.kind
        );
    end loop;
    -- records that stand already, tenant by tenant, as its policies want it
    alter table app.tenants no force row level security;
    for tenant in select id from app.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        for searched in select * from (values
            ('lead', 'leads', 'full_name, email, company_name', 'job_title, message'),
            ('contact', 'contacts', 'first_name, last_name, email', 'phone, job_title'),
            ('company', 'companies', 'name, domain', 'industry, city'),
            ('deal', 'deals', 'name', 'null::text'),
            ('activity', 'activities', 'subject', 'body, outcome')
        ) as listed (kind, relation, called, told) loop
            execute format(
                'insert into app.search_documents (tenant_id, kind, record_id, words) '
                'select tenant_id, %L, id, app.search_words(concat_ws('' '', %s), concat_ws('' '', %s)) from app.%I',
                searched.kind, searched.called, searched.told, searched.relation
            );
        end loop;
    end loop;
    alter table app.tenants force row level security;
end
$$;
set local app.tenant_id to default;
