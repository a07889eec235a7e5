"""What can be done with endpoints and deliveries. SQL is the repository's, sending the dispatcher's."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.auth.subject import Subject
from serving.consumers.repository import EventRepository
from serving.deliveries.dispatch import enqueue, wants
from serving.deliveries.repository import OutgoingRepository
from serving.deliveries.schemas import (
    Attempt,
    Delivery,
    DeliveryPage,
    DeliveryWithAttempts,
    ReplayRange,
    Webhook,
    WebhookCreate,
    WebhookUpdate,
    WebhookWithSecret,
)
from serving.deliveries.secrets import seal_secret
from serving.deliveries.sending import AddressRefused, check_url
from serving.deliveries.signing import make_secret
from serving.events import service as event_service
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.outbox import emit
from tekup.clock import utc_now
from tekup.contracts.events import WebhookPinged, event_types
from tekup.crypto.keys import MasterKey
from tekup.ids import uuid7

MOST_ENDPOINTS = 50
MOST_REPLAYED = 10_000
KEPT_AFTER_ROTATION = timedelta(hours=24)


class OutgoingDesk:
    """Makes, shows and changes endpoints; looks at, retries and replays deliveries."""

    def __init__(self, databases: Databases, master_key: MasterKey, *, allows_private: bool) -> None:
        self._databases, self._master_key, self._allows_private = databases, master_key, allows_private

    async def create(self, subject: Subject, body: WebhookCreate) -> WebhookWithSecret:
        """Store an endpoint with a new secret. It may see what the caller may.

        Raises:
            Problem: 409 too many, 422 the address or a type can't be used, 403 a type that the caller may not see.
        """
        self._check(subject, body.url, body.event_types)
        webhook_id, secret = uuid7(), make_secret()
        values = {
            **body.model_dump(),
            "id": webhook_id,
            "scopes": _sight(subject),
            "secret_sealed": seal_secret(self._master_key, subject.tenant_id, webhook_id, secret),
        }
        async with self._databases.operational(subject.context, read_only=False) as session:
            repository = OutgoingRepository(session, subject.tenant_id)
            if len(await repository.list()) >= MOST_ENDPOINTS:
                raise Problem(409, "too-many-endpoints", f"a tenant has {MOST_ENDPOINTS} endpoints at most")
            row = await repository.add(values)
        return WebhookWithSecret(**_shown(row), secret=secret)

    async def list(self, subject: Subject) -> list[Webhook]:
        """Every endpoint."""
        async with self._databases.operational(subject.context) as session:
            rows = await OutgoingRepository(session, subject.tenant_id).list()
        return [Webhook(**_shown(row)) for row in rows]

    async def get(self, subject: Subject, webhook_id: UUID) -> Webhook:
        """One endpoint."""
        async with self._databases.operational(subject.context) as session:
            return Webhook(**_shown(await _found(OutgoingRepository(session, subject.tenant_id), webhook_id)))

    async def change(self, subject: Subject, webhook_id: UUID, body: WebhookUpdate) -> Webhook:
        """Change an endpoint. Enabling it forgets that it failed; other types take the caller's sight."""
        changes = body.model_dump(exclude_unset=True)
        self._check(subject, body.url, changes.get("event_types"))
        if "event_types" in changes or "url" in changes:
            changes["scopes"] = _sight(subject)
        if body.is_enabled:
            changes |= {"disabled_reason": None, "failing_since": None}
        async with self._databases.operational(subject.context, read_only=False) as session:
            repository = OutgoingRepository(session, subject.tenant_id)
            await _found(repository, webhook_id, locks=True)
            return Webhook(**_shown(await repository.change(webhook_id, changes)))

    async def remove(self, subject: Subject, webhook_id: UUID) -> None:
        """Delete an endpoint with its deliveries."""
        async with self._databases.operational(subject.context, read_only=False) as session:
            if not await OutgoingRepository(session, subject.tenant_id).remove(webhook_id):
                raise not_found("webhook endpoint")

    async def rotate(self, subject: Subject, webhook_id: UUID) -> WebhookWithSecret:
        """Give an endpoint a new secret; for a day deliveries bear the old one's signature beside it."""
        secret = make_secret()
        async with self._databases.operational(subject.context, read_only=False) as session:
            repository = OutgoingRepository(session, subject.tenant_id)
            before = await _found(repository, webhook_id, locks=True)
            changes = {
                "secret_sealed": seal_secret(self._master_key, subject.tenant_id, webhook_id, secret),
                "previous_secret_sealed": before.secret_sealed,
                "previous_until": utc_now() + KEPT_AFTER_ROTATION,
            }
            row = await repository.change(webhook_id, changes)
        return WebhookWithSecret(**_shown(row), secret=secret)

    async def ping(self, subject: Subject, webhook_id: UUID) -> UUID:
        """Have a test event sent to the endpoint; the event's id."""
        async with self._databases.operational(subject.context, read_only=False) as session:
            await _found(OutgoingRepository(session, subject.tenant_id), webhook_id, locks=True)
            return await emit(session, subject.tenant_id, WebhookPinged(webhook_endpoint_id=webhook_id), webhook_id)

    async def deliveries(
        self, subject: Subject, webhook_id: UUID, state: str | None, before: UUID | None, limit: int
    ) -> DeliveryPage:
        """What was sent to an endpoint, the newest first."""
        async with self._databases.operational(subject.context) as session:
            repository = OutgoingRepository(session, subject.tenant_id)
            await _found(repository, webhook_id)
            rows = await repository.deliveries(webhook_id, state, before, limit + 1)
        items = [Delivery(**row._mapping) for row in rows[:limit]]
        return DeliveryPage(items=items, next_before=items[-1].id if len(rows) > limit else None)

    async def delivery(self, subject: Subject, delivery_id: UUID) -> DeliveryWithAttempts:
        """One delivery with each try."""
        async with self._databases.operational(subject.context) as session:
            repository = OutgoingRepository(session, subject.tenant_id)
            row = await repository.find_delivery(delivery_id)
            if row is None:
                raise not_found("delivery")
            tries = [Attempt(**one._mapping) for one in await repository.attempts(delivery_id)]
        return DeliveryWithAttempts(**row._mapping, tries=tries)

    async def retry(self, subject: Subject, delivery_id: UUID) -> None:
        """Try a delivery again now, also one that is dead or was delivered."""
        async with self._databases.operational(subject.context, read_only=False) as session:
            row = await OutgoingRepository(session, subject.tenant_id).find_delivery(delivery_id, locks=True)
            if row is None:
                raise not_found("delivery")
            event = await EventRepository(session, subject.tenant_id).find(row.event_id)
            assert event is not None  # deliveries go with their event
            await enqueue(session, subject.tenant_id, row.webhook_id, event)

    async def replay(self, subject: Subject, webhook_id: UUID, body: ReplayRange) -> int:
        """Send an endpoint the events of a range again, as far as it wants and may see them; how many."""
        async with self._databases.operational(subject.context, read_only=False) as session:
            webhook = await _found(OutgoingRepository(session, subject.tenant_id), webhook_id, locks=True)
            log = EventRepository(session, subject.tenant_id)
            upto = min(await log.head(), body.to_pos or 2**62)
            if upto - body.from_pos >= MOST_REPLAYED:
                raise unusable_field("/to_pos", f"at most {MOST_REPLAYED} positions at a time")
            events = await log.after(body.from_pos - 1, MOST_REPLAYED, upto=upto)
            chosen = [event for event in events if wants(webhook, event)]
            for event in chosen:
                await enqueue(session, subject.tenant_id, webhook_id, event)
        return len(chosen)

    def _check(self, subject: Subject, url: str | None, types: Sequence[str] | None) -> None:
        if url is not None:
            try:
                check_url(url, allows_private=self._allows_private)
            except AddressRefused as refused:
                raise unusable_field("/url", str(refused)) from None
        event_service.check_types(subject, types or [])


async def _found(repository: OutgoingRepository, webhook_id: UUID, *, locks: bool = False) -> Row[Any]:
    row = await repository.find(webhook_id, locks=locks)
    if row is None:
        raise not_found("webhook endpoint")
    return row


def _sight(subject: Subject) -> list[str]:
    """The scopes by which events are seen, as far as the caller holds them."""
    return sorted({kind.scope for kind in event_types()} & subject.scopes)


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Webhook.model_fields}
