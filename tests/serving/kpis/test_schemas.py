"""The daily figures are told in the words of their one definition."""

from serving.kpis.schemas import KpiDay
from tekup.metrics import METRICS


def test_every_figure_has_the_words_of_its_definition() -> None:
    fields = {name: field for name, field in KpiDay.model_fields.items() if name not in ("kpi_date", "currency")}
    assert {name: (field.title, field.description) for name, field in fields.items()} == {
        name: (METRICS[name].label, METRICS[name].description) for name in fields
    }
