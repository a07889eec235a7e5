"""The kinds of models that there are: each one's registry, and how its files are read. No model is taught here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from scoring import duration, loading, value
from scoring.duration import DurationModel
from scoring.model import LeadModel
from scoring.registry import Artefact
from scoring.value import ValueModel

M = TypeVar("M", bound=Artefact)


@dataclass(frozen=True)
class Kind(Generic[M]):
    """A registry's name, and what makes a model of the files that it holds."""

    name: str
    read: Callable[[Mapping[str, str], str], M]


LEAD_SCORE: Kind[LeadModel] = Kind("lead_score", loading.from_files)
DEAL_VALUE: Kind[ValueModel] = Kind("deal_value", value.from_files)
CONVERSION_TIME: Kind[DurationModel] = Kind("conversion_time", duration.from_files)
SUBSCRIPTION_CHURN: Kind[LeadModel] = Kind("subscription_churn", loading.from_files)
KINDS = (LEAD_SCORE.name, DEAL_VALUE.name, CONVERSION_TIME.name, SUBSCRIPTION_CHURN.name)
