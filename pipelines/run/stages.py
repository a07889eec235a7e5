"""The stages of the main job as Dagster jobs, each skipped where its inputs did not change."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from psycopg.types.json import Jsonb

from pipelines.partitions import TENANTS
from pipelines.quality.verdicts import held_tenants
from pipelines.resources.dbt_project import profile_environment, project_fingerprint
from pipelines.resources.platform import Platform
from pipelines.sync.exchange_rates import rates_version
from tekup.db import Database
from tekup.directory.tenants import Tenant

_PROJECT = Path(__file__).resolve().parents[2]
_PACKAGES = ("scoring", "attribution", "pipelines/models")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one Dagster run ended, and its first failure in words."""

    succeeded: bool
    failures: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    warned_checks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """A job over all tenants, and what its result depends on."""

    name: str
    job: str
    depends_on: Callable[[Platform], str]


def prepare_instance(home: Path) -> None:
    """Give Dagster a state folder under ``home`` with the project's tracked settings, and turn its telemetry off."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_PROJECT / "dagster.yaml", folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "100")  # an event alone costs several commits to SQLite
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"


class Runner:
    """Runs jobs of the code location in this process, their chatter in a log file."""

    def __init__(self, platform: Platform, instance: dg.DagsterInstance) -> None:
        # the definitions parse dbt's project, for the address at which it will be built
        os.environ.update(profile_environment(platform.doors))
        from pipelines.definitions import defs

        self._platform = platform
        self._instance = instance
        self._definitions = defs()
        self._log = platform.settings.home_path / "logs" / "run.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)

    def sync_partitions(self, tenants: list[Tenant]) -> None:
        """Make the tenant partitions equal to the tenants."""
        known = set(self._instance.get_dynamic_partitions(TENANTS))
        wanted = {tenant.domain for tenant in tenants}
        self._instance.add_dynamic_partitions(TENANTS, sorted(wanted - known))
        for gone in sorted(known - wanted):
            self._instance.delete_dynamic_partition(TENANTS, gone)

    def run(self, job: str, *, partition: str | None = None) -> Outcome:
        """Run a job to its end and say how it went; its events stay in the instance for the UI."""
        tags = {"tenant": partition} if partition else {}
        with self._quiet():
            result = self._definitions.resolve_job_def(job).execute_in_process(
                instance=self._instance,
                partition_key=partition,
                raise_on_error=False,
                tags=tags,
                run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            )
        failures = [_first_cause(event) for event in result.all_node_events if event.is_step_failure]
        failed: list[str] = []
        warned: list[str] = []
        for evaluation in result.get_asset_check_evaluations():
            if not evaluation.passed:
                is_error = evaluation.severity is dg.AssetCheckSeverity.ERROR or _is_dbts(evaluation)
                told = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
                (failed if is_error else warned).append(told)
        return Outcome(result.success, failures, failed, warned)

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        with self._log.open("a") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            yield


def _is_dbts(evaluation: dg.AssetCheckEvaluation) -> bool:
    """Whether dbt ran the check; all its tests are errors, which it is only asked not to stop at."""
    return "unique_id" in evaluation.metadata


def _first_cause(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip().splitlines()[0] if error is not None else event.step_key or "failed"


def is_current(platform: Platform, stage: str, fingerprint: str) -> bool:
    """Whether the stage's last result was built from just these inputs."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="state of a stage") as connection:
        row = connection.execute("select fingerprint from ops.stage_state where stage = %s", (stage,)).fetchone()
    return row == (fingerprint,)


def remember(platform: Platform, stage: str, fingerprint: str, detail: dict[str, object] | None = None) -> None:
    """Store what the stage was built from, once it is whole."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="state of a stage") as connection:
        connection.execute(
            "insert into ops.stage_state (stage, fingerprint, detail) values (%s, %s, %s) "
            "on conflict (stage) do update set fingerprint = excluded.fingerprint, detail = excluded.detail, "
            "finished_at = now()",
            (stage, fingerprint, Jsonb(detail or {})),
        )


def data_fingerprint(platform: Platform) -> str:
    """Changes when a pull changed a row of any tenant, or a tenant came or went."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="revisions of all streams") as connection:
        rows = connection.execute(
            "select tenant_id::text, vendor, stream, revision from ops.sync_cursor order by 1, 2, 3"
        ).fetchall()
    return _hash(rows)


def build_fingerprint(platform: Platform) -> str:
    """Changes with the data, the exchange rates or anything that dbt reads."""
    return _hash([data_fingerprint(platform), rates_version(platform.doors), project_fingerprint()])


def model_fingerprint(platform: Platform) -> str:
    """Changes with the marts, with who is held by a check, or with the code of models."""
    held = sorted(str(tenant_id) for tenant_id in held_tenants(platform))
    return _hash([build_fingerprint(platform), held, _code_fingerprint()])


STAGES = (
    Stage("build", "build_marts", build_fingerprint),
    Stage("gate", "gate_marts", build_fingerprint),
    Stage("extract", "extract_to_lake", model_fingerprint),
    Stage("train", "train_models", model_fingerprint),
    Stage("score", "score_rows", model_fingerprint),
    Stage("attribute", "attribute_channels", model_fingerprint),
    Stage("publish", "publish", model_fingerprint),
    Stage("check", "check_marts", model_fingerprint),
)
"""After the pull, in this order; a stage that fails stops those after it."""


def _code_fingerprint() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted((_PROJECT / package).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
