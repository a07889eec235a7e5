"""What the repository may hold and lean on: no secrets, no dependency that nobody uses or whose licence binds us."""

import ast
import functools
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, packages_distributions

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

from tests.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DETECTORS = [
    made()
    for made in get_mapping_from_secret_type_to_class().values()
    if issubclass(made, RegexBasedDetector) and made.__name__ != "IPPublicDetector"
]
PLACEHOLDERS = re.compile(r"user:password|USER:PASSWORD|user:secret|\{[a-z_.]+\}|%s:%s|tekup_\w+:|postgres:")
MADE_UP = {
    "tests/": "values that tests plant and look for, or vendors' own public examples",
    "integrations/sandbox/": "credentials of made-up tenants of the sandbox",
}
"""Where values in a secret's form may stand."""
STARTED_OR_LOADED = {
    "dagster-dbt": "by its component's name in defs.yaml",
    "dagster-webserver": "started as a program by `tekup serve`",
    "dbt-core": "started as a program",
    "dbt-postgres": "dbt's adapter, by the profile",
    "fastexcel": "polars reads Excel files with it",
    "great-expectations": "imported by its short name",
    "websockets": "uvicorn answers WebSockets with it",
    "xlsxwriter": "polars writes Excel files with it",
}
"""Dependencies that no import of ours names."""
PROGRAMS = {
    "import-linter": "lint-imports", "mypy": "mypy", "pgrls": "pgrls", "pytest-timeout": "timeout", "ruff": "ruff",
    "pytest-xdist": "-n 2", "sqlfluff": "sqlfluff", "flask": "moto's server", "flask-cors": "moto's server",
}  # fmt: skip
"""Development dependencies that are run."""
CHOSEN = {"text-unidecode": "Artistic License"}
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|Zlib|HPND|CC0|Public Domain|Zope|LGPL"
    r"|Lesser", re.I
)  # fmt: skip
BINDING = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|SSPL|Commons Clause|BUSL|Elastic License|Proprietary")


def tracked() -> Iterable[tuple[str, str]]:
    """Path and text of each tracked file; lock files hold hashes and nothing else."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        path = ROOT / name
        if path.is_file() and not name.startswith("requirements/") and path.suffix not in (".png", ".gz", ".svg"):
            yield name, path.read_text(errors="ignore")


def secrets_in(text: str) -> list[str]:
    """What looks like a secret, by the kinds that are known."""
    return [
        f"{detector.secret_type}: {found.group()[:40]}"
        for detector in DETECTORS
        for pattern in detector.denylist
        for found in pattern.finditer(text)
        if not PLACEHOLDERS.search(found.group())
    ]


def normal(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def locked(name: str) -> set[str]:
    """The distributions of a lock file."""
    return {normal(line) for line in (ROOT / "requirements" / name).read_text().splitlines() if re.match(r"\w", line)}


def imported(*folders: str) -> set[str]:
    """The first names of all imports in the Python files of some folders."""
    names: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {one.name.split(".")[0] for one in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names


@functools.cache
def modules() -> dict[str, set[str]]:
    """What each installed distribution can be imported as."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, names in packages_distributions().items():
        for name in names:
            found[normal(name)].add(module)
    return found


def licence_of(found: Distribution) -> str:
    """What a distribution says of its licence."""
    told = found.metadata
    classified = [one for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    return " ".join([told.get("License-Expression") or "", *classified, (told.get("License") or "")[:200]])


def test_no_tracked_file_holds_a_secret() -> None:
    found = {
        name: secrets
        for name, text in tracked()
        if not name.startswith(tuple(MADE_UP)) and (secrets := secrets_in(text))
    }
    assert found == {}


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_" + "a1B2" * 9,
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "postgresql://admin:hunter2" + "@db.example/x",
    ],
)
def test_a_secret_would_be_found(secret: str) -> None:
    assert secrets_in(f'key = "{secret}"\n')


def test_every_dependency_of_the_product_is_used() -> None:
    wanted = {normal(one) for one in PROJECT["project"]["dependencies"]}
    names = imported(*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    unused = {one for one in wanted if not modules()[one] & names}
    assert unused <= set(STARTED_OR_LOADED)
    assert set(STARTED_OR_LOADED) <= wanted


def test_every_development_dependency_is_used() -> None:
    wanted = {normal(one) for one in PROJECT["dependency-groups"]["dev"]}
    names = imported("tests", "benchmarks", "docs", "requirements")
    assert {one for one in wanted if not modules()[one] & names} <= set(PROGRAMS) | {"dask", "distributed"}


def test_no_licence_of_what_the_product_runs_with_binds_it() -> None:
    unknown, binding, looked_at = [], [], 0
    for name in sorted(locked("run.txt")):
        try:
            licence = licence_of(distribution(name))
        except ModuleNotFoundError:
            continue  # for another platform
        looked_at += 1
        if name in CHOSEN:
            continue  # offered under several, of which we take the free one
        if BINDING.search(licence) and not PERMISSIVE.search(licence):
            binding.append(f"{name}: {licence}")
        elif not PERMISSIVE.search(licence):
            unknown.append(f"{name}: {licence}")
    assert binding == []
    assert unknown == []
    assert looked_at > 100
