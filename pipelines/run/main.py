"""The main job from an empty folder to the summary: which stage comes when, and what a failure stops."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.resources.platform import Platform, use_platform
from pipelines.run import demonstration, real_data, stages
from pipelines.run.demonstration import Demonstration
from pipelines.run.progress import Progress
from tekup.db.lint import lint_databases
from tekup.db.lint_rules import RULES
from tekup.directory.connections import list_connections
from tekup.directory.tenants import Tenant
from tekup.errors import TekupError
from tekup.settings import Settings


@dataclass(slots=True)
class Report:
    """What the run did: how long each stage took, what was skipped, what failed."""

    seconds: dict[str, float] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    warned_checks: list[str] = field(default_factory=list)
    demonstration: Demonstration | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every stage ran to its end and every blocking check passed."""
        return not self.failures and not self.failed_checks


def run(
    settings: Settings, progress: Progress, *, seed: int | None, scale: float | None, sandbox: bool | None
) -> Report:
    """Run everything that must be run again.

    ``sandbox`` None means: where no tenant has a real connection. A failure of one tenant's pull is reported and
    stops nothing; a failure of a later stage stops those after it.

    Raises:
        TekupError: another run is under way, or the set-up fails.
    """
    report = Report()
    with _alone(settings.home_path):
        platform = Platform(settings)
        with progress.stage("set up", report.seconds):
            stages.prepare_instance(settings.home_path)
            platform.doors  # noqa: B018  # starts the databases and brings their schemas up to date
        with _sources(platform, report, progress, seed, scale, sandbox) as ready:
            use_platform(ready)
            with progress.stage("real data", report.seconds) as note:
                note(real_data.load(ready))
            _work(ready, report, progress)
    return report


def _work(platform: Platform, report: Report, progress: Progress) -> None:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        runner = stages.Runner(platform, instance)
        tenants = platform.tenants()
        runner.sync_partitions(tenants)
        _pull(runner, tenants, report, progress)
        _import_rates(runner, report, progress)
        for stage in stages.STAGES:
            if not _run_stage(platform, runner, stage, report, progress):
                break
        _check_isolation(platform, report, progress)


def _check_isolation(platform: Platform, report: Report, progress: Progress) -> None:
    """Ask the catalogue, after everything that was built, whether the database keeps tenants apart."""
    with progress.stage("isolation", report.seconds) as note:
        findings = lint_databases(platform.doors)
        report.failed_checks.extend(str(finding) for finding in findings)
        note("FAILED, see `tekup db lint`" if findings else f"{len(RULES)} rules hold")


def _pull(runner: stages.Runner, tenants: list[Tenant], report: Report, progress: Progress) -> None:
    with progress.stage("pull", report.seconds) as note:
        for number, tenant in enumerate(tenants, 1):
            started = time.monotonic()
            outcome = runner.run("pull_tenant", partition=tenant.domain)
            report.failures.extend(outcome.failures)
            state = "ok" if outcome.succeeded else "FAILED"
            progress.line(f"  {number}/{len(tenants)} {tenant.name}: {state}, {time.monotonic() - started:.1f} s")
        note(f"{len(tenants)} tenants")


def _import_rates(runner: stages.Runner, report: Report, progress: Progress) -> None:
    """Without new rates the last ones serve for a week, so that the stages after this go on."""
    with progress.stage("exchange rates", report.seconds) as note:
        outcome = runner.run("import_exchange_rates")
        report.failures.extend(outcome.failures)
        if not outcome.succeeded:
            note("FAILED")


def _run_stage(
    platform: Platform, runner: stages.Runner, stage: stages.Stage, report: Report, progress: Progress
) -> bool:
    fingerprint = stage.depends_on(platform)
    if stages.is_current(platform, stage.name, fingerprint):
        report.skipped.append(stage.name)
        progress.line(f"{stage.name}: up to date")
        return True
    with progress.stage(stage.name, report.seconds) as note:
        outcome = runner.run(stage.job)
        report.failures.extend(outcome.failures)
        report.failed_checks.extend(outcome.failed_checks)
        report.warned_checks.extend(outcome.warned_checks)
        if not outcome.succeeded:
            note("FAILED")
            return False
        if not outcome.failed_checks:
            stages.remember(platform, stage.name, fingerprint)
    return True


@contextlib.contextmanager
def _sources(
    platform: Platform,
    report: Report,
    progress: Progress,
    seed: int | None,
    scale: float | None,
    sandbox: bool | None,
) -> Iterator[Platform]:
    """The platform with the sandbox beside it, where the demonstration is wanted."""
    if sandbox is None:
        sandbox = not _has_real_connection(platform)
    if not sandbox:
        yield platform
        return
    chosen = demonstration.choose_demonstration(platform.settings.home_path, seed, scale)
    report.demonstration = chosen
    fingerprint = f"{chosen.seed} {chosen.scale} {chosen.as_of}"
    if not stages.is_current(platform, "demonstration", fingerprint):
        with progress.stage("simulate", report.seconds) as note:
            note(f"{demonstration.fill(platform, chosen):,} operational rows")
            stages.remember(platform, "demonstration", fingerprint)
    with contextlib.ExitStack() as stack:
        with progress.stage("sandbox", report.seconds):
            address = stack.enter_context(demonstration.running_sandbox(platform, chosen))
        yield Platform(platform.settings, sandbox_url=address)


def _has_real_connection(platform: Platform) -> bool:
    return any(
        not connection.is_sandbox
        for tenant in platform.tenants()
        for connection in list_connections(platform.doors, tenant.id)
    )


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TekupError(
                f"another `tekup run` works in {home}", hint="wait for it to end, or set TEKUP_HOME to another folder"
            ) from None
        yield
