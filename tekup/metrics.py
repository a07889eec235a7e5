"""The tenant's headline figures: their names, words and how days add up, for every surface that shows one.

They are defined in dbt's project, beside the mart `kpi_tenant_daily` that holds them; `make docs` writes what is read
here. How a figure is computed is told there and nowhere else.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATH = Path(__file__).with_name("metrics.json")


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: a column of `kpi_tenant_daily`, with its words in English and Danish."""

    name: str
    label: str
    description: str
    label_da: str
    description_da: str
    better: Literal["up", "down", "neither"]
    is_level: bool
    """A state at a day's end: days are not summed, the last one counts."""

    @property
    def is_money(self) -> bool:
        """Whether it is an amount in minor units of the row's currency."""
        return self.name.endswith("_cents")


METRICS = {entry["name"]: Metric(**entry) for entry in json.loads(PATH.read_text())}
