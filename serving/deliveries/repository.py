"""SQL of outgoing webhooks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from serving.kit.repository import TenantRepository
from tekup.ids import uuid7

_WEBHOOK = (
    "id, url, description, event_types, scopes, secret_sealed, previous_secret_sealed, previous_until, is_enabled, "
    "disabled_reason, failing_since, created_at, updated_at"
)
_DELIVERY = "id, webhook_id, event_id, event_type, state, attempts, next_try_at, delivered_at, created_at"
_CHANGEABLE = (
    "url", "description", "event_types", "scopes", "secret_sealed", "previous_secret_sealed", "previous_until",
    "is_enabled", "disabled_reason", "failing_since",
)  # fmt: skip


class OutgoingRepository(TenantRepository):
    """The tenant's endpoints, deliveries and attempts."""

    async def add(self, values: Mapping[str, Any]) -> Row[Any]:
        """Store an endpoint."""
        return await self._one(
            "insert into app.outgoing_webhooks (tenant_id, id, url, description, event_types, scopes, secret_sealed) "
            "values (:tenant_id, :id, :url, :description, :event_types, :scopes, :secret_sealed) "
            "returning {webhook}",
            **values,
        )

    async def list(self) -> Sequence[Row[Any]]:
        """Every endpoint."""
        return await self._rows("select {webhook} from app.outgoing_webhooks where tenant_id = :tenant_id order by id")

    async def find(self, webhook_id: UUID, *, locks: bool = False) -> Row[Any] | None:
        """An endpoint."""
        rows = await self._rows(
            "select {webhook} from app.outgoing_webhooks where tenant_id = :tenant_id and id = :id {lock}",
            locks=locks,
            id=webhook_id,
        )
        return rows[0] if rows else None

    async def change(self, webhook_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
        """Set columns of an endpoint."""
        columns = "".join(f"{name} = :{name}, " for name in _CHANGEABLE if name in values)
        statement = (
            "update app.outgoing_webhooks set {columns}updated_at = now() "
            "where tenant_id = :tenant_id and id = :id returning {webhook}"
        )
        return await self._one(
            statement.replace("{columns}", columns),
            id=webhook_id,
            **values,
        )

    async def remove(self, webhook_id: UUID) -> bool:
        """Delete an endpoint with its deliveries; whether there was one."""
        return bool(
            await self._rows(
                "delete from app.outgoing_webhooks where tenant_id = :tenant_id and id = :id returning id",
                id=webhook_id,
            )
        )

    async def enqueue(self, webhook_id: UUID, event_id: UUID, event_type: str) -> UUID:
        """A delivery of an event that is to be tried now, new or again; its id."""
        row = await self._one(
            "insert into app.outgoing_deliveries (tenant_id, id, webhook_id, event_id, event_type, next_try_at) "
            "values (:tenant_id, :id, :webhook_id, :event_id, :event_type, now()) "
            "on conflict (tenant_id, webhook_id, event_id) do update set state = 'waiting', next_try_at = now(), "
            "delivered_at = null returning id",
            id=uuid7(), webhook_id=webhook_id, event_id=event_id, event_type=event_type,
        )  # fmt: skip
        delivery_id: UUID = row.id
        return delivery_id

    async def find_delivery(self, delivery_id: UUID, *, locks: bool = False) -> Row[Any] | None:
        """A delivery."""
        rows = await self._rows(
            "select {delivery} from app.outgoing_deliveries where tenant_id = :tenant_id and id = :id {lock}",
            locks=locks,
            id=delivery_id,
        )
        return rows[0] if rows else None

    async def deliveries(
        self, webhook_id: UUID, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[Row[Any]]:
        """An endpoint's deliveries, the newest first."""
        return await self._rows(
            "select {delivery} from app.outgoing_deliveries "
            "where tenant_id = :tenant_id and webhook_id = :webhook_id "
            "and (cast(:state as text) is null or state = :state) "
            "and (cast(:before as uuid) is null or id < :before) order by id desc limit :limit",
            webhook_id=webhook_id, state=state, before=before, limit=limit,
        )  # fmt: skip

    async def attempts(self, delivery_id: UUID) -> Sequence[Row[Any]]:
        """Every try of a delivery."""
        return await self._rows(
            "select number, attempted_at, status, milliseconds, error, answer from app.outgoing_attempts "
            "where tenant_id = :tenant_id and delivery_id = :id order by number",
            id=delivery_id,
        )

    async def note_attempt(self, delivery_id: UUID, number: int, outcome: Mapping[str, Any]) -> None:
        """Write down one try."""
        await self._rows(
            "insert into app.outgoing_attempts (tenant_id, delivery_id, number, status, milliseconds, error, answer) "
            "values (:tenant_id, :id, :number, :status, :milliseconds, :error, :answer)",
            id=delivery_id, number=number, **outcome,
        )  # fmt: skip

    async def settle(self, delivery_id: UUID, state: str, attempts: int, pause: float | None) -> None:
        """Note where a delivery stands after a try."""
        await self._rows(
            "update app.outgoing_deliveries set state = cast(:state as text), attempts = :attempts, "
            "next_try_at = now() + make_interval(secs => cast(:pause as double precision)), "
            "delivered_at = case when cast(:state as text) = 'delivered' then now() end "
            "where tenant_id = :tenant_id and id = :id",
            id=delivery_id, state=state, attempts=attempts, pause=pause,
        )  # fmt: skip

    async def _one(self, statement: str, **arguments: Any) -> Row[Any]:
        return (await self._rows(statement, **arguments))[0]

    async def _rows(self, statement: str, *, locks: bool = False, **arguments: Any) -> Sequence[Row[Any]]:
        whole = statement.replace("{lock}", "for update" if locks else "")
        whole = whole.replace("{webhook}", _WEBHOOK).replace("{delivery}", _DELIVERY)
        done = await self.session.execute(_prepared(whole), {"tenant_id": self.tenant_id, **arguments})
        return done.all() if done.returns_rows else []  # type: ignore[attr-defined]  # a cursor's result has it


_PREPARED: dict[str, TextClause] = {}


def _prepared(statement: str) -> TextClause:
    if statement not in _PREPARED:
        _PREPARED[statement] = text(statement)
    return _PREPARED[statement]
