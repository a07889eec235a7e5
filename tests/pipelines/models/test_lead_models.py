"""A lead model's life for two tenants with the same lead ids: taught, challenged, watched, rolled back, erased."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.commands import model as model_command
from pipelines.defs.scoring.sensors import retrain_on_drift
from pipelines.models import lead_features, lead_scores, lead_training, lead_watch, model_records
from pipelines.models.score_evidence import erase_leads
from pipelines.resources.platform import Platform
from scoring.promotion import Decision, Evidence, Finding
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant
from tekup.ids import derived_uuid
from tests.fixtures.database import TwoTenants
from tests.pipelines.models import lead_world

ML = (
    "lead_score", "lead_score_history", "lead_score_input", "lead_score_shadow", "model_teaching", "model_reference",
    "model_drift", "model_outcome", "model_quality", "model_version",
)  # fmt: skip
DAYS, GROWN, MATURE, LAST = 200, 235, 332, 400
PLAIN = 60
"""So many of the first leads' outcomes are known when the first model is taught."""


@dataclass
class Life:
    """Two tenants, their extracts, and the means to look at what became of them."""

    platform: Platform
    a: Tenant
    b: Tenant

    def write(self, days: int, **told: Any) -> None:
        for seed, tenant in ((1, self.a), (2, self.b)):
            frame = lead_world.make(str(tenant.id), seed, days, **told)
            self.platform.lake.write(tenant.id, "lead_features", frame)

    def pass_weeks(self, first_day: int, last_day: int) -> None:
        """A week's leads come and are scored, again and again."""
        for day in range(first_day, last_day + 1, 7):
            self.write(day, known_until=day)
            lead_scores.score_all(self.platform)

    def count(self, query: str, *values: object) -> Any:
        return self.rows(query, *values)[0][0]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            return connection.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def life(doors: Doors, two_tenants: TwoTenants, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    settings = doors.settings.model_copy(
        update={"models_url": str(folder / "models"), "lake_url": str(folder / "lake")}
    )
    made = Life(Platform(settings), two_tenants.a, two_tenants.b)
    made.platform.tenants = lambda: [two_tenants.a, two_tenants.b]  # type: ignore[method-assign]  # others' tenants stay out
    _forget(made)  # other tests of this process score leads of the same tenants
    yield made
    _forget(made)


def _forget(life: Life) -> None:
    with life.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
        for table in ML:
            connection.execute(f"delete from ml.{table}".encode())
        own = [UUID(lead_world.lead_id(number)) for number in range(PLAIN)]
        connection.execute("delete from raw_operational.leads where id = any(%s)", (own,))
        connection.execute(
            "delete from raw_operational.lead_feedback where tenant_id = any(%s)", ([life.a.id, life.b.id],)
        )


def say_words(life: Life) -> None:
    """Words on leads that have the same ids in both tenants; which of them an outcome bears out is known here."""
    of_a = life.platform.lake.read(life.a.id, "lead_features")
    assert of_a is not None
    known = of_a.head(PLAIN)
    lost, won = (known.filter(is_won_90d=outcome)["lead_id"] for outcome in (0, 1))
    young = of_a.filter(pl.col("is_won_90d").is_null())["lead_id"][-1]
    words = (
        (life.a, lost[0], "agree", 1), (life.a, lost[0], "too_high", 2),
        (life.a, lost[1], "too_high", 1), (life.a, lost[1], "agree", 2),
        (life.a, lost[2], "too_high", 9),
        (life.a, won[0], "too_low", 1), (life.a, won[1], "too_high", 1), (life.a, young, "too_low", 1),
        (life.b, young, "too_high", 1),
    )  # fmt: skip
    for number, (tenant, lead, verdict, day) in enumerate(words):
        with life.platform.warehouse(tenant.id) as connection:
            connection.execute(
                "insert into raw_operational.lead_feedback (tenant_id, id, lead_id, verdict, given_at, changed_xid) "
                "values (%s, %s, %s, %s, %s, '1')",
                (tenant.id, derived_uuid("word", number), lead, verdict, lead_world.START + timedelta(days=day)),
            )
    with life.platform.warehouse(life.a.id) as connection:
        connection.execute(
            "insert into raw_operational.leads (tenant_id, id, status, lost_at, changed_xid) "
            "values (%s, %s, 'lost', %s, '1')",
            (life.a.id, lost[2], lead_world.START + timedelta(days=5)),
        )


@pytest.fixture(scope="module")
def first(life: Life) -> str:
    """The first model, taught on day 200 and made live; every lead scored once."""
    life.write(DAYS, known_until=DAYS)
    say_words(life)
    trained = lead_training.train(life.platform, by="test")
    assert trained.decision.outcome == "promote"
    assert trained.decision.why == "there is no champion yet"
    done = lead_scores.score_all(life.platform)
    assert {one.scored for one in done.values()} == {DAYS * lead_world.PER_DAY}
    inside = "probability between probability_low and probability_high and has_enough_data is not null"
    assert life.count(f"select count(*) from ml.lead_score where {inside}") == 2 * DAYS * lead_world.PER_DAY
    return trained.version


def test_what_it_was_made_of_is_kept(life: Life, first: str) -> None:
    told = life.platform.registry.provenance(first)
    assert told["snapshot"]["lead_count"] == 2 * DAYS * lead_world.PER_DAY
    assert len(told["snapshot"]["sha256"]) == len(told["code"]["scoring_sha256"]) == 64
    noted = {name: part for name, part in told.items() if name != "published_at"}
    assert life.rows("select is_live, is_challenger, provenance from ml.model_version") == [(True, False, noted)]
    taught = life.rows("select lead_count, won_count, probe_until < newest_lead_at from ml.model_teaching")
    assert len(taught) == 2
    assert all(0 < won < leads and early for leads, won, early in taught)
    assert life.count("select count(*) from ml.model_quality where metric = 'roc_auc' and value > 0.6") == 2


def test_words_that_outcomes_bore_out_weigh_and_each_tenants_are_counted(life: Life, first: str) -> None:
    """Hindsight, a young lead's word and the other tenant's on the same id teach nothing."""
    told = dict(life.rows("select tenant_id, feedback_count from ml.model_teaching where model_version = %s", first))
    assert told == {life.a.id: 4, life.b.id: 0}
    assert life.platform.registry.load(first).metrics["data"]["weighted"] == 2
    assert set(lead_features.read_words(life.platform).group_by("tenant_id").len().rows()) == {
        (str(life.a.id), 5),
        (str(life.b.id), 1),
    }


def test_each_score_keeps_its_inputs_reasons_and_version(life: Life, first: str) -> None:
    rows = life.rows(
        "select s.tenant_id, s.model_version, h.reasons = s.reasons, i.features, h.is_fresh from ml.lead_score as s "
        "inner join ml.lead_score_history as h using (tenant_id, lead_id, model_version) "
        "inner join ml.lead_score_input as i using (tenant_id, lead_id) "
        "where s.lead_id = %s and i.input_hash = s.input_hash and h.input_hash = s.input_hash",
        lead_world.lead_id(0),
    )
    assert {row[0] for row in rows} == {life.a.id, life.b.id}
    assert all(version == first and same and not is_fresh for _, version, same, _, is_fresh in rows)
    frame = life.platform.lake.read(life.a.id, "lead_features")
    assert frame is not None
    stored = next(features for tenant, _, _, features, _ in rows if tenant == life.a.id)
    lead = frame.row(0, named=True)
    assert stored == {name: lead[name] for name in life.platform.registry.load(first).features}


def test_a_tenant_stays_apart_by_its_settings(life: Life, first: str) -> None:
    assert lead_features.read_apart(life.platform) == ()
    try:
        for tenant, settings in ((life.a, '{"scoring": {"is_pooled": false}}'), (life.b, '{"scoring": {}}')):
            with life.platform.warehouse(tenant.id) as connection:
                connection.execute(
                    "insert into raw_operational.tenants (tenant_id, id, settings, changed_xid) "
                    "values (%s, %s, %s, '1') "
                    "on conflict (tenant_id, id) do update set settings = excluded.settings",
                    (tenant.id, tenant.id, settings),
                )
        assert lead_features.read_apart(life.platform) == (str(life.a.id),)
    finally:
        for tenant in (life.a, life.b):
            with life.platform.warehouse(tenant.id) as connection:
                connection.execute("delete from raw_operational.tenants")


def test_nothing_changed_is_nothing_scored(life: Life, first: str) -> None:
    assert {one.scored for one in lead_scores.score_all(life.platform).values()} == {0}


def test_only_leads_whose_inputs_changed_are_scored_again(life: Life, first: str) -> None:
    frame = life.platform.lake.read(life.a.id, "lead_features")
    assert frame is not None
    ids = frame["lead_id"].to_list()
    touched = frame.with_columns(
        pl.when(pl.col("lead_id").is_in(ids[:3]))
        .then(99)
        .otherwise(pl.col("touch_count_30d"))
        .alias("touch_count_30d"),
        lead_count_so_far=pl.lit(1),
    )
    life.platform.lake.write(life.a.id, "lead_features", touched)
    done = lead_scores.score_all(life.platform)
    assert (done[life.a.domain].scored, done[life.b.domain].scored) == (3, 0)
    assert life.count("select count(*) from ml.lead_score_history where tenant_id = %s", life.a.id) == len(ids) + 3
    life.platform.lake.write(life.a.id, "lead_features", frame)
    assert lead_scores.score_all(life.platform)[life.a.domain].scored == 3


def test_equal_data_teach_no_better_model_so_the_second_challenges_in_the_shadow(life: Life, first: str) -> None:
    second = lead_training.train(life.platform, seed=1)
    assert second.decision.outcome == "challenge", second.decision.why
    registry = life.platform.registry
    assert (registry.live_version(), registry.challenger_version()) == (first, second.version)
    done = lead_scores.score_all(life.platform)
    assert {one.scored for one in done.values()} == {0}
    shadowed = dict(life.rows("select tenant_id, count(*) from ml.lead_score_shadow group by 1"))
    assert shadowed == {life.a.id: 7 * lead_world.PER_DAY, life.b.id: 7 * lead_world.PER_DAY}
    third = lead_training.train(life.platform, seed=2)
    assert third.decision.outcome == "challenge"
    assert registry.challenger_version() == second.version, "a challenger keeps its place while its outcomes come"
    assert life.rows("select action, model_version, done_by from ml.model_promotion where noted_at > now() - interval "
                     "'1 hour' and model_version = any(%s) order by entry", [first, second.version]) == [
        ("promote", first, "test"), ("challenge", second.version, "training"),
    ]  # fmt: skip


def test_rollback_scores_all_with_the_version_before_and_is_written_down(life: Life, first: str) -> None:
    registry = life.platform.registry
    second = registry.challenger_version()
    assert second is not None
    registry.promote(second, by="eva", why="trial")
    assert {one.scored for one in lead_scores.score_all(life.platform).values()} == {DAYS * lead_world.PER_DAY}
    assert registry.rollback(by="eva", why="complaints") == first
    lead_scores.score_all(life.platform)
    assert life.rows("select distinct model_version from ml.lead_score") == [(first,)]
    assert life.rows("select model_version from ml.model_version where is_live") == [(first,)]
    newest = life.rows(
        "select action, done_by, reason from ml.model_promotion order by noted_at desc, entry desc limit 1"
    )
    assert newest == [("rollback", "eva", "complaints")]
    for tenant in (life.a, life.b):
        with life.platform.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            told = connection.execute(
                "select payload ->> 'model_version' from app.events where event_type = 'ModelPromoted' order by seq"
            ).fetchall()
        assert told[-2:] == [(second,), (first,)], "each tenant hears which version answers, once for each switch"
    registry.challenge(second, by="test")


@pytest.mark.parametrize("statement", ["update ml.model_promotion set done_by = 'x'", "delete from ml.model_promotion"])
def test_the_history_of_promotions_only_grows(life: Life, first: str, statement: str) -> None:
    with pytest.raises(Exception, match=r"only grows|permission denied"):
        life.rows(statement + " returning 1")


def test_outcomes_that_come_later_are_judged_whole_cohorts_at_a_time(life: Life, first: str) -> None:
    assert lead_watch.watch(life.platform).looks == 0
    assert life.count("select count(*) from ml.model_outcome") == 0
    life.pass_weeks(DAYS + 7, GROWN)
    life.pass_weeks(MATURE, MATURE)
    watched = lead_watch.watch(life.platform)
    assert watched.alarms == ()
    assert watched.looks == 6, "features, scores and calibration of both tenants"
    rows = life.rows(
        "select tenant_id, lead_count, value, matured_until from ml.model_outcome "
        "where model_version = %s and metric = 'roc_auc'", first,
    )  # fmt: skip
    assert {row[0] for row in rows} == {life.a.id, life.b.id}
    for _, leads, value, until in rows:
        assert leads == (GROWN - DAYS + 7) * lead_world.PER_DAY
        assert value > 0.6
        assert until < lead_world.START + timedelta(days=GROWN)
    assert lead_watch.watch(life.platform).looks == 0, "each lead is looked at once"


def test_a_tenant_whose_leads_change_alarms_and_the_other_does_not(life: Life, first: str) -> None:
    life.write(LAST, known_until=LAST)
    moved = lead_world.make(str(life.a.id), 1, LAST, known_until=LAST, shift=2.0, since=MATURE)
    life.platform.lake.write(life.a.id, "lead_features", moved)
    lead_scores.score_all(life.platform)
    watched = lead_watch.watch(life.platform)
    assert {(alarm.tenant, alarm.subject) for alarm in watched.alarms} == {
        (life.a.domain, "feature"),
        (life.a.domain, "score"),
    }
    assert next(alarm.names for alarm in watched.alarms if alarm.subject == "feature") == ("employee_count",)
    found = model_records.newest_alarm(life.platform)
    assert found is not None
    assert (found[0], found[2]) == (first, 1)


def test_the_alarm_asks_for_one_training_a_day_that_says_why(life: Life, first: str) -> None:
    def tick() -> Any:
        context = dg.build_sensor_context(resources={"platform": life.platform}, repository_def=_repository())
        return retrain_on_drift.evaluate_tick(context)

    (asked,) = tick().run_requests or []
    day = life.count("select max(looked_at)::date::text from ml.model_drift where name = '(all)' and is_drifting")
    assert asked.run_key == f"{first}:{day}", "the same key, however often it is asked: Dagster runs it once"
    assert asked.tags["promotes_as"] == "retraining on drift"
    assert asked.tags["drifting_tenants"] == "1"
    assert [again.run_key for again in tick().run_requests or []] == [asked.run_key]
    life.rows("update ml.model_version set is_live = false returning 1")
    try:
        still = tick()
    finally:
        life.rows("update ml.model_version set is_live = true where model_version = %s returning 1", first)
    assert (still.run_requests, still.skip_message) == (
        [], "nothing drifts from what the live model was taught on",
    )  # fmt: skip


def _repository() -> dg.RepositoryDefinition:
    """A code location of the sensor and of the job that it asks for."""

    @dg.op
    def train() -> None: ...

    @dg.job(name="train_and_score")
    def train_and_score() -> None:
        train()

    definitions = dg.Definitions(jobs=[train_and_score], sensors=[retrain_on_drift])
    return definitions.get_repository_def()


def test_the_shadow_decides_once_it_surely_can(life: Life, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are handed the leads that both models scored when they were new, once the cohort is whole."""
    challenger = life.platform.registry.challenger_version()
    handed: list[int] = []

    def promote(evidence: Evidence, *, anytime: bool) -> Decision:
        handed.append(len(evidence.label))
        assert anytime
        assert set(evidence.slices["tenant"]) == {str(life.a.id), str(life.b.id)}
        return Decision("promote", (Finding("quality", True, None, None, "better on live leads"),))

    monkeypatch.setattr(lead_watch, "decide", promote)
    watched = lead_watch.watch(life.platform)
    assert watched.decision is not None
    assert handed == [2 * (GROWN - DAYS + 7) * lead_world.PER_DAY]
    assert life.platform.registry.live_version() == challenger
    assert life.rows("select model_version from ml.model_version where is_live") == [(challenger,)]


def test_the_command_line_lists_shows_promotes_and_rolls_back(
    life: Life, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_command, "_platform", lambda: life.platform)

    def tekup_model(*words: str) -> str:
        done = CliRunner().invoke(model_command.model, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    live = life.platform.registry.live_version()
    listed = json.loads(tekup_model("list", "--json"))
    assert [row["version"] for row in listed if row["standing"] == "live"] == [live]
    assert all(row["metrics"]["roc_auc"] > 0.5 for row in listed)
    assert f"{first}  " in tekup_model("list")
    promoted = tekup_model("promote", first, "--by", "eva", "--why", "trial")
    assert "scored 0 leads of 2 tenants" in promoted, "no night has passed since it was the live one"
    shown = tekup_model("show")
    assert f"version {first}" in shown
    assert "by eva: trial" in shown
    assert f"live: {live}" in tekup_model("rollback", "--by", "eva", "--no-score")


def test_an_erased_person_leaves_no_score_and_the_other_tenant_keeps_its_own(life: Life, first: str) -> None:
    gone = UUID(lead_world.lead_id(20))
    with life.platform.warehouse(life.a.id) as connection:
        erased = erase_leads(connection, [gone])
    assert erased["ml.lead_score"] == erased["ml.lead_score_input"] == 1
    assert erased["ml.lead_score_history"] >= 1
    for table in ("lead_score", "lead_score_history", "lead_score_input"):
        assert life.rows(f"select distinct tenant_id from ml.{table} where lead_id = %s", gone) == [(life.b.id,)]
