"""What makes a webhook genuine, and that it is stored before anybody says so."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

from integrations.registry import webhook_format
from integrations.webhooks import Arrival, WebhookEvent, WebhookRefused, WebhookUnreadable
from serving.kit.databases import Databases
from serving.kit.erasures import find_erased
from serving.kit.problems import Problem, not_found
from serving.webhooks.repository import WebhookRepository
from tekup.crypto.keys import MasterKey
from tekup.directory.webhooks import matches, open_secrets, parse_webhook_key
from tekup.privacy.mentions import identifiers_in
from tekup.privacy.operational import VENDOR_STREAMS
from tekup.tenancy import TenantContext


class WebhookDesk:
    """Takes deliveries in. ``public_url`` is where vendors reach the API, if that is not what the request says."""

    def __init__(
        self,
        databases: Databases,
        master_key: MasterKey,
        public_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._databases = databases
        self._master_key = master_key
        self._public_url = public_url
        self._clock = clock

    def address_of(self, base: str, target: str) -> str:
        """The whole address that the vendor called: it is part of what HubSpot signs, and a proxy changes it."""
        return (self._public_url or base).rstrip("/") + target

    async def receive(self, vendor: str, key_text: str, arrival: Arrival) -> int:
        """Store the events of a genuine delivery and return how many were new.

        One transaction looks up, proves and stores, so that a delivery is committed or was never answered.

        Raises:
            Problem: 404 for an unknown address, 401 for a wrong or old signature, 400 for an unreadable body.
        """
        key, form = parse_webhook_key(key_text), webhook_format(vendor)
        if key is None or form is None:
            raise not_found("address")
        async with self._databases.operational(TenantContext.system(key.tenant_id), read_only=False) as session:
            repository = WebhookRepository(session, key.tenant_id)
            known = await repository.find_endpoint(key.connection_id)
            if (
                known is None
                or known.vendor != vendor
                or known.tenant_status != "active"
                or not matches(key, known.key_hash, known.previous_key_hash, known.previous_until)
            ):
                raise not_found("address")
            # in a thread: the tenant's data key may have to be fetched first
            secrets = await asyncio.to_thread(
                open_secrets, self._master_key, key.tenant_id, vendor, bytes(known.secrets_sealed)
            )
            try:
                form.verify(arrival, secrets, self._clock())
                events = form.read(arrival.body)
            except WebhookRefused:
                raise Problem(401, "delivery-refused", "the delivery is refused") from None
            except WebhookUnreadable:
                raise Problem(400, "unreadable", "the delivery can't be read") from None
            if known.has_erased:
                events = await self._without_erased(repository, key.tenant_id, vendor, events)
            return await repository.store(vendor, events, renews=not form.has_event_ids)

    async def _without_erased(
        self, repository: WebhookRepository, tenant_id: UUID, vendor: str, events: list[WebhookEvent]
    ) -> list[WebhookEvent]:
        """The same events; of one about an erased person only the hint is kept, and reading that finds nobody."""
        named = [set(_persons_of(vendor, event)) for event in events]
        erased = await find_erased(repository.session, tenant_id, self._master_key, set().union(*named))
        return [
            replace(event, payload=b"{}") if names & erased else event
            for event, names in zip(events, named, strict=True)
        ]


def _persons_of(vendor: str, event: WebhookEvent) -> Iterator[tuple[str, str]]:
    yield from identifiers_in(event.payload)
    for hint in event.hints:
        if hint.stream == VENDOR_STREAMS.get(vendor):  # type: ignore[call-overload]  # each vendor is a kind
            yield vendor, hint.object_id
