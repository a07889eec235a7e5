"""The resource of experiments: what may be changed when."""

from typing import Any

from sqlalchemy import Row

from serving.experiments import schemas
from serving.kit.problems import Problem
from serving.models.experiments import experiments
from serving.records.repository import RecordRepository
from serving.records.resource import Events, Resource
from tekup.contracts import experiment_events as told

AFTER_START = frozenset({"name", "hypothesis", "ends_at"})
"""What can still change once somebody was given a variant: nothing of what they or the verdict depend on."""
_STATES = {"status", "starts_at", "stopped_at", "decision", "decision_note", "decided_at"}


async def settle_experiment(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """A draft is free; what runs or ran keeps what its variants and its verdict depend on."""
    if before is None:
        return values
    differing = {name for name, value in values.items() if before._mapping[name] != value}
    fixed = sorted(differing - AFTER_START - _STATES)
    if before.status != "draft" and fixed:
        errors = [{"pointer": f"/{name}", "detail": "can't change once it was started"} for name in fixed]
        hint = "stop it and draft another one"
        raise Problem(409, "was-started", f"the experiment is {before.status}", hint=hint, errors=errors)
    whole = dict(before._mapping) | values
    if whole["traffic_from"] >= whole["traffic_to"]:
        error = {"pointer": "/traffic_from", "detail": "must lie below traffic_to"}
        raise Problem(422, "unusable-input", "the request can't be used", errors=[error])
    return values


EXPERIMENT = Resource(
    noun="experiment",
    plural="experiments",
    table=experiments,
    read=schemas.Experiment,
    create=schemas.ExperimentCreate,
    update=schemas.ExperimentUpdate,
    filters={"status": schemas.Status, "key": schemas.Key, "layer": str},
    searched=("name", "key", "hypothesis"),
    orders=("created_at", "updated_at", "name"),
    settle=settle_experiment,
    events=Events(
        created=lambda row: [told.ExperimentCreated(experiment_id=row.id, key=row.key)],
        changed=lambda before, row, fields: [told.ExperimentChanged(experiment_id=row.id, fields=fields)],
        deleted=lambda row: [told.ExperimentDeleted(experiment_id=row.id)],
    ),
)
