"""What a consumer is. How it is run is not known here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from tekup.contracts.envelope import Event

Handler: TypeAlias = Callable[[AsyncSession, Event], Awaitable[None]]
"""The effect of one event, in the tenant's transaction that it is handed. It may run again after a rollback, so that
what reaches outside the database must go by a job that is put into the same transaction."""

PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A named follower of events. After a failure it pauses; past the last of ``pauses`` (seconds) it is dead."""

    name: str
    handlers: Mapping[str, Handler]
    pauses: tuple[float, ...] = PAUSES

    @property
    def types(self) -> list[str] | None:
        """The types it wants; None for all."""
        return None if "*" in self.handlers else sorted(self.handlers)

    def handler_of(self, event: Event) -> Handler | None:
        """What it does about an event."""
        return self.handlers.get(event.type) or self.handlers.get("*")
