-- A delta reads the rows of a raw table that were written lately, and read the whole table for them. An index of block
-- ranges costs a pull next to nothing: it has an entry for each sixteen pages, and an update need not write it. It serves
-- a condition on either of its columns, so that the tenant can stand first, as in every index.
do $$
declare
    raw regclass;
begin
    for raw in
        select c.oid
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        inner join pg_attribute as a on a.attrelid = c.oid and a.attname = 'synced_at'
        inner join pg_attribute as t on t.attrelid = c.oid and t.attname = 'tenant_id'
        where n.nspname like 'raw\_%' and c.relkind = 'r'
    loop
        execute format(
            'create index on %s using brin (tenant_id, synced_at) with (pages_per_range = 16, autosummarize = on)', raw
        );
    end loop;
end
$$;
