"""The figures are told in the words of their one definition."""

import pytest
from pydantic import BaseModel

from serving.kpis.schemas import KpiDay, KpiMonth
from tekup.metrics import METRICS, MONTHLY_METRICS, Metric


@pytest.mark.parametrize(("shape", "metrics"), [(KpiDay, METRICS), (KpiMonth, MONTHLY_METRICS)])
def test_every_figure_has_the_words_of_its_definition(shape: type[BaseModel], metrics: dict[str, Metric]) -> None:
    fields = {
        name: field
        for name, field in shape.model_fields.items()
        if name not in ("kpi_date", "month_date", "currency", "is_complete")
    }
    assert {name: (field.title, field.description) for name, field in fields.items()} == {
        name: (metrics[name].label, metrics[name].description) for name in fields
    }
    assert shape is KpiDay or set(fields) == set(MONTHLY_METRICS)
