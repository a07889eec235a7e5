"""SQL of experiments: those that assign, exposures, and sums of outcomes."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table
from sqlalchemy.dialects.postgresql import insert

from serving.kit.repository import TenantRepository
from serving.models.experiments import experiment_exposures, experiments, fct_experiment_result_daily

_ASSIGNING = (
    experiments.c.id, experiments.c.key, experiments.c.status, experiments.c.unit, experiments.c.variants,
    experiments.c.layer, experiments.c.traffic_from, experiments.c.traffic_to, experiments.c.audience,
    experiments.c.decision,
)  # fmt: skip
MOST_RUNNING = 500


class ExperimentRepository(TenantRepository):
    """The tenant's experiments."""

    async def find(self, experiment_id: UUID) -> Row[Any] | None:
        """One experiment."""
        return await self.fetch_one(self.rows_of(experiments).where(experiments.c.id == experiment_id))

    async def assigning(self, unit: str) -> Sequence[Row[Any]]:
        """Experiments on a kind of unit that give variants: those that run, and those that were decided."""
        query = self.rows_of(experiments, *_ASSIGNING).where(
            experiments.c.status.in_(("running", "decided")), experiments.c.unit == unit
        )
        return await self.fetch_all(query.order_by(experiments.c.key).limit(MOST_RUNNING))

    async def called(self, keys: set[str]) -> dict[str, Row[Any]]:
        """Experiments by their keys."""
        query = self.rows_of(experiments, *_ASSIGNING).where(experiments.c.key.in_(keys))
        return {row.key: row for row in await self.fetch_all(query)}

    async def running_of_layer(self, layer: str) -> Sequence[Row[Any]]:
        """Running experiments of a layer, kept as they are until the transaction ends."""
        query = self.rows_of(experiments, *_ASSIGNING).where(
            experiments.c.status == "running", experiments.c.layer == layer
        )
        return await self.fetch_all(query.with_for_update())

    async def known(self, table: Table, ids: set[UUID]) -> set[UUID]:
        """Those of the ids that the tenant has."""
        if not ids:
            return set()
        rows = await self.session.execute(self.rows_of(table, table.c.id).where(table.c.id.in_(ids)))
        return set(rows.scalars())

    async def add_exposures(self, rows: Sequence[dict[str, Any]]) -> set[UUID]:
        """Store first exposures; the ids of those that were."""
        statement = insert(experiment_exposures).on_conflict_do_nothing().returning(experiment_exposures.c.id)
        added = await self.session.execute(statement, [{"tenant_id": self.tenant_id, **row} for row in rows])
        return set(added.scalars())


class ResultRepository(TenantRepository):
    """The tenant's sums of outcomes in the warehouse."""

    async def daily(self, experiment_id: UUID, until: date) -> Sequence[Row[Any]]:
        """Sums by metric, variant and day of exposure up to a day, oldest first."""
        table = fct_experiment_result_daily
        query = self.rows_of(table).where(table.c.experiment_id == experiment_id, table.c.exposed_date <= until)
        return await self.fetch_all(query.order_by(table.c.exposed_date, table.c.metric, table.c.variant))
