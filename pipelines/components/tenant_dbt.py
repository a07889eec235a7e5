"""The dbt project as assets and checks, with the product's asset keys and the warehouse's address at run time."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster.components import DefsStateConfig
from dagster_dbt import DbtCliResource, DbtProject, DbtProjectComponent

from pipelines.automation import AFTER_UPSTREAM, MART_FRESHNESS, OWNERS
from pipelines.quality.dbt_tests import record_results
from pipelines.resources.dbt_process import DbtProcess, keep_parsed
from pipelines.resources.dbt_project import DBT_FOLDER, dbt_project, profile_environment
from pipelines.resources.platform import platform

_PRODUCED = {
    "lead_score": ["scores", "leads"],
    "lead_value": ["scores", "lead_values"],
    "lead_conversion": ["scores", "lead_conversions"],
    "subscription_churn": ["scores", "subscription_churn"],
    "attribution_credit": ["attribution", "credit"],
    "attribution_channel": ["attribution", "channels"],
    "lead_enrichment_answer": ["ml", "lead_enrichment"],
}
"""Tables that our own assets write and dbt copies: their asset keys. Views need none, they show each write at once."""


@dataclass
class TenantDbt(DbtProjectComponent):
    """dbt models of one selection. Sources take the keys of the assets that fill them, models keep their names."""

    def __post_init__(self) -> None:
        self.project = dbt_project()

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """A key of its own for each selection of the one project."""
        given = super().defs_state_config
        return DefsStateConfig(
            key=f"TenantDbt[{self.select} without {self.exclude}]",
            management_type=given.management_type,
            refresh_if_dev=given.refresh_if_dev,
        )

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        properties = self.get_resource_props(manifest, unique_id)
        spec = super().get_asset_spec(manifest, unique_id, project)
        if properties["resource_type"] == "source":
            return spec.replace_attributes(key=source_key(properties["source_name"], properties["name"]))
        layer = properties["fqn"][1] if len(properties["fqn"]) > 2 else "dbt"
        domain = properties["fqn"][2] if len(properties["fqn"]) > 3 else layer
        is_mart = layer == "marts"
        return spec.replace_attributes(
            key=dg.AssetKey([properties["name"]]),
            group_name=domain if is_mart else layer,
            owners=OWNERS,
            automation_condition=AFTER_UPSTREAM,
            freshness_policy=MART_FRESHNESS if is_mart else None,
        )

    def execute(self, context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        os.environ.update(profile_environment(platform().doors))  # dbt runs as a child and reads its profile there
        process = DbtProcess(project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER))
        invocation = process.cli(self.get_cli_args(context), context=context)
        try:
            yield from invocation.stream()
        finally:
            keep_parsed(DBT_FOLDER, invocation.target_path)
            # also after a failure: what was tested until then was tested
            if (invocation.target_path / "run_results.json").exists():
                results = invocation.get_artifact("run_results.json")["results"]
                record_results(platform(), invocation.manifest, results)


def source_key(source: str, table: str) -> dg.AssetKey:
    """The key of the asset that fills a dbt source: hubspot.contacts is raw/hubspot/contacts."""
    if source == "ml":
        return dg.AssetKey(_PRODUCED.get(table, [source, table]))
    if source == "quality":
        return dg.AssetKey([source, table])
    return dg.AssetKey(["raw", source, table])
