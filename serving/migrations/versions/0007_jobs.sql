-- Who may do what with the queue. A job holds a tenant's id and ids of his rows, and is seen by the worker alone.

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'procrastinate_workers', 'procrastinate_jobs', 'procrastinate_periodic_defers', 'procrastinate_events'
    ] loop
        execute format('alter table jobs.%I enable row level security', relation);
        execute format('alter table jobs.%I force row level security', relation);
        execute format(
            'create policy queue on jobs.%I to tekup_owner, tekup_worker using (true) with check (true)', relation
        );
    end loop;
end
$$;
grant usage on schema jobs to tekup_worker;
grant select, insert, update, delete on all tables in schema jobs to tekup_worker;
grant usage on all sequences in schema jobs to tekup_worker;

-- The tenant is that of the transaction and can't be named. Committed with the transaction, or never there.
create function app.defer_job(wanted_task text, wanted_arguments jsonb, wanted_lock text, wanted_at timestamptz)
returns bigint
language sql volatile security definer set search_path = jobs, pg_catalog, pg_temp as $$
    select (jobs.procrastinate_defer_jobs_v1(array[row(
        'default', wanted_task, 0, wanted_lock, null,
        wanted_arguments || jsonb_build_object('tenant_id', current_setting('app.tenant_id')::uuid), wanted_at
    )::jobs.procrastinate_job_to_defer_v1]))[1]
$$;
revoke all on function app.defer_job(text, jsonb, text, timestamptz) from public;
grant execute on function app.defer_job(text, jsonb, text, timestamptz) to tekup_app;
