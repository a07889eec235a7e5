"""What every dbt model owes, told from dbt's own manifest. What the models compute is tested beside them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql

from tests.paths import ROOT

PROJECT = ROOT / "dbt"
STAGING_TENANCY = "assert_staging_belongs_to_known_tenants"
SHOWN_AT_ONCE = {
    "fct_quality_daily", "fct_lead_score_history", "fct_model_drift", "fct_model_quality", "fct_lead_prediction",
    "fct_subscription_churn",
}  # fmt: skip
"""Marts that are views over what something else than dbt stores, never older than it."""
# exchange rates are the same for everybody; no reader is granted them
TENANTLESS = {"int_exchange_rate_daily"}
# what all tenants are read against
SHARED = re.compile(r"exchange_rate|'channel_rule'")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("dbt")
    result = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "parse", "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT), "--target-path", str(target), "--log-path", str(target),
        ],
        env={**os.environ, "DO_NOT_TRACK": "1"}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "deprecat" not in result.stdout.lower()
    read: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return read


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def marts(models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: node for name, node in models.items() if node["schema"] == "marts"}


def parents_of_test(manifest: dict[str, Any], name: str) -> set[str]:
    node = next(n for n in manifest["nodes"].values() if n["name"] == name)
    return {parent.rsplit(".", 1)[1] for parent in node["depends_on"]["nodes"]}


def keyed_models(manifest: dict[str, Any]) -> set[str]:
    return {
        node["attached_node"].rsplit(".", 1)[1]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "tenant_key"
    }


def test_no_python_under_dbt() -> None:
    assert [str(path) for path in PROJECT.rglob("*.py")] == []


def test_every_model_names_the_tenant_first(models: dict[str, dict[str, Any]]) -> None:
    wrong = {name for name, node in models.items() if next(iter(node["columns"]), None) != "tenant_id"}
    assert wrong == TENANTLESS


def test_every_models_sql_begins_with_the_tenant(models: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for name, node in models.items():
        if name in TENANTLESS:
            continue
        selected = re.findall(r"^select\n\s+(?:\w+\.)?(\w+)", node["raw_code"], re.MULTILINE)
        if any(column != "tenant_id" for column in selected):
            wrong.append(name)
    assert wrong == []


def test_no_model_can_hold_a_row_without_its_tenant(
    manifest: dict[str, Any], models: dict[str, dict[str, Any]]
) -> None:
    staged = {name for name, node in models.items() if node["schema"] == "staging"}
    assert staged - {"stg_operational__tenants"} <= parents_of_test(manifest, STAGING_TENANCY)
    built_from_raw = set(models) - staged
    unkeyed = built_from_raw - keyed_models(manifest) - TENANTLESS
    assert unkeyed == set()


def test_every_mart_has_an_enforced_contract_that_forbids_a_missing_tenant(marts: dict[str, dict[str, Any]]) -> None:
    assert len(marts) >= 21
    for name, node in marts.items():
        assert node["config"]["contract"]["enforced"], name
        assert {"type": "not_null"}.items() <= node["columns"]["tenant_id"]["constraints"][0].items(), name
        assert all(column["description"] and column["data_type"] for column in node["columns"].values()), name


def test_every_mart_is_owned_granted_secured_and_begins_with_its_grain(marts: dict[str, dict[str, Any]]) -> None:
    for name, node in marts.items():
        config = node["config"]
        assert config["meta"]["owner"], name
        assert config["group"], name
        assert node["description"].startswith("One row per tenant"), name
        assert set(config["grants"]["select"]) == {"tekup_reader", "tekup_app", "tekup_pipeline"}, name
        assert config["materialized"] == ("table" if name not in SHOWN_AT_ONCE else "view"), name


def test_every_relation_comes_from_the_one_materialization_or_is_a_secured_view(
    manifest: dict[str, Any], models: dict[str, dict[str, Any]]
) -> None:
    guarded = manifest["macros"]["macro.tekup.materialization_table_postgres"]["macro_sql"]
    assert guarded.index("tenant_table__replace") > 0
    for name, node in models.items():
        made = node["config"]["materialized"]
        is_view = node["schema"] == "staging" or name in SHOWN_AT_ONCE
        assert made in (("view",) if is_view else ("table", "ephemeral")), name
    others = [node for node in manifest["nodes"].values() if node["resource_type"] in ("seed", "snapshot")]
    for node in [*others, *(node for node in models.values() if node["config"]["materialized"] == "view")]:
        hooks = [hook for hook in node["config"]["post-hook"] if "ops.secure_relation" in hook["sql"]]
        assert hooks, node["name"]
        assert all(hook["transaction"] for hook in hooks), node["name"]


def test_every_table_has_a_key_and_indexes_that_begin_with_the_tenant(models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        if node["config"]["materialized"] == "table":
            indexes = node["config"]["indexes"]
            assert [index for index in indexes if index.get("unique")], name
            first = "tenant_id" if name != "int_exchange_rate_daily" else "currency"
            assert all(index["columns"][0] == first for index in indexes), name


def test_every_delta_names_its_keys_and_finds_the_changes_of_what_it_reads(models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        code, meta = node["raw_code"], node["config"]["meta"]
        assert ("delta_key" in meta) == ("call changed_keys()" in code) == ("is_changed(" in code), name
        assert meta.get("delta_key", ["tenant_id"])[0] == "tenant_id", name
        assert meta.get("change_log", ["tenant_id"])[0] in ("tenant_id", "currency"), name
        named = re.findall(r"(?:keys|tenants)_of_changes\(\s*\[(.*?)\]", code, re.S)
        for read in re.findall(r"changes\(ref\('(\w+)'\)", code) + re.findall(r"'(\w+)'", " ".join(named)):
            assert read.startswith("stg_") or models[read]["config"]["meta"].get("change_log"), f"{name}: {read}"


CAST = re.compile(r"""\{\{ (?:try_\w+|stripe_cents)\(.*?\) \}\}.*?\bas (\w+)(?:,|\n)""", re.DOTALL)


def test_no_stream_and_no_value_that_is_typed_can_be_left_out_of_the_rejects(
    manifest: dict[str, Any], models: dict[str, dict[str, Any]]
) -> None:
    """A staging view that casts keeps what can't be cast, column by column, and `fct_reject` reads it."""
    reads = {parent.rsplit(".", 1)[1] for parent in models["fct_reject"]["depends_on"]["nodes"]}
    vendors = {
        name: node["raw_code"]
        for name, node in models.items()
        if node["schema"] == "staging" and not name.startswith("stg_operational__")
    }
    assert len(vendors) > 40
    # labels that are no list are no labels; these views take nothing else from a payload
    typed = {name for name, code in vendors.items() if "payload" in code} - {"stg_hubspot__associations"}
    assert typed - reads == set()
    missing = []
    for name in typed:
        code, _, kept = vendors[name].partition("{{ rejects(")
        assert kept, name
        told = set(re.findall(r"\['(\w+)', ", kept.partition("]) }}")[0]))
        missing += [f"{name}: {column}" for column in set(CAST.findall(code)) - told]
    assert missing == []


def test_every_mart_has_an_exposure(manifest: dict[str, Any], marts: dict[str, dict[str, Any]]) -> None:
    exposed = {
        node.rsplit(".", 1)[1]
        for exposure in manifest["exposures"].values()
        for node in exposure["depends_on"]["nodes"]
    }
    assert set(marts) - exposed == set()


def test_every_join_of_models_is_on_the_tenant(models: dict[str, dict[str, Any]]) -> None:
    joins = re.compile(
        r"join \{\{ (?:ref|source)\(([^)]*)\) \}\} as (\w+)"
        r"(.*?)(?=\n\S|\n    (?:left|inner|where|cross)|\Z)",
        re.DOTALL,
    )
    wrong = []
    for name, node in models.items():
        for target, alias, condition in joins.findall(node["raw_code"]):
            if name not in TENANTLESS and not SHARED.search(target) and f"{alias}.tenant_id = " not in condition:
                wrong.append(f"{name}: {target}")
    assert wrong == []


def test_only_what_needs_scores_or_credit_waits_for_them(models: dict[str, dict[str, Any]]) -> None:
    late = {name for name, node in models.items() if "after_models" in node["config"]["tags"]}
    reads_ml = {
        name for name, node in models.items() if any(".ml." in parent for parent in node["depends_on"]["nodes"])
    }
    assert late == reads_ml | {"fct_channel_performance_monthly"} == {
        "fct_lead_score", "fct_attribution_credit", "fct_attribution_daily", "fct_attribution_campaign",
        "dim_lead_enrichment", "fct_channel_performance_monthly", "fct_lead_score_history", "fct_model_drift",
        "fct_model_quality", "fct_lead_prediction", "fct_subscription_churn",
    }  # fmt: skip


def test_the_api_reads_columns_that_the_contracts_have(marts: dict[str, dict[str, Any]]) -> None:
    from serving.models.warehouse import metadata

    read = [table for table in metadata.tables.values() if table.schema == "marts"]
    assert read
    for table in read:
        contract = {name: column["data_type"] for name, column in marts[table.name]["columns"].items()}
        for column in table.columns:
            kind = column.type.compile(dialect=postgresql.dialect()).lower()
            wanted = kind.replace("float(53)", "double precision")
            assert contract.get(column.name) == wanted, f"{table.name}.{column.name}"


def test_the_catalogue_lists_each_mart_with_its_grain(marts: dict[str, dict[str, Any]]) -> None:
    catalogue = (ROOT / "docs" / "data" / "marts.md").read_text()
    for name, node in marts.items():
        grain = re.sub(r"\s+", " ", node["description"]).split(". ")[0].rstrip(".")
        assert f"| `{name}` | {grain}. |" in catalogue, name
    assert set(re.findall(r"^\| `(\w+)` \|", catalogue, re.MULTILINE)) == set(marts)
