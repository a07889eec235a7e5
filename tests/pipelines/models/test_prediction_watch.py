"""Deal value, time to conversion and churn watched for two tenants with the same ids."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import dagster as dg
import pytest

from pipelines.defs.scoring.sensors import retrain_on_drift
from pipelines.models import (
    looks,
    model_records,
    prediction_batch,
    prediction_training,
    prediction_watch,
    predictions,
)
from pipelines.models.looks import Watched
from pipelines.models.predictions import DEFINITIONS, Definition
from pipelines.models.score_evidence import erase_leads, erase_subscriptions
from pipelines.resources.platform import Platform
from scoring import LeadModel, boosting
from scoring.calibration import Calibrator
from scoring.duration import DurationModel
from scoring.promotion import Decision
from scoring.value import ValueModel
from tekup.db import Database, Doors
from tekup.directory.tenants import Tenant
from tests.fixtures.database import TwoTenants
from tests.pipelines.models import prediction_world
from tests.pipelines.models.prediction_world import LEADS_A_DAY, START, Turn

# three models are taught on the way
pytestmark = pytest.mark.timeout(1_800)

TAUGHT, WEEKS, SETTLED, ENDED = 240, 4, 363, 489
LEAST = 50
TURNS = {
    "deal_value": Turn(since=SETTLED + 1, worth=2.0),
    "conversion_time": Turn(since=SETTLED + 1, wait=10.0),
    "subscription_churn": Turn(since=SETTLED + 1, churn=2.0),
}
"""By kind, what tenant a's world turns into: deals are worth twice as much, leads wait long, customers leave."""
WATCHED = ("model_teaching", "model_reference", "model_drift", "model_outcome", "model_quality", "model_version")


@dataclass
class Course:
    """Two tenants, a good model and a spoilt one of one kind, and what the first watch found."""

    platform: Platform
    a: Tenant
    b: Tenant
    definition: Definition[Any]
    good: str = ""
    spoilt: str = ""
    first: Watched | None = None

    @property
    def given(self) -> str:
        return f"ml.{self.definition.told.key.removesuffix('_id')}_prediction_given"

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            return connection.execute(query.encode(), values).fetchall()

    def write(self, day: int, turn: Turn | None = None) -> None:
        prediction_world.write(self.platform, self.a, 1, day, turn)
        prediction_world.write(self.platform, self.b, 2, day)

    def pass_weeks(self, from_day: int, turn: Turn | None = None) -> None:
        for week in range(1, WEEKS + 1):
            self.write(from_day + 7 * week, turn)
            prediction_batch.predict_all(self.platform, self.definition)

    def watch(self) -> Watched:
        return prediction_watch.watch(self.platform, self.definition)

    def forget(self) -> None:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
            for table in (f"ml.{self.definition.told.table}", self.given, *(f"ml.{name}" for name in WATCHED)):
                connection.execute(f"delete from {table}".encode())


def _spoil(model: Any) -> Any:
    """The same model, sure of too much."""
    if isinstance(model, ValueModel):
        return replace(model, factor=3 * model.factor)
    if isinstance(model, DurationModel):
        return replace(model, hazard=_spoil(model.hazard))
    assert isinstance(model, LeadModel)
    return replace(model, calibrator=Calibrator("platt", 1.0, 2.0))


@pytest.fixture(scope="module", params=DEFINITIONS, ids=lambda d: d.kind.name)
def course(
    request: pytest.FixtureRequest, doors: Doors, two_tenants: TwoTenants, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Course]:
    folder = tmp_path_factory.mktemp("watched")
    settings = doors.settings.model_copy(
        update={"models_url": str(folder / "models"), "lake_url": str(folder / "lake")}
    )
    made = Course(Platform(settings), two_tenants.a, two_tenants.b, request.param)
    made.platform.tenants = lambda: [two_tenants.a, two_tenants.b]  # type: ignore[method-assign]  # others' tenants stay out
    made.forget()
    registry, kind = made.platform.registry_of(made.definition.kind), made.definition.kind.name
    with pytest.MonkeyPatch.context() as small:
        for module, name, number in (
            (predictions, "_BUDGET", 1),
            (boosting, "MAX_ROUNDS", 40),
            (model_records, "LEAST_REFERENCE", LEAST),
            (looks, "LEAST_BATCH", LEAST),
            (prediction_watch, "LEAST_SHADOW", 2 * LEAST),
        ):
            small.setattr(module, name, number)
        made.write(TAUGHT)
        made.good = prediction_training.train(made.platform, made.definition).version
        made.spoilt = registry.publish(_spoil(registry.load(made.good)), probe=_spoil(registry.load_probe(made.good)))
        model_records.record_version(made.platform, made.spoilt, metrics={}, provenance={}, decision={}, kind=kind)
        registry.challenge(made.spoilt, by="test")
        made.pass_weeks(TAUGHT)
        made.write(SETTLED)
        made.first = made.watch()
        yield made
    made.forget()


def test_new_rows_are_kept_once_with_what_champion_and_challenger_said(course: Course) -> None:
    key = course.definition.told.key
    found = course.rows(
        f"select tenant_id, model_version, count(*), count(distinct {key}) from {course.given} group by 1, 2"
    )
    assert {row[:2] for row in found} == {
        (tenant.id, version) for tenant in (course.a, course.b) for version in (course.good, course.spoilt)
    }
    for _, _, rows, keys in found:
        assert rows == keys
        if key == "lead_id":
            assert rows == LEADS_A_DAY * 7 * WEEKS, "those that were won before their first night are there too"


def test_what_came_is_judged_by_tenant_and_version_in_whole_cohorts(course: Course) -> None:
    measure = "gamma_deviance" if course.definition.kind.name == "deal_value" else "log_loss"
    query = "select tenant_id, model_version, value, lead_count, won_count, matured_until from ml.model_outcome"
    found = {row[:2]: row[2:] for row in course.rows(f"{query} where metric = %s", measure)}
    assert len(found) == 4
    for tenant in (course.a, course.b):
        good, rows, events, until = found[tenant.id, course.good]
        spoilt, same_rows, _, _ = found[tenant.id, course.spoilt]
        assert rows == same_rows >= 60
        assert 0 < events <= rows
        assert good < spoilt
        assert until < START + timedelta(days=TAUGHT + 7 * WEEKS + 1)


def test_nothing_alarms_while_all_stays_as_it_was_and_each_row_is_looked_at_once(course: Course) -> None:
    assert course.first is not None
    assert (course.first.looks, course.first.alarms) == (6, ()), "rows, forecasts and calibration of both tenants"
    assert course.watch().looks == 0


def test_the_shadow_dismisses_what_is_surely_worse_and_promotes_what_is_surely_better(course: Course) -> None:
    """The same predictions of new rows, with the parts of champion and challenger changed over."""
    registry = course.platform.registry_of(course.definition.kind)

    def standing(decision: Decision | None) -> tuple[str | None, str | None, str | None]:
        return decision and decision.outcome, registry.live_version(), registry.challenger_version()

    assert course.first is not None
    assert standing(course.first.decision) == ("reject", course.good, None)
    registry.promote(course.spoilt, by="test")
    registry.challenge(course.good, by="test")
    assert standing(course.watch().decision) == ("promote", course.good, None)
    assert registry.history()[-1]["by"] == "shadow"
    assert course.rows("select model_version from ml.model_version where is_live") == [(course.good,)]


@pytest.fixture(scope="module")
def turned(course: Course) -> Watched:
    """What the watch finds once tenant a's world has changed; tenant b's has not."""
    turn = TURNS[course.definition.kind.name]
    course.pass_weeks(SETTLED, turn)
    course.write(ENDED, turn)
    return course.watch()


def test_predictions_that_no_longer_hold_alarm_for_the_tenant_whose_world_changed(
    course: Course, turned: Watched
) -> None:
    assert {(alarm.tenant, alarm.subject) for alarm in turned.alarms} == {(course.a.domain, "calibration")}


def test_the_alarm_asks_for_a_training_of_that_kind_alone(course: Course, turned: Watched) -> None:
    @dg.op
    def train() -> None: ...

    @dg.job(name="train_and_score")
    def train_and_score() -> None:
        train()

    repository = dg.Definitions(jobs=[train_and_score], sensors=[retrain_on_drift]).get_repository_def()
    context = dg.build_sensor_context(resources={"platform": course.platform}, repository_def=repository)
    (asked,) = retrain_on_drift.evaluate_tick(context).run_requests or []
    assert asked.run_key is not None
    assert asked.run_key.startswith(f"{course.good}:")
    kind = course.definition.kind.name
    models, batch, watch = [key.path for key in asked.asset_selection or []]
    assert (models, batch[0], watch) == (["models", kind], "scores", ["watch", kind])
    assert asked.tags["drifting_tenants"] == "1"


def test_the_training_that_an_alarm_asks_for_wins_only_by_beating_the_champion(course: Course) -> None:
    registry = course.platform.registry_of(course.definition.kind)
    registry.promote(course.spoilt, by="test")
    trained = prediction_training.train(course.platform, course.definition, by="retraining on drift")
    assert trained.decision.outcome == "promote", trained.decision.why
    assert trained.decision.findings[0].rule == "quality"
    assert (trained.decision.findings[0].observed or 0.0) < 0
    switches = [entry for entry in registry.history() if entry["action"] == "promote"]
    assert (switches[-1]["version"], switches[-1]["by"]) == (trained.version, "retraining on drift")


def test_what_was_predicted_of_a_person_goes_with_the_person(course: Course) -> None:
    key = course.definition.told.key
    query = (
        f"select {key} from {course.given} group by 1 having count(distinct tenant_id) = 2 order by {key}::text limit 1"
    )
    ((gone,),) = course.rows(query)
    kept = f"select tenant_id, count(*) from {course.given} where {key} = %s group by 1"
    before = dict(course.rows(kept, gone))
    assert set(before) == {course.a.id, course.b.id}
    with course.platform.warehouse(course.a.id) as connection:
        erased = erase_leads(connection, [gone]) if isinstance(gone, UUID) else erase_subscriptions(connection, [gone])
    assert erased[course.given] == before[course.a.id]
    assert dict(course.rows(kept, gone)) == {course.b.id: before[course.b.id]}
