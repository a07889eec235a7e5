"""An experiment's way: draft, running, stopped, decided. Each step is one transaction with its event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.experiments.repository import ExperimentRepository
from serving.experiments.schemas import Decision
from serving.kit.problems import Problem, not_found, unusable_field
from serving.records.repository import RecordRepository
from serving.records.service import Shelf, note, tell
from tekup.clock import utc_now
from tekup.contracts import experiment_events as told
from tekup.contracts.events import EventData


async def start(shelf: Shelf, experiment_id: UUID) -> Any:
    """Begin to assign.

    Raises:
        Problem: 404; 409 where it is no draft, or a running experiment has the same traffic of its layer.
    """

    async def changes(repository: RecordRepository, row: Row[Any]) -> dict[str, Any]:
        if row.layer is not None:
            own = ExperimentRepository(repository.session, repository.tenant_id)
            for other in await own.running_of_layer(row.layer):
                if row.traffic_from < other.traffic_to and other.traffic_from < row.traffic_to:
                    raise Problem(
                        409,
                        "traffic-taken",
                        f"{other.key} has the traffic from {other.traffic_from:g} to {other.traffic_to:g} of the layer",
                        hint="choose another part by traffic_from and traffic_to, or stop it first",
                    )
        return {"status": "running", "starts_at": utc_now()}

    return await _step(
        shelf, experiment_id, "start", ("draft",), changes,
        lambda row: told.ExperimentStarted(experiment_id=row.id, key=row.key),
    )  # fmt: skip


async def stop(shelf: Shelf, experiment_id: UUID) -> Any:
    """Stop assigning; whoever was exposed before still counts.

    Raises:
        Problem: 404; 409 where it does not run.
    """

    async def changes(repository: RecordRepository, row: Row[Any]) -> dict[str, Any]:
        return {"status": "stopped", "stopped_at": utc_now()}

    return await _step(
        shelf, experiment_id, "stop", ("running",), changes,
        lambda row: told.ExperimentStopped(experiment_id=row.id, key=row.key),
    )  # fmt: skip


async def decide(shelf: Shelf, experiment_id: UUID, decision: Decision) -> Any:
    """Give everybody one variant from now on.

    Raises:
        Problem: 404; 409 where it was never started or is decided; 422 where it has no such variant.
    """

    async def changes(repository: RecordRepository, row: Row[Any]) -> dict[str, Any]:
        if decision.variant not in {variant["name"] for variant in row.variants}:
            raise unusable_field("/variant", "the experiment has no such variant")
        now = utc_now()
        chosen = {"decision": decision.variant, "decision_note": decision.note, "decided_at": now}
        return {"status": "decided", "stopped_at": row.stopped_at or now, **chosen}

    return await _step(
        shelf, experiment_id, "decide", ("running", "stopped"), changes,
        lambda row: told.ExperimentDecided(experiment_id=row.id, key=row.key, variant=row.decision),
    )  # fmt: skip


async def _step(
    shelf: Shelf,
    experiment_id: UUID,
    verb: str,
    states: tuple[str, ...],
    changes: Callable[[RecordRepository, Row[Any]], Any],
    event: Callable[[Row[Any]], EventData],
) -> Any:
    async with shelf.databases.operational(shelf.subject.context, read_only=False) as session:
        repository = shelf.open(session)
        before = await repository.lock(experiment_id)
        if before is None:
            raise not_found("experiment")
        if before.status not in states:
            raise Problem(
                409,
                "wrong-state",
                f"the experiment is {before.status}",
                hint=f"to {verb} it, it must be {' or '.join(states)}",
            )
        row = await repository.change(experiment_id, await changes(repository, before))
        await tell(shelf, repository, [event(row)], row)
        note(shelf, repository, verb, row.id)
    return shelf.show(row)
