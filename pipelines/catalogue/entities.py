"""How the marts refer to each other, as a picture. The references are those that dbt's tests hold."""

from collections.abc import Mapping
from typing import Any

from pipelines.catalogue.pages import GENERATED

_TENANT = "dim_tenant"


def read_references(manifest: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Mart, column and the mart that the column points to, from the tests `tenant_reference`; tenants left out."""
    found = []
    for node in manifest["nodes"].values():
        if (node.get("test_metadata") or {}).get("name") != "tenant_reference":
            continue
        child = manifest["nodes"][node["attached_node"]]
        parents = [manifest["nodes"][n] for n in node["depends_on"]["nodes"] if n != node["attached_node"]]
        parent = parents[0] if parents else child
        if child["schema"] == parent["schema"] == "marts" and parent["name"] != _TENANT:
            found.append((child["name"], node["column_name"], parent["name"]))
    return sorted(found)


def read_keys(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each mart's key beside the tenant, from the tests `tenant_key`."""
    marts = {
        node["unique_id"]: node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot") and node["schema"] == "marts"
    }
    keys: dict[str, list[str]] = {name: [] for name in sorted(marts.values())}
    for node in manifest["nodes"].values():
        metadata = node.get("test_metadata") or {}
        if metadata.get("name") == "tenant_key" and node["attached_node"] in marts:
            keys[marts[node["attached_node"]]] = metadata["kwargs"]["columns"]
    return keys


def write_page(manifest: Mapping[str, Any]) -> str:
    """The entity-relationship picture, in Mermaid."""
    lines = [
        "# How the marts refer to each other",
        "",
        GENERATED,
        "",
        "Every mart belongs to a tenant: `tenant_id` is the first part of each key and of each reference; the lines to",
        "`dim_tenant` are not drawn. A line is a reference that a dbt test holds; it may be null. A mart without",
        "a line stands for itself.",
        "",
        "```mermaid",
        "erDiagram",
    ]
    columns = _column_types(manifest)
    for mart, key in read_keys(manifest).items():
        lines.append(f"    {mart} {{")
        lines.append("        uuid tenant_id PK")
        lines += [f"        {columns[mart].get(column, 'text')} {column} PK" for column in key]
        lines.append("    }")
    lines += [f"    {parent} |o--o{{ {child} : {column}" for child, column, parent in read_references(manifest)]
    lines.append("```")
    return "\n".join(lines) + "\n"


def _column_types(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Column types by mart and column; Mermaid wants one word."""
    return {
        node["name"]: {
            column["name"]: (column.get("data_type") or "text").split(" ")[0].split("(")[0]
            for column in node["columns"].values()
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot")
    }
