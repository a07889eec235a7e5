"""Getting events to endpoints: the consumer that makes deliveries, and the job that tries one."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.consumers.repository import EventRepository
from serving.deliveries.repository import OutgoingRepository
from serving.deliveries.secrets import open_secrets
from serving.deliveries.sending import Outcome, Sender
from serving.deliveries.signing import sign
from serving.jobs.queue import defer
from serving.kit.databases import Databases
from serving.outbox import emit
from tekup.clock import utc_now
from tekup.contracts.envelope import MEDIA_TYPE, Event
from tekup.contracts.events import WebhookEndpointDisabled, scope_of
from tekup.crypto.keys import MasterKey
from tekup.tenancy import TenantContext

TASK = "deliver_webhook"
PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds before each further try (the Standard Webhooks schedule): some three and a half days."""
GIVEN_UP_AFTER = timedelta(days=5)
"""An endpoint that has taken nothing for this long is disabled."""
_GONE = 410
_log = structlog.get_logger("serving.deliveries")


async def make_deliveries(session: AsyncSession, event: Event) -> None:
    """A delivery of the event, with its job, to each endpoint that wants and may see it."""
    repository = OutgoingRepository(session, event.tenant_id)
    for webhook in await repository.list():
        if webhook.is_enabled and wants(webhook, event):
            await enqueue(session, event.tenant_id, webhook.id, event)


async def enqueue(session: AsyncSession, tenant_id: UUID, webhook_id: UUID, event: Event) -> None:
    """Put one delivery on its way."""
    delivery_id = await OutgoingRepository(session, tenant_id).enqueue(webhook_id, event.id, event.type)
    await defer(session, TASK, {"delivery_id": str(delivery_id)}, lock=f"webhook:{webhook_id}")


def wants(webhook: Row[Any], event: Event) -> bool:
    """Whether an endpoint is to be sent an event. A test delivery goes to its own endpoint and to no other."""
    if event.type == "WebhookPinged":
        return bool(event.aggregate_id == webhook.id)
    is_wanted = webhook.event_types is None or event.type in webhook.event_types
    return is_wanted and scope_of(event.type, event.version) in webhook.scopes


CONSUMER = Consumer("webhooks", {"*": make_deliveries})


class Dispatcher:
    """Tries deliveries. ``pauses`` are the seconds before each further try."""

    def __init__(
        self, databases: Databases, master_key: MasterKey, sender: Sender, pauses: tuple[float, ...] = PAUSES
    ) -> None:
        self._databases, self._master_key, self._sender, self._pauses = databases, master_key, sender, pauses

    async def deliver(self, tenant_id: str, delivery_id: str) -> None:
        """The job: one try, its outcome, and the job of the next try. What is done already is left alone."""
        tenant, delivery = UUID(tenant_id), UUID(delivery_id)
        context = TenantContext.system(tenant)
        async with self._databases.operational(context) as session:
            repository = OutgoingRepository(session, tenant)
            found = await repository.find_delivery(delivery)
            if found is None or found.state != "waiting":
                return
            webhook = await repository.find(found.webhook_id)
            event = await EventRepository(session, tenant).find(found.event_id)
        if webhook is None or event is None or not webhook.is_enabled:
            return
        outcome = await self._send(tenant, webhook, event)
        async with self._databases.operational(context, read_only=False) as session:
            await self._settle(session, tenant, delivery, outcome)

    async def _send(self, tenant_id: UUID, webhook: Row[Any], event: Event) -> Outcome:
        body = orjson.dumps(event.to_cloudevent())
        now = int(utc_now().timestamp())
        secrets = open_secrets(self._master_key, tenant_id, webhook)
        headers = {
            "content-type": MEDIA_TYPE,
            "user-agent": "TekUp-Webhooks/1",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(now),
            "webhook-signature": sign(secrets, str(event.id), now, body),
        }
        return await self._sender.post(webhook.url, headers, body)

    async def _settle(self, session: AsyncSession, tenant_id: UUID, delivery_id: UUID, outcome: Outcome) -> None:
        repository = OutgoingRepository(session, tenant_id)
        delivery = await repository.find_delivery(delivery_id, locks=True)
        if delivery is None or delivery.state != "waiting":
            return
        webhook = await repository.find(delivery.webhook_id, locks=True)
        assert webhook is not None  # deliveries go with their endpoint
        number = delivery.attempts + 1
        await repository.note_attempt(delivery_id, number, asdict(outcome))
        if outcome.is_delivered:
            await repository.settle(delivery_id, "delivered", number, None)
            if webhook.failing_since is not None:
                await repository.change(webhook.id, {"failing_since": None})
            return
        pause = self._pauses[number - 1] if number <= len(self._pauses) and outcome.status != _GONE else None
        await repository.settle(delivery_id, "waiting" if pause is not None else "dead", number, pause)
        if pause is not None:
            at = utc_now() + timedelta(seconds=pause)
            await defer(session, TASK, {"delivery_id": str(delivery_id)}, at=at)
        await self._judge(session, tenant_id, webhook, outcome)

    async def _judge(self, session: AsyncSession, tenant_id: UUID, webhook: Row[Any], outcome: Outcome) -> None:
        """Note since when an endpoint fails, and disable one that is gone or has failed for days."""
        since = webhook.failing_since or utc_now()
        changes: dict[str, Any] = {"failing_since": since}
        reason = None
        if outcome.status == _GONE:
            reason = "it answered 410 Gone"
        elif utc_now() - since > GIVEN_UP_AFTER:
            reason = f"nothing could be delivered for {GIVEN_UP_AFTER.days} days; last: {outcome.error}"[:300]
        if reason is not None:
            changes |= {"is_enabled": False, "disabled_reason": reason}
            told = WebhookEndpointDisabled(webhook_endpoint_id=webhook.id, reason=reason)
            await emit(session, tenant_id, told, webhook.id)
            _log.warning("webhook endpoint disabled", webhook_id=str(webhook.id), reason=reason)
        if reason is not None or webhook.failing_since is None:
            await OutgoingRepository(session, tenant_id).change(webhook.id, changes)
