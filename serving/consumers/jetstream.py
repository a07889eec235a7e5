"""The log on a NATS JetStream stream: sending events there, taking them from there. What they do is not known here."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

import nats
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, FetchTimeoutError

from tekup.contracts.envelope import MEDIA_TYPE, Event

STREAM = "tekup-events"
SUBJECTS = "tekup.events.>"
SAME_FOR = timedelta(minutes=10)
"""An event that is sent twice within this time is kept once; later ones are told apart by their position."""
ACK_SECONDS = 30.0
MOST_ON_THEIR_WAY = 2_000
_TIMEOUT = 5.0


class BrokerAway(OSError):
    """The broker can't be reached or refused; nothing is lost, since the table is the truth."""


@contextlib.contextmanager
def _told_as_away() -> Iterator[None]:
    try:
        yield
    except (NatsError, TimeoutError) as error:
        raise BrokerAway(f"{type(error).__name__}: {error}"[:200]) from None


class Broker:
    """One connection to the broker, made when it is first needed and made anew by itself."""

    def __init__(self, url: str, *, keep: timedelta) -> None:
        self._url, self._keep = url, keep
        self._making = asyncio.Lock()
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None

    async def send(self, events: Sequence[Event]) -> None:
        """Put events on the stream in their order, each once however often it is sent; back once all are stored.

        Raises:
            BrokerAway: some may be stored and some not; send them all again.
        """
        with _told_as_away():
            stream = await self._ready()
            for event in events:
                # one after the other: of several under way a lost one would be stored after those behind it
                await stream.publish(
                    f"tekup.events.{event.tenant_id}.{event.type}",
                    orjson.dumps(event.to_cloudevent()),
                    stream=STREAM,
                    timeout=_TIMEOUT,
                    headers={"Nats-Msg-Id": str(event.id), "content-type": MEDIA_TYPE},
                )

    async def subscribe(self, consumer: str) -> JetStreamContext.PullSubscription:
        """The durable place of a consumer in the stream; all workers of one consumer share it.

        Raises:
            BrokerAway: it can't be reached.
        """
        with _told_as_away():
            stream = await self._ready()
            config = ConsumerConfig(
                durable_name=consumer, ack_wait=ACK_SECONDS, max_ack_pending=MOST_ON_THEIR_WAY, max_deliver=-1
            )
            return await stream.pull_subscribe(SUBJECTS, durable=consumer, stream=STREAM, config=config)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await self._client.close()

    async def _ready(self) -> JetStreamContext:
        async with self._making:
            if self._client is None or self._client.is_closed:
                self._client, self._stream = None, None
                async with asyncio.timeout(_TIMEOUT):
                    self._client = await nats.connect(
                        self._url, name="tekup worker", max_reconnect_attempts=-1, reconnect_time_wait=1
                    )
            if not self._client.is_connected:
                raise NatsError("not connected")
            if self._stream is None:
                stream = self._client.jetstream(timeout=_TIMEOUT)
                await self._make_stream(stream)
                self._stream = stream
            return self._stream

    async def _make_stream(self, stream: JetStreamContext) -> None:
        config = StreamConfig(
            name=STREAM,
            subjects=[SUBJECTS],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=self._keep.total_seconds(),
            duplicate_window=SAME_FOR.total_seconds(),
        )
        try:
            await stream.add_stream(config)
        except BadRequestError:
            # it stands already, with what an older setting asked for
            await stream.update_stream(config)


async def fetch(place: JetStreamContext.PullSubscription, most: int, seconds: float) -> list[Msg]:
    """Up to ``most`` messages; none where none came in time.

    Raises:
        BrokerAway: it can't be reached.
    """
    try:
        return await place.fetch(most, timeout=seconds)
    except (FetchTimeoutError, TimeoutError):
        return []
    except NatsError as error:
        raise BrokerAway(f"{type(error).__name__}: {error}"[:200]) from None


def event_in(message: Msg) -> Event | None:
    """The event of a message; None where it holds none, which only somebody else can have sent."""
    try:
        event = Event.from_cloudevent(orjson.loads(message.data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event if message.subject == f"tekup.events.{event.tenant_id}.{event.type}" else None
