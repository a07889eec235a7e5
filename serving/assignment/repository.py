"""SQL of assignment: rules, turns, loads and active users."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, update
from sqlalchemy.dialects.postgresql import insert

from serving.models.automation import assignment_rules, assignment_turns
from serving.models.crm import deals
from serving.models.operational import leads, users
from serving.records.own_fields import OwnFields

MOST_RULES = 200
OPEN: Mapping[str, tuple[str, ...]] = {"lead": ("new", "contacted", "qualified"), "deal": ("open",)}
"""The statuses in which a record is work for its owner."""
TABLES = {"lead": leads, "deal": deals}


class AssignmentRepository(OwnFields):
    """What is needed to choose an owner."""

    async def enabled_for(self, entity: str) -> Sequence[Row[Any]]:
        """The rules of a kind of record, in their order."""
        table = assignment_rules
        query = self.rows_of(table).where(table.c.entity == entity, table.c.is_enabled)
        return await self.fetch_all(query.order_by(table.c.position, table.c.id).limit(MOST_RULES))

    async def active(self, user_ids: Collection[UUID]) -> set[UUID]:
        """Those of the users who may work."""
        rows = await self.fetch_all(
            self.rows_of(users, users.c.id).where(users.c.id.in_(user_ids), users.c.status == "active")
        )
        return {row.id for row in rows}

    async def take_turn(self, rule_id: UUID) -> Row[Any]:
        """The rule's next turn, kept from others until the transaction ends."""
        statement = insert(assignment_turns).values(tenant_id=self.tenant_id, rule_id=rule_id, turn=1)
        statement = statement.on_conflict_do_update(
            index_elements=["tenant_id", "rule_id"], set_={"turn": assignment_turns.c.turn + 1}
        )
        return await self.fetch_exactly_one(statement.returning(assignment_turns))

    async def note_turn(self, rule_id: UUID, last_turns: Mapping[str, int]) -> None:
        """Note who had which turn last."""
        table = assignment_turns
        statement = update(table).where(table.c.tenant_id == self.tenant_id, table.c.rule_id == rule_id)
        await self.session.execute(statement.values(last_turns=dict(last_turns)))

    async def loads(self, entity: str, user_ids: Collection[UUID] | None = None) -> dict[UUID, int]:
        """How many open records each of the users has; those with none are left out."""
        table = TABLES[entity]
        query = self.rows_of(table, table.c.owner_id, func.count().label("open_count"))
        query = query.where(table.c.status.in_(OPEN[entity]), table.c.owner_id.is_not(None)).group_by(table.c.owner_id)
        if user_ids is not None:
            query = query.where(table.c.owner_id.in_(user_ids))
        return {row.owner_id: row.open_count for row in await self.fetch_all(query)}

    async def active_users(self) -> list[UUID]:
        """Everybody who may work."""
        rows = await self.fetch_all(self.rows_of(users, users.c.id).where(users.c.status == "active"))
        return [row.id for row in rows]

    async def open_of(self, entity: str, user_id: UUID, limit: int) -> list[UUID]:
        """A user's open records, the oldest first."""
        table = TABLES[entity]
        query = self.rows_of(table, table.c.id).where(table.c.owner_id == user_id, table.c.status.in_(OPEN[entity]))
        return [row.id for row in await self.fetch_all(query.order_by(table.c.created_at, table.c.id).limit(limit))]
