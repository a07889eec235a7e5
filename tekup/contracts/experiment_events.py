"""Types of events of experiments. What an event type is stands in `events`."""

from uuid import UUID

from tekup.contracts.events import EventData


class ExperimentCreated(EventData):
    """An experiment was drafted."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
    key: str


class ExperimentChanged(EventData):
    """Fields of an experiment were set."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
    fields: list[str]


class ExperimentStarted(EventData):
    """An experiment began to assign variants."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
    key: str


class ExperimentStopped(EventData):
    """An experiment stopped assigning variants."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
    key: str


class ExperimentDecided(EventData):
    """A variant was chosen: from now on everybody gets it."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
    key: str
    variant: str


class ExperimentDeleted(EventData):
    """An experiment was deleted with its exposures."""

    aggregate, scope = "experiment", "experiments:read"
    experiment_id: UUID
