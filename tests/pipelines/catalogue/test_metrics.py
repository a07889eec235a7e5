"""Each headline figure is defined once, and every surface takes its words from there."""

import ast
from collections import Counter
from typing import Any

from dashboards.queries import fct_revenue_retention_monthly, kpi_tenant_daily
from dashboards.texts import TEXTS
from pipelines.catalogue.metrics import read_metrics
from tekup.metrics import METRICS, MONTHLY_METRICS
from tests.paths import ROOT

MART = "model.tekup.kpi_tenant_daily"
MONTHLY_MART = "model.tekup.fct_revenue_retention_monthly"
NOT_FIGURES = {"tenant_id", "kpi_date", "currency"}


def test_every_column_of_the_mart_is_a_figure_with_the_same_words(manifest: dict[str, Any]) -> None:
    columns = manifest["nodes"][MART]["columns"]
    described = {name: column["description"] for name, column in columns.items() if name not in NOT_FIGURES}
    assert described == {metric.name: metric.description for metric in METRICS.values()}
    monthly = {name: column["description"] for name, column in manifest["nodes"][MONTHLY_MART]["columns"].items()}
    assert {"nrr_rate", "grr_rate", "logo_churn_rate", "ltv_cents"} <= set(MONTHLY_METRICS)
    assert {metric.name: metric.description for metric in MONTHLY_METRICS.values()}.items() <= monthly.items()


def test_no_figure_is_defined_twice(manifest: dict[str, Any]) -> None:
    defined = read_metrics(manifest)
    for field in ("name", "label", "label_da", "description", "description_da"):
        assert [word for word, count in Counter(str(one[field]) for one in defined).items() if count > 1] == [], field
    measures = Counter(
        measure["name"] for model in manifest["semantic_models"].values() for measure in model["measures"]
    )
    assert measures == Counter(manifest["metrics"][key]["name"] for key in manifest["metrics"])
    assert set(measures) == {*METRICS, *MONTHLY_METRICS}


def test_no_surface_words_a_figure_itself() -> None:
    defined = [*METRICS.values(), *MONTHLY_METRICS.values()]
    words = {metric.description for metric in defined} | {metric.description_da for metric in defined}
    repeated = {
        str(path.relative_to(ROOT))
        for package in ("dashboards", "serving")
        for path in (ROOT / package).rglob("*.py")
        for leaf in ast.walk(ast.parse(path.read_text()))
        if isinstance(leaf, ast.Constant) and leaf.value in words
    }
    assert repeated == set()
    assert [key for key in TEXTS if any(metric.name in key for metric in defined)] == []


def test_the_dashboards_read_figures_and_nothing_else() -> None:
    assert set(kpi_tenant_daily.MEASURES) - set(METRICS) == set()
    assert set(fct_revenue_retention_monthly.MEASURES) - set(MONTHLY_METRICS) == set()
