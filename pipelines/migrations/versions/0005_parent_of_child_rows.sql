-- A row named parent:child is found by its parent through a plain column. Under row-level security the planner may not use
-- an index on split_part(), which is not leakproof: it then read all of a tenant's children once for each parent.
do $$
declare
    stream regclass;
    expression_index regclass;
begin
    for stream, expression_index in
        select i.indrelid::regclass, i.indexrelid::regclass
        from pg_index as i
        inner join pg_class as c on c.oid = i.indrelid
        where i.indexprs is not null
          and c.relnamespace in ('raw_hubspot'::regnamespace, 'raw_stripe'::regnamespace, 'raw_kit'::regnamespace)
    loop
        execute format('drop index %s', expression_index);
        execute format(
            'alter table %s add column parent_id text generated always as (split_part(object_id, '':'', 1)) stored', stream
        );
        execute format('create index on %s (tenant_id, parent_id)', stream);
    end loop;
end
$$;
