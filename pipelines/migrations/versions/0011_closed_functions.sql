-- A function belongs to everybody until somebody says otherwise. Triggers need no right to call theirs.
revoke all on function ml.refuse_change() from public;
revoke all on function ops.is_written_since(xid, xid8) from public;
grant execute on function ops.is_written_since(xid, xid8) to tekup_pipeline, tekup_all_tenants;
