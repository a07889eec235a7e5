-- A function belongs to everybody until somebody says otherwise. Triggers need no right to call theirs.
revoke all on function
    app.stamp_row(), app.bury_row(), app.emit_change(), app.time_ordered_uuid(), app.check_role(), app.keep_used_role(),
    app.keep_last_owner()
from public;
grant execute on function app.time_ordered_uuid() to tekup_app, tekup_pipeline;

-- seq counts the events of all tenants: who reads two of his own knows how many the others wrote in between.
revoke select on app.events from tekup_app;
grant select (
    tenant_id, id, aggregate_type, aggregate_id, event_type, schema_version, payload, trace_id, occurred_at, created_at, pos
) on app.events to tekup_app;

-- Deliveries are taken in by the API alone: pulls read what arrived, never the keys of the address.
revoke select on app.webhook_endpoint from tekup_pipeline;

-- Rules for what nobody has the right to do protect nobody, and would hide that a later grant goes unprotected.
drop policy permission_to_update on app.given_scores;
drop policy permission_to_delete on app.given_scores;
drop policy permission_to_update on app.lead_feedback;
drop policy permission_to_delete on app.lead_feedback;
drop policy permission_to_insert on app.tenants;
drop policy permission_to_delete on app.tenants;
