-- Rate limits that several API processes share. A bucket may belong to an address that has no tenant yet, so the rows
-- carry none: the key is a hash, and nothing else is known of its owner. Lost in a crash of the server, and no harm.

create unlogged table app.rate_bucket (
    bucket bytea primary key check (length(bucket) = 32),
    cost double precision not null,
    period double precision not null,
    full_at double precision not null
) with (fillfactor = 50);
grant select, insert, update, delete on app.rate_bucket to tekup_app;
