"""Each headline figure is defined once, and every surface takes its words from there."""

import ast
from collections import Counter
from typing import Any

from dashboards.queries.kpi_tenant_daily import MEASURES
from dashboards.texts import TEXTS
from pipelines.catalogue.metrics import read_metrics
from tekup.metrics import METRICS
from tests.paths import ROOT

MART = "model.tekup.kpi_tenant_daily"
NOT_FIGURES = {"tenant_id", "kpi_date", "currency"}


def test_every_column_of_the_mart_is_a_figure_with_the_same_words(manifest: dict[str, Any]) -> None:
    columns = manifest["nodes"][MART]["columns"]
    described = {name: column["description"] for name, column in columns.items() if name not in NOT_FIGURES}
    assert described == {metric.name: metric.description for metric in METRICS.values()}


def test_no_figure_is_defined_twice(manifest: dict[str, Any]) -> None:
    defined = read_metrics(manifest)
    for field in ("name", "label", "label_da", "description", "description_da"):
        assert [word for word, count in Counter(str(one[field]) for one in defined).items() if count > 1] == [], field
    measures = Counter(
        measure["name"] for model in manifest["semantic_models"].values() for measure in model["measures"]
    )
    assert measures == Counter(manifest["metrics"][key]["name"] for key in manifest["metrics"])
    assert set(measures) == set(METRICS)


def test_no_surface_words_a_figure_itself() -> None:
    words = {metric.description for metric in METRICS.values()} | {m.description_da for m in METRICS.values()}
    repeated = {
        str(path.relative_to(ROOT))
        for package in ("dashboards", "serving")
        for path in (ROOT / package).rglob("*.py")
        for leaf in ast.walk(ast.parse(path.read_text()))
        if isinstance(leaf, ast.Constant) and leaf.value in words
    }
    assert repeated == set()
    assert [key for key in TEXTS if any(name in key for name in METRICS)] == []


def test_the_dashboards_read_figures_and_nothing_else() -> None:
    assert set(MEASURES) - set(METRICS) == set()
