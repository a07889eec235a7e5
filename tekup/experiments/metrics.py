"""What experiments are measured by. How the figures come about is known to the mart `fct_experiment_exposure`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ExperimentMetric:
    """A figure of each person within the experiment's outcome window; more is better. ``kind`` says how to show it."""

    name: str
    kind: Literal["rate", "money", "count"]
    description: str


EXPERIMENT_METRICS: dict[str, ExperimentMetric] = {
    metric.name: metric
    for metric in (
        ExperimentMetric("lead_rate", "rate", "Share of persons who became a lead."),
        ExperimentMetric("qualified_rate", "rate", "Share of persons with a lead that was qualified."),
        ExperimentMetric("win_rate", "rate", "Share of persons with a lead that was won."),
        ExperimentMetric("revenue", "money", "Worth of the leads won, per person, in the tenant's reporting currency."),
        ExperimentMetric("touch_count", "count", "Touchpoints per person."),
    )
}
"""The covariate of all is how many touchpoints the person had in the 30 days before the exposure, at most 50."""
RESULT_COLUMNS = (
    "metric", "variant", "exposed_date", "person_count", "metric_sum", "metric_square_sum", "covariate_sum",
    "covariate_square_sum", "product_sum",
)  # fmt: skip
"""What `evidence` reads of a line of the mart `fct_experiment_result_daily`, in this order."""
