"""Attribution as assets: what they tell, what a bad setting does, and a data version that moves only with the data."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from pipelines.defs.attribution.assets import attribute
from pipelines.defs.attribution.schedules import monthly_attribution_snapshot
from tests.pipelines.models.conftest import Bench, bench, make_conversions, make_touches

__all__ = ["bench"]


def materialize(bench: Bench, **config: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [attribute],
        resources={"platform": bench.platform},
        run_config={"ops": {"attribution": {"config": config}}},
        raise_on_error=False,
    )


def told(result: dg.ExecuteInProcessResult) -> tuple[dict[str, Any], str]:
    events = result.asset_materializations_for_node("attribution")
    assert [event.asset_key.path[-1] for event in events] == ["credit", "channels", "paths"]
    metadata = {name: value.value for name, value in events[0].metadata.items()}
    return metadata, str((events[0].tags or {})["dagster/data_version"])


def test_the_data_version_moves_with_the_data_alone(bench: Bench) -> None:
    first, version = told(materialize(bench))
    assert first["rows_written"] > 0
    again, same = told(materialize(bench))
    assert again["rows_written"] == 0
    assert again["tenants_unchanged"] >= 2
    assert same == version
    bench.write(bench.a, make_touches(5), make_conversions(5))
    assert told(materialize(bench))[1] != version


def test_a_tenants_bad_setting_fails_the_check_and_not_the_run(bench: Bench) -> None:
    bench.choose(bench.a, {"unit": "keyword"})
    result = materialize(bench)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "attribution.unit is 'keyword'" in str(check.metadata["faults"].value[bench.a.domain])
    assert bench.dump(bench.b)["attribution_credit"]


def test_each_months_end_is_kept_once_by_the_clock(bench: Bench) -> None:
    with dg.instance_for_test() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2026, 4, 3, 4, 45, tzinfo=ZoneInfo("Europe/Copenhagen")),
        )
        (request,) = list(monthly_attribution_snapshot(context))  # type: ignore[call-overload]
    assert request.run_key == "attribution:2026-03"
    config = request.run_config["ops"]["attribution"]["config"]
    assert config == {"as_of": "2026-03-31"}
    assert told(materialize(bench, **config))[0]["rows_written"] > 0
    assert told(materialize(bench, **config))[0]["rows_written"] == 0


def test_as_of_a_day_a_snapshot_is_kept_and_a_wrong_day_is_named(bench: Bench) -> None:
    assert told(materialize(bench, as_of="2026-03-31"))[0]["rows_written"] > 0
    assert bench.rows("select count(distinct as_of) from ml.attribution_snapshot") == [(1,)]
    failed = materialize(bench, as_of="31/03/2026")
    (failure,) = [event for event in failed.all_node_events if event.is_step_failure]
    assert "as_of is '31/03/2026'" in str(failure.step_failure_data.user_failure_data.description)  # type: ignore[union-attr]
