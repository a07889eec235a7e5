"""Who imports whom inside the dashboards: queries and charts know no Streamlit, nobody knows the API's code."""

import ast

from tests.paths import ROOT

FOLDER = ROOT / "dashboards"


def imported(folder: str) -> set[str]:
    """Modules that the files of a folder (or the whole) import."""
    found: set[str] = set()
    for path in (FOLDER / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def begins(modules: set[str], *prefixes: str) -> set[str]:
    return {module for module in modules if module.split(".")[0] in prefixes or module.startswith(prefixes)}


def test_queries_know_no_streamlit_and_nothing_above_them() -> None:
    assert not begins(
        imported("queries"), "streamlit", "altair", "dashboards.app", "dashboards.charts", "dashboards.cache"
    )


def test_charts_know_no_streamlit_and_no_database() -> None:
    assert not begins(
        imported("charts"), "streamlit", "tekup", "psycopg", "dashboards.queries", "dashboards.app", "dashboards.cache"
    )


def test_the_dashboards_know_neither_serving_nor_pipelines() -> None:
    assert not begins(imported("."), "serving", "pipelines", "fastapi", "starlette", "dagster")


def test_pages_read_through_the_cache() -> None:
    assert not begins(imported("app_pages"), "dashboards.queries.reader", "tekup.db", "psycopg")


def test_there_is_no_folder_called_pages() -> None:
    assert not list(FOLDER.rglob("pages"))
