"""Attribution from the extracts into the warehouse: sums at every level, only what changed, as of a moment."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl
import pytest

from pipelines.models import channel_credit
from pipelines.models.attribution_settings import MODELS
from tekup.db import Database
from tests.pipelines.models.conftest import START, Bench, make_conversions, make_touches

CREDIT = "ml.attribution_credit"


def states(bench: Bench, **options: object) -> dict[str, channel_credit.Attributed]:
    done = channel_credit.attribute_all(bench.platform, **options)  # type: ignore[arg-type]
    return {one.domain: one for one in done}


def test_each_day_and_each_model_sums_to_its_conversions_and_its_value_to_the_oere(bench: Bench) -> None:
    states(bench)
    for tenant in (bench.a, bench.b):
        converted = bench.conversions[tenant.id].with_columns(
            day=pl.col("converted_at").dt.convert_time_zone("Europe/Copenhagen").dt.date()
        )
        wanted = {
            day: (count, value)
            for day, count, value in converted.group_by("day").agg(pl.len(), pl.col("value_cents").sum()).rows()
        }
        found = bench.rows(
            f"select model, converted_date, sum(conversions), sum(value_cents) from {CREDIT} where tenant_id = %s "
            "group by 1, 2",
            tenant.id,
        )
        assert {model for model, *_ in found} == set(MODELS)
        assert len(found) == len(MODELS) * len(wanted)
        for _, day, conversions, value in found:
            assert conversions == pytest.approx(wanted[day][0], abs=1e-8)
            assert value == wanted[day][1]


def test_days_and_campaigns_of_a_channel_sum_to_the_channel(bench: Bench) -> None:
    states(bench)
    found = bench.rows(
        "select whole.conversions, whole.value_cents, parts.conversions, parts.value_cents, whole.conversions_low, "
        "whole.conversions_high, whole.value_cents_low, whole.value_cents_high from ml.attribution_channel as whole "
        "left join (select tenant_id, model, channel, currency, sum(conversions) as conversions, "
        f"sum(value_cents) as value_cents from {CREDIT} group by 1, 2, 3, 4) as parts "
        "using (tenant_id, model, channel, currency)"
    )
    assert len(found) == 2 * len(MODELS) * 5
    for conversions, value, parts, value_parts, low, high, value_low, value_high in found:
        assert parts == pytest.approx(conversions, abs=1e-8)
        assert value_parts == value
        assert low - 1e-9 <= high
        assert value_low <= value_high


def test_paths_lengths_times_and_overlaps_hold_the_same_conversions(bench: Bench) -> None:
    states(bench)
    for tenant in (bench.a, bench.b):
        total = bench.conversions[tenant.id].height
        value = bench.conversions[tenant.id]["value_cents"].sum()
        paths = bench.rows(
            "select sum(conversions), sum(value_cents), sum(null_count) from ml.attribution_path where tenant_id = %s",
            tenant.id,
        )
        assert paths[0][:2] == (total, value)
        bare = bench.rows(
            "select conversions from ml.attribution_channel where tenant_id = %s and channel = '(unattributed)' "
            "and model = 'last'",
            tenant.id,
        )[0][0]
        sums = bench.rows(
            "select measure, sum(conversions) from ml.attribution_distribution where tenant_id = %s group by 1 "
            "order by 1",
            tenant.id,
        )
        assert sums == [("lag_days", total - bare), ("path_length", total - bare)]
        chances = bench.rows(
            "select sum(probability) from ml.attribution_transition where tenant_id = %s group by source", tenant.id
        )
        assert all(chance == pytest.approx(1) for (chance,) in chances)
        overlap = bench.rows(
            "select max(conversions), min(conversions) from ml.attribution_overlap where tenant_id = %s", tenant.id
        )
        assert 0 < overlap[0][1] <= overlap[0][0] <= total - bare


def test_only_a_tenant_with_news_is_computed_again_and_equals_a_full_computation(bench: Bench) -> None:
    assert not any(one.is_unchanged for one in states(bench).values())
    assert all(one.is_unchanged for one in states(bench).values() if one.rows == 0 and one.fingerprint)
    late = pl.DataFrame(
        {
            "tenant_id": [""], "touchpoint_id": ["00000000-0000-0000-0000-00000000000f"], "person_id": ["person:1"],
            "occurred_at": [START + timedelta(hours=1)], "channel": ["email"], "kind": ["visit"], "campaign_id": [None],
        },
        schema_overrides=bench.touches[bench.a.id].schema,
    )  # fmt: skip
    bench.write(bench.a, pl.concat([bench.touches[bench.a.id], late]), make_conversions(1, count=31))
    other = bench.dump(bench.b)
    found = states(bench)
    assert (found[bench.a.domain].is_unchanged, found[bench.b.domain].is_unchanged) == (False, True)
    by_delta = bench.dump(bench.a)
    assert bench.dump(bench.b) == other
    assert not states(bench, full=True)[bench.a.domain].is_unchanged
    assert bench.dump(bench.a) == by_delta


def test_the_order_of_rows_is_no_news(bench: Bench) -> None:
    first = states(bench)
    bench.write(
        bench.a,
        bench.touches[bench.a.id].sample(fraction=1, shuffle=True, seed=3),
        bench.conversions[bench.a.id].sample(fraction=1, shuffle=True, seed=3),
    )
    again = states(bench)[bench.a.domain]
    assert again.is_unchanged
    assert again.fingerprint == first[bench.a.domain].fingerprint


def test_a_past_months_credit_is_the_same_after_later_touches_and_sales(bench: Bench) -> None:
    march = date(2026, 3, 31)
    states(bench, as_of=march)
    query = "select to_jsonb(s) - 'computed_at' from ml.attribution_snapshot as s where tenant_id = %s order by 1"
    kept = bench.rows(query, bench.a.id)
    newest = max(row["converted_date"] for (row,) in kept)
    assert newest <= "2026-03-31"
    assert bench.dump(bench.a)["attribution_credit"] == []
    touches, conversions = bench.touches[bench.a.id], bench.conversions[bench.a.id]
    later = pl.col("occurred_at") > START + timedelta(days=35)
    bench.write(
        bench.a,
        pl.concat([touches.filter(~later), touches.filter(later).with_columns(channel=pl.lit("events"))]),
        conversions.filter(pl.col("converted_at") < START + timedelta(days=35)),
    )
    assert states(bench, as_of=march)[bench.a.domain].is_unchanged
    assert bench.rows(query, bench.a.id) == kept
    bench.rows("with gone as (delete from ml.attribution_snapshot returning 1) select count(*) from gone")
    assert not states(bench, as_of=march)[bench.a.domain].is_unchanged
    assert bench.rows(query, bench.a.id) == kept


def test_settings_decide_and_a_wrong_one_costs_that_tenant_alone(bench: Bench) -> None:
    bench.choose(bench.a, {"models": ["last", "w shaped"]})
    bench.choose(bench.b, {"models": ["last"], "lookback_days": 5})
    found = states(bench)
    assert "attribution.models is 'w shaped'" in str(found[bench.a.domain].fault)
    assert bench.rows("select distinct tenant_id, model, lookback_days from ml.attribution_channel") == [
        (bench.b.id, "last", 5)
    ]
    verdicts = bench.rows(
        "select tenant_id, is_passed, observed from ops.check_result where check_name = 'attribution_settings'"
    )
    found_of = {tenant: passed for tenant, passed, _ in verdicts}
    assert (found_of[bench.a.id], found_of[bench.b.id]) == (False, True)
    bench.choose(bench.a, None)
    assert states(bench)[bench.a.domain].fault is None


def test_a_tenant_whose_sales_have_no_touch_keeps_them_unattributed(bench: Bench) -> None:
    bench.write(bench.a, make_touches(1).head(0), make_conversions(1))
    states(bench)
    found = bench.rows(
        "select distinct channel, value_cents from ml.attribution_channel where tenant_id = %s", bench.a.id
    )
    assert found == [("(unattributed)", make_conversions(1)["value_cents"].sum())]


def test_a_tenant_without_sales_has_no_credit(bench: Bench) -> None:
    bench.write(bench.a, make_touches(1), make_conversions(1).head(0))
    assert states(bench)[bench.a.domain].rows == 0
    assert bench.dump(bench.a)["attribution_channel"] == []


def test_a_conversion_window_leaves_late_sales_without_a_touch(bench: Bench) -> None:
    def attributed() -> float:
        query = (
            "select sum(conversions) from ml.attribution_channel where tenant_id = %s and model = 'last' "
            "and channel <> '(unattributed)'"
        )
        return float(bench.rows(query, bench.a.id)[0][0])

    bench.choose(bench.a, {"models": ["last"]})
    states(bench)
    whole = attributed()
    bench.choose(bench.a, {"models": ["last"], "conversion_window_days": 2})
    states(bench)
    assert 0 < attributed() < whole


def test_every_model_adds_up_over_days_and_campaigns_the_baseline_too(bench: Bench) -> None:
    models = ["custom", "participation", "markov", "incremental"]
    bench.choose(bench.a, {"models": models, "touch_weights": {"visit": 0.5}})
    assert states(bench)[bench.a.domain].left_out == {}
    sums = bench.rows(
        f"select model, sum(conversions), sum(value_cents), min(value_cents) from {CREDIT} where tenant_id = %s "
        "group by 1 order by 1",
        bench.a.id,
    )
    assert [row[0] for row in sums] == sorted(models)
    for _, conversions, value, least in sums:
        assert conversions == pytest.approx(30, abs=1e-8)
        assert value == bench.conversions[bench.a.id]["value_cents"].sum()
        assert least >= 0
    assert bench.rows(f"select 1 from {CREDIT} where channel = '(baseline)' and campaign_id is not null") == []


@pytest.fixture
def marts(bench: Bench) -> Iterator[None]:
    """The marts that some settings read, with other stages, names and labels in each tenant."""
    with bench.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test marts") as connection:
        connection.execute(
            "create table marts.fct_lead (tenant_id uuid, lead_id uuid, is_won boolean, created_at timestamptz, "
            "qualified_at timestamptz); "
            "create table marts.dim_campaign (tenant_id uuid, campaign_id uuid, campaign_name text); "
            "create table marts.fct_touchpoint (tenant_id uuid, touchpoint_id uuid, utm_source text); "
            "grant select on marts.fct_lead, marts.dim_campaign, marts.fct_touchpoint to tekup_pipeline"
        )
        for tenant, word in ((bench.a, "A"), (bench.b, "B")):
            connection.cursor().executemany(
                "insert into marts.fct_lead values (%s, %s, true, %s, %s)",
                [
                    (tenant.id, row["lead_id"], row["converted_at"] - timedelta(days=20), row["converted_at"])
                    for row in bench.conversions[tenant.id].iter_rows(named=True)
                ],
            )
            campaigns = bench.touches[tenant.id]["campaign_id"].drop_nulls().unique(maintain_order=True)[:5]
            connection.cursor().executemany(
                "insert into marts.dim_campaign values (%s, %s, %s)",
                [(tenant.id, campaign, f"{word} campaign {place}") for place, campaign in enumerate(campaigns)],
            )
            connection.cursor().executemany(
                "insert into marts.fct_touchpoint values (%s, %s, %s)",
                [(tenant.id, touch, f"{word} source") for touch in bench.touches[tenant.id]["touchpoint_id"][:200]],
            )
    yield
    with bench.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test marts") as connection:
        connection.execute("drop table marts.fct_lead, marts.dim_campaign, marts.fct_touchpoint")


@pytest.mark.usefixtures("marts")
@pytest.mark.parametrize(("unit", "names"), [("campaign", "A campaign"), ("utm_source", "A source")])
def test_another_unit_stands_in_the_place_of_the_channel(bench: Bench, unit: str, names: str) -> None:
    bench.choose(bench.a, {"unit": unit, "models": ["linear", "markov"]})
    assert states(bench)[bench.a.domain].fault is None
    found = bench.rows(
        "select channel, sum(conversions) from ml.attribution_channel where tenant_id = %s and model = 'markov' "
        "group by 1",
        bench.a.id,
    )
    assert sum(conversions for _, conversions in found) == pytest.approx(30)
    named = {channel for channel, _ in found} - {"direct", "(not set)", "(unattributed)"}
    assert named
    assert all(channel.startswith(names) for channel in named)


@pytest.mark.usefixtures("marts")
def test_models_of_stages_know_when_the_lead_was_made(bench: Bench) -> None:
    bench.choose(bench.a, {"models": ["w_shaped", "full_path"]})
    assert states(bench)[bench.a.domain].left_out == {}
    found = bench.rows(
        "select model, sum(conversions) from ml.attribution_channel where tenant_id = %s group by 1 order by 1",
        bench.a.id,
    )
    assert found == [("full_path", pytest.approx(30)), ("w_shaped", pytest.approx(30))]


def test_open_journeys_can_be_set_aside(bench: Bench) -> None:
    def nulls() -> float:
        states(bench)
        query = "select sum(null_count) from ml.attribution_path where tenant_id = %s"
        return float(bench.rows(query, bench.a.id)[0][0])

    bench.choose(bench.a, {"models": ["last"], "lookback_days": 20})
    counted = nulls()
    bench.choose(bench.a, {"models": ["last"], "lookback_days": 20, "open_journeys": "set_aside"})
    assert 0 < nulls() < counted
