"""The headline figures as the kernel's data and as a page. They are defined beside their marts, in dbt's project."""

import json
from collections.abc import Mapping
from typing import Any

from pipelines.catalogue.pages import GENERATED

_MODELS = {"day": "semantic_model.tekup.tenant_days", "month": "semantic_model.tekup.tenant_months"}
_ADDED_UP = {False: "sum of the days", True: "the last day's"}
_BETTER = {"up": "more is better", "down": "less is better", "neither": "neither"}


def read_metrics(manifest: Mapping[str, Any]) -> list[dict[str, object]]:
    """Each measure of the semantic models as `tekup.metrics.Metric` takes it, in the files' order."""
    return [
        {
            "name": measure["name"],
            "label": measure["label"],
            "description": measure["description"],
            "label_da": measure["config"]["meta"]["label_da"],
            "description_da": measure["config"]["meta"]["description_da"],
            "better": measure["config"]["meta"]["better"],
            "is_level": measure["non_additive_dimension"] is not None,
            "grain": grain,
        }
        for grain, model in _MODELS.items()
        for measure in manifest["semantic_models"][model]["measures"]
    ]


def write_data(manifest: Mapping[str, Any]) -> str:
    """The file that `tekup.metrics` reads."""
    return json.dumps(read_metrics(manifest), indent=1, ensure_ascii=False) + "\n"


def write_page(manifest: Mapping[str, Any]) -> str:
    """The metric catalogue."""
    metrics = read_metrics(manifest)
    lines = [
        "# The headline figures",
        "",
        GENERATED,
        "",
        "They are defined once, as measures of dbt's semantic layer; the marts' columns, the dashboards' labels and",
        "explanations and the API's descriptions are taken from there.",
        "",
        "## By day",
        "",
        "Each is a column of `kpi_tenant_daily`, per tenant and day: the tenant's day, in its timezone, and amounts in",
        "minor units of its reporting currency. Tiles, charts and `GET /v1/kpis` read these columns and nothing else.",
        "Defined in `dbt/models/marts/overview/_overview__models.yml`.",
        "",
        "| figure | name | what it is | over a period | good news |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{metric['name']}` | {metric['label']} ({metric['label_da']}) | {metric['description']} "
        f"| {_ADDED_UP[bool(metric['is_level'])]} | {_BETTER[str(metric['better'])]} |"
        for metric in metrics
        if metric["grain"] == "day"
    ]
    lines += [
        "",
        "## By month",
        "",
        "Each is a column of `fct_revenue_retention_monthly`, per tenant and month; rates run from 0 to 1, amounts are",
        "in minor units of the reporting currency. Over a period the last month's counts; one that has not ended tells",
        "of a part (`is_complete`). Tiles and `GET /v1/kpis/monthly` read these columns and nothing else.",
        "Defined in `dbt/models/marts/revenue/_revenue__models.yml`; how they come about: [revenue](revenue.md).",
        "",
        "| figure | name | what it is | good news |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{metric['name']}` | {metric['label']} ({metric['label_da']}) | {metric['description']} "
        f"| {_BETTER[str(metric['better'])]} |"
        for metric in metrics
        if metric["grain"] == "month"
    ]
    return "\n".join(lines) + "\n"
