"""The tenant's headline figures: their names, words and how days add up, for every surface that shows one.

They are defined in dbt's project, beside the marts that hold them; `make docs` writes what is read
here. How a figure is computed is told there and nowhere else.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATH = Path(__file__).with_name("metrics.json")


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: a column of `kpi_tenant_daily` or, by month, of `fct_revenue_retention_monthly`, with its words."""

    name: str
    label: str
    description: str
    label_da: str
    description_da: str
    better: Literal["up", "down", "neither"]
    is_level: bool
    """A state at a day's end: days are not summed, the last one counts."""
    grain: Literal["day", "month"]

    @property
    def is_money(self) -> bool:
        """Whether it is an amount in minor units of the row's currency."""
        return self.name.endswith("_cents")


_ALL = [Metric(**entry) for entry in json.loads(PATH.read_text())]
METRICS = {metric.name: metric for metric in _ALL if metric.grain == "day"}
MONTHLY_METRICS = {metric.name: metric for metric in _ALL if metric.grain == "month"}
