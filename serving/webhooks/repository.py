"""SQL of webhooks' addresses and of their inbox."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Label, Row, TextClause, literal_column, text

from integrations.webhooks import WebhookEvent
from serving.kit.repository import TenantRepository
from serving.models.operational import tenants, webhook_endpoint
from tekup.ids import uuid7

# one statement whatever the number of events: each row of its own would cost the vendor's patience
_STORE = """
insert into app.webhook_delivery as d
    (tenant_id, id, vendor, dedupe_key, event_type, hints, is_erasure, payload, occurred_at)
select
    :tenant_id, e.id, :vendor, e.dedupe_key, e.event_type, cast(e.hints as jsonb), e.is_erasure,
    cast(e.payload as json), e.occurred_at
from unnest(
    cast(:ids as uuid[]), cast(:keys as text[]), cast(:types as text[]), cast(:hints as text[]),
    cast(:erasures as boolean[]), cast(:payloads as text[]), cast(:moments as timestamptz[])
) as e (id, dedupe_key, event_type, hints, is_erasure, payload, occurred_at)
on conflict (tenant_id, vendor, dedupe_key)
"""
_ONCE = text(_STORE + "do nothing")
# what bears no id may be a new event though it looks like an old one: it waits again, and a fold that is on its way
# does not count for it
_AGAIN = text(
    _STORE
    + """do update set
    received_at = clock_timestamp(), arrivals = d.arrivals + 1, folded_at = null, attempts = 0, attempted_at = null
"""
)


_HAS_ERASED: Label[bool] = literal_column(
    "exists (select from app.erased_identifier as erased where erased.tenant_id = webhook_endpoint.tenant_id)"
).label("has_erased")


class WebhookRepository(TenantRepository):
    """One tenant's addresses and inbox."""

    async def find_endpoint(self, connection_id: Any) -> Row[Any] | None:
        """The address of a connection, with its tenant's state."""
        e = webhook_endpoint.c
        query = self.rows_of(
            webhook_endpoint,
            e.vendor,
            e.key_hash,
            e.previous_key_hash,
            e.previous_until,
            e.secrets_sealed,
            tenants.c.status.label("tenant_status"),
            _HAS_ERASED,
        ).join(tenants, tenants.c.tenant_id == e.tenant_id)
        return await self.fetch_one(query.where(e.connection_id == connection_id))

    async def store(self, vendor: str, events: Sequence[WebhookEvent], *, renews: bool) -> int:
        """Put events into the inbox; returns how many were new, or with ``renews`` how many wait (again)."""
        if not events:
            return 0
        statement: TextClause = _AGAIN if renews else _ONCE
        done = await self.session.execute(
            statement,
            {
                "tenant_id": self.tenant_id,
                "vendor": vendor,
                "ids": [uuid7() for _ in events],
                "keys": [event.dedupe_key for event in events],
                "types": [event.event_type for event in events],
                "hints": [event.hints_json() for event in events],
                "erasures": [event.is_erasure for event in events],
                "payloads": [event.payload.decode() for event in events],
                "moments": [event.occurred_at for event in events],
            },
        )
        return int(done.rowcount)  # type: ignore[attr-defined]  # a cursor's result has it
