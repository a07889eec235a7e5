"""How journeys are found in touchpoints and conversions. Crediting them is tested elsewhere."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import attribution

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def touches(*rows: tuple[object, float, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [person for person, _, _ in rows],
            "occurred_at": [day(at) for _, at, _ in rows],
            "channel": [channel for _, _, channel in rows],
            "touch_id": list(range(len(rows))),
        }
    )


def sales(*rows: tuple[object, float, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [person for person, _, _ in rows],
            "converted_at": [day(at) for _, at, _ in rows],
            "value": [value for _, _, value in rows],
            "conversion_id": [f"d{i}" for i in range(len(rows))],
        }
    )


def journeys(paths: attribution.Paths) -> dict[int, list[str]]:
    grouped = paths.touches.group_by("journey", maintain_order=True).agg("channel")
    return dict(grouped.iter_rows())


def null_paths(paths: attribution.Paths) -> list[list[str]]:
    found: list[list[str]] = paths.frame.filter(pl.col("nulls") > 0)["path"].to_list()
    return sorted(found)


class TestWindow:
    def test_a_touch_at_the_moment_of_conversion_counts_and_a_later_one_does_not(self) -> None:
        seen = touches((1, 1, "a"), (1, 5, "b"), (1, 5.001, "c"))
        paths = attribution.build_paths(seen, sales((1, 5, 10)), lookback=MONTH)
        assert journeys(paths) == {0: ["a", "b"]}

    def test_the_window_is_open_at_its_old_end(self) -> None:
        seen = touches((1, 0, "too old"), (1, 0.0001, "a"))
        paths = attribution.build_paths(seen, sales((1, 30, 10)), lookback=MONTH)
        assert journeys(paths) == {0: ["a"]}

    def test_hours_are_clock_time_to_the_conversion(self) -> None:
        paths = attribution.build_paths(touches((1, 0, "a"), (1, 1.5, "b")), sales((1, 2, 1)), lookback=MONTH)
        assert paths.touches["hours"].to_list() == [48.0, 12.0]

    def test_moments_in_another_zone_are_the_same_moments(self) -> None:
        seen = touches((1, 1, "a"), (1, 4, "b"))
        moved = seen.with_columns(pl.col("occurred_at").dt.convert_time_zone("Europe/Copenhagen"))
        naive = seen.with_columns(pl.col("occurred_at").dt.replace_time_zone(None).dt.cast_time_unit("ms"))
        sold = sales((1, 4, 1))
        results = [attribution.build_paths(frame, sold, lookback=MONTH).touches for frame in (seen, moved, naive)]
        assert results[0].equals(results[1])
        assert results[0].equals(results[2])

    def test_only_the_last_touches_are_kept_where_a_limit_is_set_and_it_is_counted(self) -> None:
        seen = touches(*((1, i / 100, "ab"[i % 2]) for i in range(50)))
        paths = attribution.build_paths(seen, sales((1, 1, 1)), lookback=MONTH, max_touches=3)
        assert journeys(paths) == {0: ["b", "a", "b"]}
        assert paths.counts["capped_journeys"] == 1


class TestSeveralConversions:
    seen = touches((1, 1, "a"), (1, 3, "b"), (1, 6, "c"))
    sold = sales((1, 2, 10), (1, 4, 20), (1, 7, 40))

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("reset", {0: ["a"], 1: ["b"], 2: ["c"]}),
            ("overlap", {0: ["a"], 1: ["a", "b"], 2: ["a", "b", "c"]}),
            ("first", {0: ["a"]}),
        ],
    )
    def test_policy_decides_which_touches_each_takes(self, policy: str, expected: dict[int, list[str]]) -> None:
        paths = attribution.build_paths(self.seen, self.sold, lookback=MONTH, policy=policy)
        assert journeys(paths) == expected
        assert paths.counts["repeat_conversions"] == (2 if policy == "first" else 0)

    def test_conversions_of_the_same_moment_share_their_touches(self) -> None:
        paths = attribution.build_paths(self.seen, sales((1, 4, 10), (1, 4, 20)), lookback=MONTH)
        assert journeys(paths) == {0: ["a", "b"], 1: ["a", "b"]}

    def test_a_conversion_right_after_another_without_a_touch_between_is_unattributed(self) -> None:
        paths = attribution.build_paths(self.seen, sales((1, 4, 10), (1, 5, 20)), lookback=MONTH)
        assert journeys(paths) == {0: ["a", "b"]}
        assert (paths.unattributed_conversions, paths.unattributed_value) == (1.0, 20.0)

    def test_first_holds_for_people_without_touches_too(self) -> None:
        sold = sales(("x", 1, 1), ("x", 2, 2), ("y", 3, 4))
        paths = attribution.build_paths(touches(("z", 1, "a")), sold, lookback=MONTH, policy="first")
        assert (paths.unattributed_conversions, paths.unattributed_value) == (2.0, 5.0)


class TestNulls:
    def test_people_who_never_convert_give_a_null_path_of_one_lookback(self) -> None:
        seen = touches((1, 0, "old"), (1, 40, "a"), (1, 60, "b"), (2, 5, "c"), (3, 1, "d"), (3, 9, "e"))
        paths = attribution.build_paths(seen, sales((3, 2, 1)), lookback=MONTH)
        assert null_paths(paths) == [["a", "b"], ["c"]]

    def test_touches_after_the_last_conversion_are_null_journeys_when_asked(self) -> None:
        seen = touches((1, 0, "a"), (1, 2, "b"), (2, 1, "c"))
        paths = attribution.build_paths(seen, sales((1, 1, 1)), lookback=MONTH, nulls="journeys")
        assert null_paths(paths) == [["b"], ["c"]]

    def test_open_windows_are_no_nulls(self) -> None:
        seen = touches((1, 0, "a"), (2, 20, "b"))
        paths = attribution.build_paths(seen, sales((9, 1, 1)), lookback=MONTH, as_of=day(40))
        assert null_paths(paths) == [["a"]]
        assert paths.counts["open_journeys"] == 1

    def test_nulls_can_be_left_out(self) -> None:
        paths = attribution.build_paths(touches((1, 0, "a")), sales((2, 1, 1)), lookback=MONTH, nulls="none")
        assert len(paths) == 0

    def test_a_run_for_the_past_does_not_see_the_future(self) -> None:
        seen, sold = touches((1, 0, "a"), (2, 1, "b")), sales((1, 2, 5))
        later_seen = pl.concat([seen, touches((1, 50, "c"), (2, 51, "d"))])
        later_sold = pl.concat([sold, sales((2, 52, 7)).with_columns(conversion_id=pl.lit("new"))])
        then = attribution.build_paths(seen, sold, lookback=MONTH, as_of=day(45))
        now = attribution.build_paths(later_seen, later_sold, lookback=MONTH, as_of=day(45))
        assert then.frame.equals(now.frame)
        assert now.counts["touches_after_as_of"] == 2
        assert now.counts["conversions_after_as_of"] == 1


class TestConversionWindow:
    seen = touches((1, 1, "a"), (1, 5, "b"), (2, 1, "c"))

    def test_a_conversion_too_long_after_the_last_touch_is_unattributed(self) -> None:
        week = timedelta(days=7)
        for late, expected in ((11.9, {0: ["a", "b"]}), (12.0, {})):
            paths = attribution.build_paths(self.seen, sales((1, late, 9)), lookback=MONTH, conversion_window=week)
            assert journeys(paths) == expected
            assert paths.counts["conversions_after_window"] == 1 - len(expected)
            assert paths.total_value == 9

    def test_a_null_journey_closes_with_the_shorter_window(self) -> None:
        for day_, closed in ((7.9, False), (8.0, True)):
            paths = attribution.build_paths(
                self.seen, sales((1, 6, 9)), lookback=MONTH, conversion_window=timedelta(days=7), as_of=day(day_)
            )
            assert null_paths(paths) == ([["c"]] if closed else [])


class TestConversionTypes:
    seen = touches((1, 1, "a"), (1, 3, "b"), (1, 6, "c"), (2, 1, "d"))
    sold = sales((1, 2, 0), (1, 4, 0), (1, 7, 40), (2, 2, 0)).with_columns(
        conversion_type=pl.Series(["lead", "lead", "deal", "lead"])
    )

    def test_each_type_has_touches_of_its_own(self) -> None:
        paths = attribution.build_paths(self.seen, self.sold, lookback=MONTH)
        assert journeys(paths) == {0: ["a"], 1: ["b"], 2: ["a", "b", "c"], 3: ["d"]}

    def test_policy_may_differ_by_type(self) -> None:
        paths = attribution.build_paths(self.seen, self.sold, lookback=MONTH, policy={"lead": "first"})
        assert journeys(paths) == {0: ["a"], 2: ["a", "b", "c"], 3: ["d"]}
        assert paths.counts["repeat_conversions"] == 1
        overlap = attribution.build_paths(self.seen, self.sold, lookback=MONTH, policy={"lead": "overlap"})
        assert journeys(overlap)[1] == ["a", "b"]

    def test_who_has_none_of_the_types_asked_for_has_a_null_journey(self) -> None:
        paths = attribution.build_paths(self.seen, self.sold, lookback=MONTH, conversion_types=["deal"])
        assert journeys(paths) == {2: ["a", "b", "c"]}
        assert null_paths(paths) == [["d"]]
        assert paths.counts["conversions_of_other_types"] == 3

    def test_order_of_rows_does_not_matter(self) -> None:
        for seed in range(3):
            mixed = self.sold.with_row_index("was").sample(fraction=1, shuffle=True, seed=seed)
            paths = attribution.build_paths(self.seen, mixed, lookback=MONTH, policy={"deal": "overlap"})
            found = {int(mixed["was"][row]): path for row, path in journeys(paths).items()}
            assert found == {0: ["a"], 1: ["b"], 2: ["a", "b", "c"], 3: ["d"]}


class TestUnit:
    seen = touches((1, 1, "ads"), (1, 2, "ads"), (1, 3, "direct")).with_columns(
        campaign=pl.Series(["spring", None, None]), utm_medium=pl.Series(["cpc", "cpc", None])
    )

    @pytest.mark.parametrize(
        ("unit", "expected"),
        [
            ("channel", ["ads", "ads", "direct"]),
            ("campaign", ["spring", "(not set)", "(not set)"]),
            (["channel", "campaign"], ["ads / spring", "ads / (not set)", "direct / (not set)"]),
            (["utm_medium", "channel"], ["cpc / ads", "cpc / ads", "(not set) / direct"]),
        ],
    )
    def test_any_column_or_combination_can_be_credited(self, unit: Any, expected: list[str]) -> None:
        paths = attribution.build_paths(self.seen, sales((1, 4, 9)), lookback=MONTH, unit=unit)
        assert journeys(paths) == {0: expected}
        assert paths.channels == tuple(sorted(set(expected)))

    def test_direct_visits_are_known_by_the_channel_within_the_unit(self) -> None:
        paths = attribution.build_paths(
            self.seen, sales((1, 4, 9)), lookback=MONTH, unit=["channel", "campaign"], direct="drop_unless_only"
        )
        assert journeys(paths) == {0: ["ads / spring", "ads / (not set)"]}

    def test_a_hundred_thousand_campaigns_are_told_apart(self) -> None:
        names = [f"campaign number {number}" for number in range(100_000)]
        seen = pl.DataFrame({"person_id": range(100_000), "occurred_at": [START] * 100_000, "campaign": names})
        sold = pl.DataFrame({"person_id": [7, 99_999], "converted_at": [START] * 2, "value": [1.0, 2.0]})
        paths = attribution.build_paths(seen.lazy(), sold, lookback=MONTH, unit="campaign")
        found = attribution.credit(paths, "last").filter(pl.col("value") > 0)
        assert found.select("channel", "value").rows() == [(names[7], 1.0), (names[99_999], 2.0)]
        assert len(paths.channels) == 100_000


class TestMoney:
    seen = touches((1, 1, "a"), (2, 1, "b"))

    def test_any_column_can_be_the_value(self) -> None:
        sold = sales((1, 2, 10)).with_columns(ltv=700)
        paths = attribution.build_paths(self.seen, sold, lookback=MONTH, value="ltv")
        assert attribution.credit(paths, "last")["value"].to_list() == [700.0, 0.0]

    def test_a_refund_is_taken_back_from_its_conversion_and_is_none_itself(self) -> None:
        sold = sales((1, 2, 100), (2, 3, 50), (1, 9, -30), (1, 20, -70), (1, 9, -5)).with_columns(
            refund_of=pl.Series([None, None, "d0", "d0", "gone"])
        )
        paths = attribution.build_paths(self.seen, sold, lookback=MONTH, as_of=day(10), nulls="none")
        found = attribution.credit(paths, "last", include_unattributed=True)
        assert found.rows()[:2] == [("a", 1.0, 70.0), ("b", 1.0, 50.0)]
        assert paths.unattributed_value == -5.0
        assert paths.total_value == 115.0
        assert (paths.counts["refunds"], paths.counts["refunds_without_conversion"]) == (2, 1)
        later = attribution.build_paths(self.seen, sold, lookback=MONTH, nulls="none")
        assert attribution.credit(later, "last")["value"].to_list() == [0.0, 50.0]

    def test_views_and_clicks_weigh_by_type(self) -> None:
        seen = touches((1, 1, "a"), (1, 2, "b"), (1, 3, "c")).with_columns(
            touch_type=pl.Series(["view", "click", "bounce"])
        )
        weights = {"view": 0.25, "bounce": 0.0}
        paths = attribution.build_paths(seen, sales((1, 4, 100)), lookback=MONTH, touch_weights=weights)
        assert attribution.credit(paths, "linear").rows() == [("a", 0.2, 20.0), ("b", 0.8, 80.0)]


class TestWindowsByType:
    def seen(self, *kinds: str) -> pl.DataFrame:
        return touches((1, 1, "a"), (1, 5, "b"), (1, 8, "c")).with_columns(touch_type=pl.Series(kinds))

    def cut(self, seen: pl.DataFrame, *sold: tuple[int, float, float], **options: Any) -> attribution.Paths:
        windows = {"view": timedelta(days=2)}
        return attribution.build_paths(seen, sales(*sold), lookback=MONTH, touch_windows=windows, **options)

    def test_a_view_counts_for_its_own_window_and_a_click_for_the_lookback(self) -> None:
        assert journeys(self.cut(self.seen("click", "view", "view"), (1, 9, 100))) == {0: ["a", "c"]}

    def test_the_window_is_open_at_its_old_end(self) -> None:
        assert journeys(self.cut(self.seen("click", "click", "view"), (1, 10, 100))) == {0: ["a", "b"]}

    def test_a_conversion_that_only_old_views_precede_is_unattributed(self) -> None:
        paths = self.cut(self.seen("view", "view", "view"), (1, 15, 100), (1, 16, 50))
        assert (len(paths.conversions), paths.unattributed_conversions, paths.unattributed_value) == (0, 2.0, 150.0)

    def test_the_conversion_window_asks_for_the_last_touch_that_counts(self) -> None:
        seen = self.seen("click", "click", "view")
        paths = self.cut(seen, (1, 11, 100), conversion_window=timedelta(days=4))
        assert paths.counts["conversions_after_window"] == 1
        assert journeys(self.cut(seen, (1, 11, 100), conversion_window=timedelta(days=7))) == {0: ["a", "b"]}

    def test_a_null_journey_keeps_its_last_touch(self) -> None:
        paths = self.cut(self.seen("click", "view", "view"), (2, 9, 100))
        assert paths.frame.filter(pl.col("nulls") > 0)["path"].to_list() == [["a", "c"]]

    def test_a_session_counts_as_long_as_its_longest_touch(self) -> None:
        paths = self.cut(self.seen("view", "click", "view"), (1, 12, 100), session_gap=timedelta(days=5))
        assert journeys(paths) == {0: ["a"]}

    def test_a_window_that_is_none_is_refused(self) -> None:
        with pytest.raises(attribution.errors.BadParameter, match="touch_windows of view"):
            attribution.build_paths(
                self.seen("view", "view", "view"), sales((1, 9, 1)), lookback=MONTH,
                touch_windows={"view": timedelta(0)},
            )  # fmt: skip


class TestRewriting:
    def test_collapse_keeps_the_last_touch_of_a_run(self) -> None:
        seen = touches((1, 0, "a"), (1, 1, "a"), (1, 2, "b"), (1, 3, "a"), (2, 0, "a"), (2, 1, "a"))
        paths = attribution.build_paths(seen, sales((1, 4, 1)), lookback=MONTH, collapse=True)
        assert journeys(paths) == {0: ["a", "b", "a"]}
        assert paths.touches["touch"].to_list() == [1, 2, 3]
        assert null_paths(paths) == [["a"]]

    def test_direct_is_dropped_unless_it_is_all_there_is(self) -> None:
        seen = touches((1, 0, "direct"), (1, 1, "a"), (1, 2, "direct"), (2, 0, "direct"), (3, 0, "direct"))
        sold = sales((1, 3, 1), (2, 3, 1))
        paths = attribution.build_paths(seen, sold, lookback=MONTH, direct="drop_unless_only")
        assert journeys(paths) == {0: ["a"], 1: ["direct"]}
        assert null_paths(paths) == [["direct"]]

    def test_touch_weights_scale_credit_and_touches_of_no_weight_are_dropped(self) -> None:
        seen = touches((1, 0, "click"), (1, 1, "view"), (1, 2, "none")).with_columns(weight=pl.Series([1.0, 0.25, 0.0]))
        paths = attribution.build_paths(seen, sales((1, 3, 100)), lookback=MONTH)
        assert attribution.credit(paths, "linear").rows() == [("click", 0.8, 80.0), ("view", 0.2, 20.0)]
        assert paths.counts["touches_without_weight"] == 1

    def test_milestones_are_the_touch_before_their_moment(self) -> None:
        seen = touches(*((1, i, name) for i, name in enumerate("abcde")))
        sold = sales((1, 9, 1)).with_columns(lead_at=day(1.5), opportunity_at=day(3))
        paths = attribution.build_paths(seen, sold, lookback=MONTH)
        found = attribution.touch_credit(paths, "w_shaped")["share"].to_list()
        assert found == pytest.approx([0.3, 0.3, 0.05, 0.3, 0.05])
        full = attribution.touch_credit(paths, "full_path")["share"].to_list()
        assert full == pytest.approx([0.225, 0.225, 0.1, 0.225, 0.225])


class TestOrder:
    def test_ties_in_time_go_by_touch_id_whatever_the_order_of_rows(self) -> None:
        rows = [
            {"person_id": "p", "occurred_at": day(1), "channel": channel, "touch_id": touch_id}
            for channel, touch_id in (("b", "1"), ("a", "2"), ("c", "3"))
        ]
        for order in permutations(rows):
            paths = attribution.build_paths(pl.DataFrame(order), sales(("p", 2, 1)), lookback=MONTH)
            assert journeys(paths) == {0: ["b", "a", "c"]}

    @pytest.mark.parametrize("kind", [pl.Int64, pl.String])
    def test_shuffled_rows_give_the_same_credit_touches_and_intervals(self, kind: Any) -> None:
        seen, sold = random_events(400, seed=3)
        seen, sold = (frame.with_columns(pl.col("person_id").cast(kind)) for frame in (seen, sold))
        mixed = seen.with_row_index("was").sample(fraction=1, shuffle=True, seed=1)
        left = attribution.build_paths(seen, sold, lookback=MONTH)
        right = attribution.build_paths(mixed, sold.sample(fraction=1, shuffle=True, seed=2), lookback=MONTH)
        assert left.frame.equals(right.frame)
        for model in ("first", "time_decay", "markov", "shapley"):
            credits = [attribution.credit(p, model, intervals=0.9, replicates=50) for p in (left, right)]
            for column in credits[0].columns[1:]:
                assert np.allclose(credits[0][column], credits[1][column], rtol=0, atol=1e-9), (model, column)
        back = mixed["was"].gather(right.touches["touch"])
        assert sorted(back) == sorted(left.touches["touch"])

    def test_rows_of_the_input_are_named_by_journeys_and_touches(self) -> None:
        seen, sold = random_events(200, seed=5)
        paths = attribution.build_paths(seen, sold, lookback=MONTH)
        joined = paths.touches.with_columns(
            person=seen["person_id"].gather(paths.touches["touch"]),
            buyer=sold["person_id"].gather(paths.touches["journey"]),
            was=seen["channel"].gather(paths.touches["touch"]),
        )
        assert joined.height > 100
        assert (joined["person"] == joined["buyer"]).all()
        assert (joined["was"] == joined["channel"]).all()


def random_events(people: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    count = people * 4
    seen = pl.DataFrame(
        {
            "person_id": np.sort(rng.integers(0, people, count)),
            "occurred_at": [day(float(at)) for at in rng.integers(0, 60, count)],
            "channel": rng.choice(["a", "b", "c", "d"], count),
            "touch_id": rng.permutation(count),
        }
    )
    buyers = rng.integers(0, people, people // 2)
    sold = sales(
        *(
            (int(b), float(at), float(v))
            for b, at, v in zip(buyers, rng.integers(0, 60, len(buyers)), rng.integers(1, 99, len(buyers)), strict=True)
        )
    )
    return seen, sold


def slow_journeys(seen: pl.DataFrame, sold: pl.DataFrame, lookback: timedelta) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = list(sold.with_row_index("row").iter_rows(named=True))
    for sale in rows:
        earlier = [
            s["converted_at"]
            for s in rows
            if s["person_id"] == sale["person_id"] and s["converted_at"] < sale["converted_at"]
        ]
        begin = max([sale["converted_at"] - lookback, *earlier])
        hits = sorted(
            (t["occurred_at"], t["touch_id"], t["channel"])
            for t in seen.iter_rows(named=True)
            if t["person_id"] == sale["person_id"] and begin < t["occurred_at"] <= sale["converted_at"]
        )
        if hits:
            found[sale["row"]] = [channel for _, _, channel in hits]
    return found


@pytest.mark.parametrize("seed", range(5))
def test_journeys_equal_those_of_a_row_by_row_search(seed: int) -> None:
    seen, sold = random_events(60, seed)
    lookback = timedelta(days=14)
    paths = attribution.build_paths(seen, sold, lookback=lookback)
    assert journeys(paths) == slow_journeys(seen, sold, lookback)
    assert paths.total_conversions == len(sold)
    assert paths.total_value == sold["value"].sum()


class TestNothingIsLost:
    def test_conversions_without_person_or_touch_are_their_own_line(self) -> None:
        sold = sales((1, 5, 100), (None, 5, 30), (7, 5, 20))
        paths = attribution.build_paths(touches((1, 1, "a"), (None, 1, "b")), sold, lookback=MONTH)
        found = attribution.credit(paths, "last", include_unattributed=True)
        assert found.rows() == [("a", 1.0, 100.0), (attribution.UNATTRIBUTED, 2.0, 50.0)]
        assert paths.counts["touches_without_person"] == 1
        assert attribution.credit(paths, "last").rows() == [("a", 1.0, 100.0)]

    def test_a_tenant_without_touches_has_unattributed_conversions_only(self) -> None:
        nothing = touches((1, 1, "a")).clear()
        paths = attribution.build_paths(nothing, sales((1, 5, 100)), lookback=MONTH)
        for model in attribution.MODELS:
            if model not in ("w_shaped", "full_path"):
                assert attribution.credit(paths, model).is_empty()
                found = attribution.credit(paths, model, include_unattributed=True, intervals=0.9)
                assert found.select("channel", "value").rows() == [(attribution.UNATTRIBUTED, 100.0)]

    def test_a_tenant_without_conversions_gets_zero_credit(self) -> None:
        paths = attribution.build_paths(touches((1, 1, "a"), (2, 1, "b")), sales((1, 5, 1)).clear(), lookback=MONTH)
        for model in ("first", "linear", "time_decay", "position", "participation", "markov", "shapley"):
            found = attribution.credit(paths, model, intervals=0.9)
            assert found["channel"].to_list() == ["a", "b"]
            assert found.select(pl.exclude("channel")).sum_horizontal().to_list() == [0.0, 0.0]

    def test_a_path_of_five_thousand_touches_is_credited_in_full(self) -> None:
        seen = touches(*((1, i / 1000, "abc"[i % 3]) for i in range(5000)), (2, 1, "a"))
        paths = attribution.build_paths(seen, sales((1, 6, 30)), lookback=MONTH)
        for model in ("linear", "markov", "shapley", "time_decay", "position"):
            assert attribution.credit(paths, model)["value"].sum() == pytest.approx(30)

    def test_time_zone_change_night_is_one_hour_not_two(self) -> None:
        zone = ZoneInfo("Europe/Copenhagen")
        seen = touches((1, 0, "a")).with_columns(
            occurred_at=pl.Series([datetime(2026, 3, 29, 1, 30, tzinfo=zone)]).dt.convert_time_zone("Europe/Copenhagen")
        )
        sold = pl.DataFrame({"person_id": [1], "converted_at": [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]})
        assert attribution.build_paths(seen, sold, lookback=MONTH).touches["hours"].to_list() == [1.0]
