"""The event log that keeps its connections: the same files as Dagster's own, whatever comes and goes beneath it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from pipelines.resources.event_log import KeptConnections
from tests.paths import ROOT


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        yield instance


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3})


def materialize(instance: dg.DagsterInstance) -> str:
    return dg.materialize([counted], instance=instance).run_id


def stored(log: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [entry.dagster_event_type.value for entry in log.get_logs_for_run(run_id) if entry.dagster_event_type]


def test_dagsters_own_class_reads_what_it_wrote(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    kept = instance.event_log_storage
    assert isinstance(kept, KeptConnections)
    run_id = materialize(instance)
    own = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    own.register_instance(instance)
    events = stored(own, run_id)
    assert events == stored(kept, run_id)
    assert {"ASSET_MATERIALIZATION", "PIPELINE_SUCCESS"} <= set(events)
    record = instance.get_latest_materialization_event(counted.key)
    assert record is not None
    assert record.run_id == run_id


def test_more_runs_than_are_kept_open_are_all_there(instance: dg.DagsterInstance) -> None:
    run_ids = [materialize(instance) for _ in range(6)]
    assert all("PIPELINE_SUCCESS" in stored(instance.event_log_storage, run_id) for run_id in run_ids)  # type: ignore[arg-type]
    open_files = instance.event_log_storage._engines  # type: ignore[attr-defined]
    assert len(open_files) == 4


def test_a_run_whose_file_was_removed_has_no_events_and_stops_no_other(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    gone, other = materialize(instance), materialize(instance)
    for file in (tmp_path / "history" / "runs").glob(f"{gone}.db*"):
        file.unlink()
    assert stored(instance.event_log_storage, gone) == []  # type: ignore[arg-type]
    assert "PIPELINE_SUCCESS" in stored(instance.event_log_storage, other)  # type: ignore[arg-type]


def test_wiped_it_begins_anew(instance: dg.DagsterInstance) -> None:
    materialize(instance)
    instance.event_log_storage.wipe()
    assert instance.get_latest_materialization_event(counted.key) is None
    materialize(instance)
    assert instance.get_latest_materialization_event(counted.key) is not None
