"""Events over a real JetStream server: sent in order and once, done in order and once, whatever breaks in between."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import orjson
import pytest
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from serving.consumers import broker_runner
from serving.consumers.broker_runner import RELAY, BrokerRunner, Relay, release_relay
from serving.consumers.consumer import Consumer
from serving.consumers.jetstream import STREAM, Broker, BrokerAway
from serving.consumers.repository import EventRepository
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.db import Database, Doors, Role
from tekup.settings import Settings
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.serving.events.test_consumers import KEY_ONE, KEY_TWO, effects, follower, run, tell
from tests.serving.working import a_worker

pytestmark = pytest.mark.skipif(
    shutil.which("nats-server") is None, reason="nats-server is not installed: events over a broker are not tried"
)


class Server:
    """A nats-server on a port of its own, that can be stopped and started again on its files."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        command = ["nats-server", "-js", "-a", "127.0.0.1", "-p", str(self._port), "-sd", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            assert self._process.poll() is None, "nats-server did not start"
            time.sleep(0.02)
        raise AssertionError("nats-server does not answer")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with JetStream for all tests of this file."""
    server = Server(tmp_path_factory.mktemp("jetstream"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def empty_stream(server: Server) -> Iterator[None]:
    """No stream is left to the next test."""
    yield

    async def clear() -> None:
        client = await nats.connect(server.url)
        with contextlib.suppress(NotFoundError):
            await client.jetstream().delete_stream(STREAM)
        await client.close()

    asyncio.run(clear())


def over(server: Server, doors: Doors, body: Callable[[Databases, Broker], Coroutine[Any, Any, Any]]) -> Any:
    """Run ``body`` with a connection to the server, once all events have positions."""

    async def whole(databases: Databases) -> Any:
        broker = Broker(server.url, keep=timedelta(days=1))
        try:
            return await body(databases, broker)
        finally:
            await broker.close()

    return run(doors, whole)


async def relay(databases: Databases, broker: Broker) -> None:
    """Send all there is."""
    sender = Relay(databases, broker, Wake(""), 3)
    while await sender.run_once():
        pass


async def take(databases: Databases, broker: Broker, consumer: Consumer, batch: int = 3, workers: int = 1) -> None:
    """Let workers follow the broker until everything in the stream is answered."""
    stream = await broker._ready()
    runners = [BrokerRunner(databases, consumer, Wake(""), broker, batch) for _ in range(workers)]
    running = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        async with asyncio.timeout(40):
            while True:
                await asyncio.sleep(0.05)
                with contextlib.suppress(NotFoundError):
                    place = await stream.consumer_info(STREAM, consumer.name)
                    if place.num_pending == place.num_ack_pending == 0:
                        return
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes effect came by the broker."""
    monkeypatch.setattr(broker_runner, "SWEEP_SECONDS", 3600)


async def stored(broker: Broker) -> list[Event]:
    """What stands in the stream."""
    stream = await broker._ready()
    state = (await stream.stream_info(STREAM)).state
    messages = [await stream.get_msg(STREAM, number) for number in range(1, state.messages + 1)]
    return [Event.from_cloudevent(orjson.loads(message.data or b"")) for message in messages]


def test_events_reach_consumers_once_and_in_order(server: Server, doors: Doors, two_tenants: TwoTenants) -> None:
    a, b = two_tenants.a.id, two_tenants.b.id
    tell(doors, a, KEY_ONE, *range(8))
    tell(doors, b, KEY_ONE, 100, 101)
    seen: list[tuple[UUID, str]] = []

    async def body(databases: Databases, broker: Broker) -> list[Event]:
        await relay(databases, broker)
        await take(databases, broker, follower(seen))
        await take(databases, broker, follower(seen))
        return await stored(broker)

    events = over(server, doors, body)
    for tenant, steps in ((a, [str(step) for step in range(8)]), (b, ["100", "101"])):
        own = [event for event in events if event.tenant_id == tenant]
        assert [event.pos for event in own] == list(range(1, len(steps) + 1))
        assert [event.payload["from"] for event in own] == steps
        assert effects(doors, tenant) == steps


def test_a_relay_that_dies_after_sending_sends_again_and_nothing_stands_twice(
    server: Server, doors: Doors, two_tenants: TwoTenants
) -> None:
    tell(doors, two_tenants.a.id, KEY_ONE, *range(5))

    class Dying(Broker):
        async def send(self, events: Any) -> None:
            await super().send(events)
            raise BrokerAway("killed before the cursor was moved")

    async def body(databases: Databases, broker: Broker) -> int:
        dying = Dying(server.url, keep=timedelta(days=1))
        for _ in range(2):
            with pytest.raises(BrokerAway):
                await Relay(databases, dying, Wake(""), 3).run_once()
        await dying.close()
        await relay(databases, broker)
        seen: list[tuple[UUID, str]] = []
        await take(databases, broker, follower(seen))
        assert [step for _, step in seen] == [str(step) for step in range(5)]
        return len(await stored(broker))

    assert over(server, doors, body) == 5


def test_what_comes_late_twice_or_out_of_order_takes_effect_once_in_order(
    server: Server, doors: Doors, two_tenants: TwoTenants
) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, *range(6))
    seen: list[tuple[UUID, str]] = []

    async def body(databases: Databases, broker: Broker) -> None:
        await relay(databases, broker)
        events = await stored(broker)
        runner = BrokerRunner(databases, follower(seen), Wake(""), broker)
        assert await runner.take_tenant(a, events[:1]) == 1
        # what the broker has not given yet is read from the table
        assert await runner.take_tenant(a, events[3:4]) == 4
        assert await runner.take_tenant(a, events[:3]) == 4
        assert await runner.take_tenant(a, events[5:]) == 6
        assert await runner.take_tenant(a, events) == 6

    over(server, doors, body)
    assert [step for _, step in seen] == [str(step) for step in range(6)]
    assert effects(doors, a) == [str(step) for step in range(6)]


def test_two_workers_of_a_consumer_keep_the_order(server: Server, doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, *range(40))
    seen: list[tuple[UUID, str]] = []

    async def body(databases: Databases, broker: Broker) -> None:
        await relay(databases, broker)
        await take(databases, broker, follower(seen), batch=4, workers=2)

    over(server, doors, body)
    assert [step for _, step in seen] == [str(step) for step in range(40)]


def test_a_killed_server_comes_back_with_all_that_it_had(server: Server, doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 0, 1, 2)
    seen: list[tuple[UUID, str]] = []

    async def body(databases: Databases, broker: Broker) -> None:
        await relay(databases, broker)
        server.kill()
        with pytest.raises(OSError):
            await Broker(server.url, keep=timedelta(days=1)).send(await _of(databases, a))
        await asyncio.to_thread(server.start)
        other = Broker(server.url, keep=timedelta(days=1))
        await take(databases, other, follower(seen))
        await other.close()

    over(server, doors, body)
    assert [step for _, step in seen] == ["0", "1", "2"]


async def _of(databases: Databases, tenant_id: UUID) -> list[Event]:
    async with databases.operational(TenantContext.system(tenant_id)) as session:
        return await EventRepository(session, tenant_id).after(0, 10)


def test_a_failing_event_is_parked_dies_and_holds_up_its_key_alone(
    server: Server, doors: Doors, two_tenants: TwoTenants
) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 1, 2, 3)
    tell(doors, a, KEY_TWO, 10, 11)
    seen: list[tuple[UUID, str]] = []
    bad = follower(seen, fails=lambda event: event.payload["from"] == "2")

    async def body(databases: Databases, broker: Broker) -> None:
        await relay(databases, broker)
        await take(databases, broker, bad, batch=100)
        runner = BrokerRunner(databases, bad, Wake(""), broker)
        while await runner.run_once():
            pass

    over(server, doors, body)
    assert sorted(effects(doors, a)) == ["1", "10", "11"]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, a) as connection:
        states = connection.execute("select state, attempts from app.event_parked order by pos").fetchall()
    assert states == [("dead", 3), ("waiting", 0)]


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}"])
def test_what_is_no_event_is_dropped_and_what_names_another_tenant_too(
    server: Server, doors: Doors, two_tenants: TwoTenants, body: bytes
) -> None:
    tell(doors, two_tenants.a.id, KEY_ONE, 0)
    seen: list[tuple[UUID, str]] = []

    async def send(databases: Databases, broker: Broker) -> None:
        stream = await broker._ready()
        await stream.publish(f"tekup.events.{uuid4()}.LeadStatusChanged", body)
        await relay(databases, broker)
        genuine = await stream.get_msg(STREAM, 2)
        await stream.publish(f"tekup.events.{two_tenants.b.id}.LeadStatusChanged", genuine.data or b"")
        await take(databases, broker, follower(seen))

    over(server, doors, send)
    assert [step for _, step in seen] == ["0"]
    assert effects(doors, two_tenants.b.id) == []


def test_without_a_broker_a_former_relay_keeps_no_event_from_being_pruned(
    server: Server, doors: Doors, two_tenants: TwoTenants
) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 0)
    over(server, doors, relay)
    tell(doors, a, KEY_ONE, 1, 2)
    tell(doors, two_tenants.b.id, KEY_ONE, 1)
    run(doors, release_relay)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, a) as connection:
        assert connection.execute("select consumer, pos from app.event_cursors").fetchall() == [(RELAY, 3)]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.b.id) as connection:
        assert connection.execute("select 1 from app.event_cursors").fetchall() == []


def test_a_worker_over_a_broker_brings_every_consumer_to_the_head(
    server: Server, settings: Settings, doors: Doors, two_tenants: TwoTenants
) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, *range(5))

    def reached() -> dict[str, int]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, a) as connection:
            return dict(connection.execute("select consumer, pos from app.event_cursors").fetchall())

    names = {RELAY, "scoring", "contacts", "follow-up", "automation", "webhooks"}
    with a_worker(settings.model_copy(update={"event_bus": server.url}), doors):
        deadline = time.monotonic() + 30
        while reached() != dict.fromkeys(names, 5) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert reached() == dict.fromkeys(names, 5)


def test_a_stream_of_another_setting_is_changed(server: Server) -> None:
    async def ages() -> list[float]:
        found = []
        for days in (1, 2):
            broker = Broker(server.url, keep=timedelta(days=days))
            stream = await broker._ready()
            found.append((await stream.stream_info(STREAM)).config.max_age or 0)
            await broker.close()
        return found

    assert asyncio.run(ages()) == [86_400, 172_800]


def test_the_setting_takes_addresses_of_brokers_alone() -> None:
    for value in ("postgres", "nats://127.0.0.1:4222", "tls://user:secret@bus.example"):
        assert Settings(event_bus=value).event_bus == value
    for value in ("kafka://x", "redis", "nats://", ""):
        with pytest.raises(ValidationError):
            Settings(event_bus=value)
