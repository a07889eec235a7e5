"""Open streams over HTTP and WebSocket: what arrives, for whom, from where on, and when it ends."""

import asyncio
import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from serving.events.feeds import WINDOW, Feed
from serving.events.streams import Behind, Ended, Stream, follow
from tekup.clock import utc_now
from tekup.contracts.envelope import Event
from tekup.contracts.events import LeadStatusChanged
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant
from tekup.directory.users import create_user
from tekup.ids import uuid7
from tekup.outbox import emit
from tests.fixtures.database import TwoTenants
from tests.serving.conftest import Api
from tests.serving.events.conftest import clear_log

Header = dict[str, str]
LEAD = uuid7()


@pytest.fixture(autouse=True)
def empty_log(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    """No event of either tenant; positions go on, since streams that are open know the last one."""
    clear_log(doors, two_tenants, keeps_heads=True)
    yield
    clear_log(doors, two_tenants, keeps_heads=True)


def tell(doors: Doors, tenant: Tenant, *steps: int, lead: UUID = LEAD) -> None:
    """Emit and number events."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
        for step in steps:
            emit(connection, tenant.id, LeadStatusChanged(lead_id=lead, before=str(step), after="x"), lead)
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        connection.execute("select app.sequence_events(100000)")


@dataclass
class Listener:
    """A client of the stream in a thread of its own."""

    client: httpx.Client
    headers: Header
    query: list[tuple[str, str]] = field(default_factory=list)
    arrived: "queue.Queue[dict[str, str]]" = field(default_factory=queue.Queue)
    over: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event = field(default_factory=threading.Event)
    answer: httpx.Response | None = None

    def __enter__(self) -> "Listener":
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.next()["comment"] == "open"
        return self

    def __exit__(self, *gone: object) -> None:
        self.close()

    def close(self) -> None:
        self.leave.set()
        if self.answer is not None:
            stream: Any = self.answer.extensions["network_stream"]
            with contextlib.suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        try:
            with self.client.stream("GET", "/v1/events/stream", headers=self.headers, params=self.query) as answer:
                self.answer = answer
                assert answer.status_code == 200, answer.read()
                block: dict[str, str] = {}
                for line in answer.iter_lines():
                    if self.leave.is_set():
                        return
                    if line:
                        name, _, value = line.partition(":")
                        block[name or "comment"] = value.strip()
                    elif block:
                        self.arrived.put(block)
                        block = {}
        except httpx.HTTPError:
            pass
        finally:
            self.over.set()

    def next(self, seconds: float = 10) -> dict[str, str]:
        return self.arrived.get(timeout=seconds)

    def steps(self, count: int) -> list[tuple[int, str]]:
        """Position and step of the next events."""
        blocks: list[dict[str, str]] = []
        while len(blocks) < count:
            block = self.next()
            if not block.get("event", "").startswith("tekup."):
                blocks.append(block)
        return [(int(block["id"]), json.loads(block["data"])["data"]["from"]) for block in blocks]


@pytest.fixture
def listen(client: httpx.Client) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def make(headers: Header, *query: tuple[str, str]) -> Listener:
        opened.append(Listener(client, headers, list(query)))
        return opened[-1]

    yield make
    for listener in opened:
        listener.close()


Listen = Callable[..., Listener]


class TestStream:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        for path in ("/v1/events/stream", "/v1/events", "/v1/events/types", "/v1/events/dead-letters"):
            assert client.get(path).status_code == 401

    def test_a_type_that_the_token_may_not_see_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        narrow = token_of(filled.a, "kpis:read")
        assert client.get("/v1/events/stream", headers=narrow, params={"type": "LeadCreated"}).status_code == 403

    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header) -> None:
        for query in ({"after": "-1"}, {"after": "99999999"}, {"type": "NeverHeardOf"}):
            answer = client.get("/v1/events/stream", headers=as_a, params=query)
            assert answer.status_code == 422, answer.text
        for last in ("abc", "1.5", "٣", "9" * 40):
            answer = client.get("/v1/events/stream", headers={**as_a, "last-event-id": last.encode()})  # type: ignore[dict-item]
            assert answer.status_code == 422, answer.text

    def test_events_arrive_live_and_only_the_tenants_own(
        self, doors: Doors, filled: TwoTenants, as_a: Header, as_b: Header, listen: Listen
    ) -> None:
        with listen(as_a) as a, listen(as_b) as b:
            begun = time.monotonic()
            tell(doors, filled.a, 1, 2)
            tell(doors, filled.b, 71)
            first = a.next()
            assert time.monotonic() - begun < 3
            assert first["event"] == "LeadStatusChanged"
            envelope = json.loads(first["data"])
            assert (envelope["specversion"], envelope["type"], envelope["subject"]) == (
                "1.0", "LeadStatusChanged", f"lead/{LEAD}",
            )  # fmt: skip
            assert envelope["tenantid"] == str(filled.a.id)
            assert a.steps(1)[0][1] == "2"
            assert b.steps(1)[0][1] == "71"
            assert a.arrived.empty()
            assert b.arrived.empty()

    def test_a_client_that_comes_back_goes_on_where_it_stopped(
        self, doors: Doors, filled: TwoTenants, as_a: Header, listen: Listen
    ) -> None:
        with listen(as_a) as first:
            tell(doors, filled.a, *range(5))
            seen = first.steps(3)
        tell(doors, filled.a, 5, 6)
        with listen({**as_a, "last-event-id": str(seen[-1][0])}) as again:
            rest = again.steps(4)
        assert [step for _, step in seen + rest] == [str(step) for step in range(7)]
        assert [pos for pos, _ in seen + rest] == list(range(seen[0][0], seen[0][0] + 7))
        with listen(as_a, ("after", str(seen[0][0] - 1))) as whole:
            assert [step for _, step in whole.steps(7)] == [str(step) for step in range(7)]

    def test_a_client_is_told_of_events_that_are_no_longer_kept(
        self, doors: Doors, filled: TwoTenants, as_a: Header, listen: Listen
    ) -> None:
        tell(doors, filled.a, 1, 2, 3)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            row = connection.execute("select min(pos) from app.events").fetchone()
            assert row is not None
            connection.execute("delete from app.events where pos = %s", row)
        with listen(as_a, ("after", str(row[0] - 1))) as late:
            told = late.next()
            assert (told["event"], json.loads(told["data"])) == ("tekup.missed", {"first": row[0], "last": row[0]})
            assert [step for _, step in late.steps(2)] == ["2", "3"]

    def test_filters_and_scopes_choose(
        self, doors: Doors, filled: TwoTenants, as_a: Header, token_of: Callable[..., Header], listen: Listen
    ) -> None:
        other = uuid7()
        with (
            listen(as_a, ("aggregate", f"lead/{other}")) as one,
            listen(as_a, ("type", "UserCreated")) as none,
            listen(token_of(filled.a, "kpis:read")) as blind,
        ):
            tell(doors, filled.a, 1)
            tell(doors, filled.a, 2, lead=other)
            assert [step for _, step in one.steps(1)] == ["2"]
            time.sleep(0.3)
            assert (one.arrived.qsize(), none.arrived.qsize(), blind.arrived.qsize()) == (0, 0, 0)

    def test_a_revoked_token_and_a_suspended_tenant_end_their_streams(
        self, doors: Doors, filled: TwoTenants, as_b: Header, token_of: Callable[..., Header], listen: Listen
    ) -> None:
        mine = token_of(filled.a, "leads:read")
        with listen(mine) as revoked, listen(as_b) as suspended:
            time.sleep(1.2)  # the watch has seen both
            with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
                connection.execute(
                    "update app.api_tokens set revoked_at = now() where id = "
                    "(select id from app.api_tokens order by created_at desc limit 1)"
                )
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.b.id) as connection:
                connection.execute("update app.tenants set status = 'suspended'")
            try:
                begun = time.monotonic()
                for listener in (revoked, suspended):
                    block = listener.next()
                    while block.get("event") != "tekup.ended":
                        block = listener.next()
                    assert json.loads(block["data"])["come_back"] is False
                    assert listener.over.wait(5)
                assert time.monotonic() - begun < 4
            finally:
                with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.b.id) as connection:
                    connection.execute("update app.tenants set status = 'active'")

    def test_a_stream_leaves_nothing_behind(
        self, api: Api, filled: TwoTenants, as_a: Header, listen: Listen, doors: Doors
    ) -> None:
        desk = api.app.state.event_desk
        with listen(as_a) as one:
            assert desk.feeds.open_streams >= 1
            one.leave.set()
            tell(doors, filled.a, 1)
            assert one.over.wait(5)
        deadline = time.monotonic() + 5
        while desk.feeds.open_streams and time.monotonic() < deadline:
            time.sleep(0.05)
        assert desk.feeds.open_streams == 0


class TestSocket:
    def address(self, client: httpx.Client, query: str = "") -> str:
        return f"ws://{client.base_url.netloc.decode()}/v1/events/ws{query}"

    def test_events_arrive_and_are_resumed(
        self, doors: Doors, client: httpx.Client, filled: TwoTenants, as_a: Header
    ) -> None:
        with connect(self.address(client), additional_headers=as_a) as line:
            time.sleep(0.2)
            tell(doors, filled.a, 1, 2)
            first, second = json.loads(line.recv(10)), json.loads(line.recv(10))
        assert (first["kind"], first["event"]["data"]["from"], second["event"]["data"]["from"]) == ("event", "1", "2")
        with connect(self.address(client, f"?after={first['pos']}&type=LeadStatusChanged")) as line:
            line.send(json.dumps({"token": as_a["authorization"].removeprefix("Bearer ")}))
            assert json.loads(line.recv(10)) == second

    @pytest.mark.parametrize(
        ("query", "token", "code"),
        [
            ("", "nonsense", 4401),
            ("?after=x", None, 4422),
            ("?after=99999999", None, 4422),
            ("?type=NeverHeardOf", None, 4422),
        ],
    )
    def test_what_can_not_be_is_closed_with_its_code(
        self, client: httpx.Client, as_a: Header, query: str, token: str | None, code: int
    ) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else as_a
        with connect(self.address(client, query), additional_headers=headers) as line:
            with pytest.raises(ConnectionClosed) as closed:
                line.recv(10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code

    def test_a_page_of_another_site_is_refused(self, client: httpx.Client, as_a: Header) -> None:
        with pytest.raises(Exception, match="403"):
            connect(self.address(client), additional_headers=as_a, origin="https://evil.example")  # type: ignore[arg-type]

    def test_a_disabled_user_is_out(self, doors: Doors, client: httpx.Client, filled: TwoTenants) -> None:
        password = "a long enough password"
        user_id = create_user(doors, filled.a.id, "ws@alfa.example", password, role="sales")
        form = {"grant_type": "password", "username": "ws@alfa.example", "password": password}
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        with connect(self.address(client), additional_headers={"authorization": f"Bearer {token}"}) as line:
            time.sleep(1.2)
            with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
                connection.execute("update app.users set status = 'disabled' where id = %s", (user_id,))
            assert json.loads(line.recv(4))["kind"] == "ended"
            with pytest.raises(ConnectionClosed):
                line.recv(4)
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
            connection.execute("delete from app.users where id = %s", (user_id,))


class TestPages:
    def test_the_log_is_paged_as_cloudevents(
        self, doors: Doors, client: httpx.Client, filled: TwoTenants, as_a: Header, as_b: Header
    ) -> None:
        tell(doors, filled.a, *range(5))
        seen: list[str] = []
        after = 0
        while True:
            page = client.get("/v1/events", headers=as_a, params={"after": after, "limit": 2}).json()
            seen += [item["data"]["from"] for item in page["items"]]
            after = page["next_after"]
            if after == page["head"]:
                break
        assert seen == [str(step) for step in range(5)]
        assert client.get("/v1/events", headers=as_b).json()["items"] == []

    def test_types_and_their_schemas_are_told(self, client: httpx.Client, as_a: Header) -> None:
        types = client.get("/v1/events/types", headers=as_a).json()
        assert {"LeadCreated", "LeadScored", "UserChanged"} <= {one["type"] for one in types}
        for one in types:
            assert client.get(one["schema_path"], headers=as_a).json()["type"] == "object"
        assert client.get("/v1/events/types/LeadCreated/7", headers=as_a).status_code == 404
        assert client.get("/v1/events/asyncapi.json").json()["asyncapi"] == "3.0.0"


class _SlowFeeds:
    """A log of ``count`` events that hands out pages."""

    def __init__(self, events: list[Event]) -> None:
        self.events, self.read = events, 0

    async def kept_from(self, tenant_id: UUID) -> int:
        return 1

    async def page(self, tenant_id: UUID, pos: int) -> list[Event]:
        self.read += 1
        return self.events[pos : pos + 200]


def test_a_client_slower_than_the_window_is_told_and_loses_nothing() -> None:
    from serving.auth.subject import Subject

    tenant_id, total = uuid7(), WINDOW * 3
    events = [
        Event(tenant_id, uuid7(), pos, "LeadStatusChanged", 1, "lead", LEAD, {}, None, utc_now())
        for pos in range(1, total + 1)
    ]
    feeds: Any = _SlowFeeds(events)
    feed = Feed(tenant_id, 0)
    stream = Stream(feed, Subject(tenant_id, "token", uuid7(), frozenset({"leads:read"})), "", 0)

    async def read() -> list[Any]:
        frames: list[Any] = []
        feed.add(events[:10])
        async for frame in follow(feeds, stream):
            frames.append(frame)
            if len(frames) == 10:
                feed.add(events[10:])  # far more than the window holds, while this client was busy
            if isinstance(frame, Event) and frame.pos == total:
                stream.end("enough", come_back=True)
        return frames

    frames = asyncio.run(read())
    assert [frame.pos for frame in frames if isinstance(frame, Event)] == list(range(1, total + 1))
    assert [frame for frame in frames if isinstance(frame, Behind)] == [Behind(total - 10)]
    assert isinstance(frames[-1], Ended)
    assert len(feed.window) == WINDOW
    assert 0 < feeds.read < total / 200
