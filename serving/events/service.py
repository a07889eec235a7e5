"""Reading the log and opening streams. Wire formats are the endpoints'."""

from collections.abc import Collection
from typing import Any

from serving.auth.subject import Authenticator, Subject
from serving.consumers.repository import EventRepository
from serving.events.access_watch import AccessWatch
from serving.events.feeds import Feeds
from serving.events.schemas import CloudEvent, EventPage, EventType
from serving.events.streams import Stream
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.kit.wake import Wake
from tekup.contracts.asyncapi import schema_of
from tekup.contracts.events import event_types, find_event_type, scope_of

STREAMS_PER_TENANT = 5000


class EventDesk:
    """What streams of this process share."""

    def __init__(self, databases: Databases, authenticator: Authenticator, wake: Wake) -> None:
        self.databases = databases
        self.feeds = Feeds(databases, wake)
        self.watch = AccessWatch(databases, authenticator)

    async def open(
        self, subject: Subject, token: str, after: int | None, types: Collection[str], aggregates: Collection[str]
    ) -> Stream:
        """A stream from ``after`` on (from now where None); `close` it.

        Raises:
            Problem: 403 or 422 for what can't be seen or is not, 429 too many streams.
        """
        check_types(subject, types)
        if self.watch.is_over:
            raise Problem(503, "about-to-stop", "this server is about to stop", headers={"retry-after": "1"})
        feed = await self.feeds.join(subject.tenant_id)
        try:
            if feed.streams > STREAMS_PER_TENANT:
                raise Problem(
                    429, "too-many-streams", f"the tenant has {STREAMS_PER_TENANT} streams open here",
                    hint="close some, or share one stream between the parts of your program",
                )  # fmt: skip
            head = feed.head
            if after is not None and after > head:
                async with self.databases.operational(subject.context) as session:
                    head = await EventRepository(session, subject.tenant_id).head()
                if after > head:
                    raise unusable_field("after", f"no event stands there yet: the last is {head}")
        except BaseException:
            self.feeds.leave(feed)
            raise
        stream = Stream(
            feed, subject, token, head if after is None else after,
            frozenset(types) or None, frozenset(aggregates) or None,
        )  # fmt: skip
        self.watch.add(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        self.watch.remove(stream)
        self.feeds.leave(stream.feed)


async def list_events(
    databases: Databases,
    subject: Subject,
    *,
    after: int,
    limit: int,
    types: Collection[str],
    aggregates: Collection[str],
) -> EventPage:
    """A page of what the caller may see of the log."""
    check_types(subject, types)
    visible = [kind.__name__ for kind in event_types() if kind.scope in subject.scopes]
    wanted = sorted(set(types) & set(visible)) if types else visible
    async with databases.operational(subject.context) as session:
        repository = EventRepository(session, subject.tenant_id)
        head = await repository.head()
        events = await repository.after(after, limit, upto=head, types=wanted)
    chosen = frozenset(aggregates)
    shown = [event for event in events if not chosen or {event.aggregate_type, event.key} & chosen]
    return EventPage(
        items=[CloudEvent(**event.to_cloudevent()) for event in shown],
        next_after=events[-1].pos if len(events) == limit else max(head, after),
        head=head,
    )


def list_types() -> list[EventType]:
    """Every type of event."""
    return [
        EventType(
            type=kind.__name__,
            version=kind.version,
            aggregate=kind.aggregate,
            scope=kind.scope,
            summary=(kind.__doc__ or "").strip().splitlines()[0],
            schema_path=f"/v1/events/types/{kind.__name__}/{kind.version}",
        )
        for kind in event_types()
    ]


def find_schema(name: str, version: int) -> dict[str, Any]:
    """The JSON schema of a type's data.

    Raises:
        Problem: 404 no such type.
    """
    found = find_event_type(name, version)
    if found is None:
        raise not_found("event type")
    return schema_of(found)


def check_types(subject: Subject, types: Collection[str]) -> None:
    """Refuse a filter that names what is not, or what the caller may not see.

    Raises:
        Problem: 422 or 403.
    """
    versions = {kind.__name__: kind.version for kind in event_types()}
    for name in types:
        if name not in versions:
            raise unusable_field("type", f"no such type; `/v1/events/types` lists them: {name}"[:200])
        scope = scope_of(name, versions[name])
        if scope not in subject.scopes:
            raise Problem(403, "scope-missing", f"{name} asks for the scope {scope}")
