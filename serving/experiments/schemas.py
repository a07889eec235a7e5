"""Shapes of experiments, assignments and exposures. Those of results stand in `result_schemas`."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from serving.kit.text import LongText, Text
from serving.records.resource import Linked
from tekup.clock import utc_now
from tekup.experiments.metrics import EXPERIMENT_METRICS

MOST_AT_ONCE = 1_000
MOST_KEYS = 50
AHEAD = timedelta(minutes=10)
Name: TypeAlias = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Key: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["short-form"])]
MetricName: TypeAlias = Literal["lead_rate", "qualified_rate", "win_rate", "revenue", "touch_count"]
assert set(MetricName.__args__) == set(EXPERIMENT_METRICS)  # type: ignore[attr-defined]
Unit: TypeAlias = Literal["visitor", "lead", "contact"]
Status: TypeAlias = Literal["draft", "running", "stopped", "decided"]
Attributes: TypeAlias = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[Text, Field(max_length=200)]], Field(max_length=20)
]


class Body(BaseModel):
    """A request's fields; one that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class VariantShape(Body):
    """One of the things that are tried."""

    name: Key
    weight: float = Field(default=1.0, gt=0, le=1_000)


class GuardRailShape(Body):
    """A metric that must not fall by more than `margin`, a part of the control's mean."""

    metric: MetricName
    margin: float = Field(default=0.0, ge=0, le=1)


class ExperimentFacts(Body):
    """What defines an experiment, beside its key and variants."""

    hypothesis: LongText | None = Field(default=None, description="What you expect, and why.")
    layer: Key | None = Field(
        default=None, description="Experiments of one layer share out its traffic and never share a person."
    )
    least_effect: float | None = Field(
        default=None, gt=0, le=10, description="The smallest relative change that matters: 0.1 is a tenth."
    )
    ends_at: AwareDatetime | None = Field(default=None, description="By when it should be settled.")


def _check_variants(variants: list[VariantShape] | None) -> list[VariantShape] | None:
    if variants is not None and len({variant.name for variant in variants}) < len(variants):
        raise ValueError("two variants have the same name")
    return variants


Variants: TypeAlias = Annotated[
    list[VariantShape],
    Field(min_length=2, max_length=10, description="The first is the control."),
    AfterValidator(_check_variants),
]
Audience: TypeAlias = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[list[Text], Field(min_length=1, max_length=100)]],
    Field(max_length=10, description="An attribute's name and the values that take part; all must hold."),
]
Days: TypeAlias = Annotated[int, Field(ge=1, le=180)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class ExperimentCreate(ExperimentFacts):
    """A new experiment, as a draft."""

    key: Key = Field(description="What your pages and programs call it.")
    name: Name
    unit: Unit = Field(default="visitor", description="Who is given a variant: a visitor (cookie), lead or contact.")
    variants: Variants = [VariantShape(name="control"), VariantShape(name="treatment")]
    primary_metric: MetricName
    secondary_metrics: Annotated[list[MetricName], Field(max_length=5)] = []
    guard_rails: Annotated[list[GuardRailShape], Field(max_length=5)] = []
    traffic_from: Share = 0.0
    traffic_to: Share = Field(default=1.0, description="The part of all traffic that takes part, from 0 to 1.")
    audience: Audience = {}
    outcome_days: Days = Field(
        default=14, description="So many days after the exposure outcomes count; then the person is counted."
    )
    alpha: float = Field(default=0.05, gt=0, le=0.2, description="How often a verdict may be wrong.")
    planned_units: int = Field(
        default=2_000, ge=100, le=10**8, description="About how many persons it is made for; see sample-size."
    )

    @model_validator(mode="after")
    def _has_traffic(self) -> Self:
        if self.traffic_from >= self.traffic_to:
            raise ValueError("traffic_from must lie below traffic_to")
        return self


class ExperimentUpdate(ExperimentFacts):
    """Changes to a draft; once started, only `name`, `hypothesis` and `ends_at` can change."""

    key: Key | None = None
    name: Name | None = None
    unit: Unit | None = None
    variants: Variants | None = None
    primary_metric: MetricName | None = None
    secondary_metrics: Annotated[list[MetricName], Field(max_length=5)] | None = None
    guard_rails: Annotated[list[GuardRailShape], Field(max_length=5)] | None = None
    traffic_from: Share | None = None
    traffic_to: Share | None = None
    audience: Audience | None = None
    outcome_days: Days | None = None
    alpha: float | None = Field(default=None, gt=0, le=0.2)
    planned_units: int | None = Field(default=None, ge=100, le=10**8)

    @model_validator(mode="after")
    def _keeps_what_must_be_there(self) -> Self:
        may_be_empty = set(ExperimentFacts.model_fields)
        empty = sorted(
            name for name in self.model_fields_set if getattr(self, name) is None and name not in may_be_empty
        )
        if empty:
            raise ValueError(f"can't be emptied: {', '.join(empty)}")
        return self


class Experiment(Linked):
    """One experiment."""

    key: str
    name: str
    hypothesis: str | None
    status: str
    unit: str
    variants: list[dict[str, Any]]
    layer: str | None
    traffic_from: float
    traffic_to: float
    audience: dict[str, list[str]]
    primary_metric: str
    secondary_metrics: list[str]
    guard_rails: list[dict[str, Any]]
    outcome_days: int
    alpha: float
    least_effect: float | None
    planned_units: int
    starts_at: AwareDatetime | None
    ends_at: AwareDatetime | None
    stopped_at: AwareDatetime | None
    decision: str | None
    decision_note: str | None
    decided_at: AwareDatetime | None


class Decision(Body):
    """Which variant everybody is to get from now on."""

    variant: Key
    note: LongText | None = Field(default=None, description="Why.")


class Whose(Body):
    """Whose variant it is: one of a visitor, a lead and a contact."""

    anonymous_id: Text | None = Field(default=None, min_length=1, max_length=200)
    lead_id: UUID | None = None
    contact_id: UUID | None = None

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if sum(value is not None for value in (self.anonymous_id, self.lead_id, self.contact_id)) != 1:
            raise ValueError("give one of anonymous_id, lead_id and contact_id")
        return self

    @property
    def unit(self) -> Unit:
        """What kind of unit it is."""
        return "visitor" if self.anonymous_id is not None else "lead" if self.lead_id is not None else "contact"

    @property
    def unit_id(self) -> str:
        """The unit as assignment hashes it."""
        return self.anonymous_id or str(self.lead_id or self.contact_id)


class AssignmentRequest(Whose):
    """Ask which variants somebody gets."""

    attributes: Attributes = Field(default={}, description="What audiences ask for, such as country or device.")
    expose: Annotated[list[Key], Field(max_length=MOST_KEYS)] = Field(
        default=[], description="Experiments that he is shown now: their exposure is noted with this request."
    )


class Assignments(BaseModel):
    """The variant by experiment; one that is left out takes no part: show what you would without an experiment."""

    variants: dict[str, str]
    ids: dict[str, UUID] = Field(description="The experiments' ids, which are the salts of the hash.")


def _not_ahead(moment: AwareDatetime) -> AwareDatetime:
    if moment > utc_now() + AHEAD:
        raise ValueError("lies in the future")
    return moment


class ExposureCreate(Whose):
    """Somebody was shown a variant."""

    experiment: Key
    variant: Key
    exposed_at: Annotated[AwareDatetime, AfterValidator(_not_ahead)] | None = Field(
        default=None, description="Now, where it is left out."
    )


class ExposureBatch(Body):
    """Several exposures."""

    items: list[ExposureCreate] = Field(min_length=1, max_length=MOST_AT_ONCE)


ExposureVerdict: TypeAlias = Literal[
    "stored", "known", "unknown_experiment", "not_running", "other_variant", "wrong_unit", "unknown_lead",
    "unknown_contact", "bot",
]  # fmt: skip


class ExposureReceipt(BaseModel):
    """What became of each exposure, in their order, and how many were stored."""

    stored: int
    verdicts: list[ExposureVerdict]
