"""dbt as a child process of an asset, without the start-up work that an installed dbt does not need."""

import os
import shutil
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_dbt import DbtCliResource
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARSED = "partial_parse.msgpack"


class DbtProcess(DbtCliResource):
    """Dagster's dbt resource. It knows dbt's version without asking it, which takes a second, and opens no second
    connection of its own, which only row counts and column metadata by Dagster would use."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: "Sequence[str]") -> None:  # type: ignore[override]  # Dagster takes None
        return None


def keep_parsed(project_folder: Path, target: Path) -> None:
    """Let the next run begin with what this one parsed: dbt parses all anew where the database's address differs."""
    parsed, kept = target / _PARSED, project_folder / "target" / _PARSED
    if parsed.exists():
        fresh = kept.with_name(f"{_PARSED}.{os.getpid()}")
        shutil.copyfile(parsed, fresh)
        os.replace(fresh, kept)
