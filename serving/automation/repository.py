"""SQL of rules and of their log."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from serving.models.automation import automation_rules, automation_runs
from serving.models.operational import events
from serving.records.own_fields import OwnFields

MOST_RULES = 200
"""Rules of one type of event that run; a tenant's further ones do not."""


class AutomationRepository(OwnFields):
    """The tenant's rules and runs."""

    async def enabled_for(self, event_type: str) -> Sequence[Row[Any]]:
        """The rules that begin with a type of event, in their order."""
        table = automation_rules
        query = self.rows_of(table).where(table.c.trigger == event_type, table.c.is_enabled)
        return await self.fetch_all(query.order_by(table.c.position, table.c.id).limit(MOST_RULES))

    async def find_rule(self, rule_id: UUID) -> Row[Any] | None:
        """A rule."""
        return await self.fetch_one(self.rows_of(automation_rules).where(automation_rules.c.id == rule_id))

    async def begin_run(self, values: Mapping[str, Any]) -> bool:
        """Enter a run; False where the rule has fired for this event already."""
        statement = pg_insert(automation_runs).values(tenant_id=self.tenant_id, **values)
        done = await self.session.execute(statement.on_conflict_do_nothing().returning(automation_runs.c.id))
        return done.scalar_one_or_none() is not None

    async def end_run(
        self, run_id: UUID, outcome: str, actions: Sequence[Mapping[str, Any]], error: str | None
    ) -> Row[Any]:
        """Note what a run did."""
        table = automation_runs
        statement = update(table).where(table.c.tenant_id == self.tenant_id, table.c.id == run_id)
        values = {"outcome": outcome, "actions": list(actions), "error": error, "updated_at": func.now()}
        return await self.fetch_exactly_one(statement.values(**values).returning(table))

    async def lock_run(self, run_id: UUID) -> Row[Any] | None:
        """A run, kept from others until the transaction ends."""
        query = self.rows_of(automation_runs).where(automation_runs.c.id == run_id)
        return await self.fetch_one(query.with_for_update())

    async def find_run(self, run_id: UUID) -> Row[Any] | None:
        """A run."""
        return await self.fetch_one(self.rows_of(automation_runs).where(automation_runs.c.id == run_id))

    async def latest_events(self, event_type: str, limit: int) -> Sequence[Row[Any]]:
        """The latest events of a type that have a place in the log, the last first."""
        columns = [column for column in events.c if column.name != "seq"]
        query = self.rows_of(events, *columns).where(events.c.event_type == event_type, events.c.pos > 0)
        return await self.fetch_all(query.order_by(events.c.pos.desc()).limit(limit))
