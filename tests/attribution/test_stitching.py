"""Ids that belong together become one person, whatever the order in which the links were learnt."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution
from attribution.errors import BadColumn, MissingColumn

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
LINKS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12)


def as_links(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"left": pl.Int64, "right": pl.Int64}, orient="row")


def slow_person(wanted: int, pairs: list[tuple[int, int]]) -> int:
    found = {wanted}
    for _ in range(len(pairs) + 1):
        found |= {x for pair in pairs if found & set(pair) for x in pair}
    return min(found)


@given(pairs=LINKS, seed=st.randoms())
@settings(deadline=None)
def test_connected_ids_share_the_smallest_in_any_order_of_links(pairs: list[tuple[int, int]], seed: object) -> None:
    found = attribution.stitch_identities(as_links(pairs))
    assert dict(found.iter_rows()) == {x: slow_person(x, pairs) for pair in pairs for x in pair}
    mixed = [(b, a) for a, b in reversed(pairs)]
    assert attribution.stitch_identities(as_links(mixed)).equals(found)


def test_a_chain_of_a_hundred_thousand_links_is_one_person() -> None:
    names = [f"id{number:06d}" for number in range(100_001)]
    found = attribution.stitch_identities(pl.DataFrame({"left": names[1:], "right": names[:-1]}))
    assert found["person_id"].unique().to_list() == ["id000000"]
    assert len(found) == 100_001


def test_a_link_taken_back_splits_what_it_joined() -> None:
    pairs = [(1, 2), (2, 3), (3, 4)]
    joined = attribution.stitch_identities(as_links(pairs))
    assert joined["person_id"].to_list() == [1, 1, 1, 1]
    split = attribution.stitch_identities(as_links([pairs[0], pairs[2]]))
    assert split["person_id"].to_list() == [1, 1, 3, 3]


def test_links_learnt_later_are_not_seen_in_the_past() -> None:
    links = as_links([(1, 2), (2, 3)]).with_columns(linked_at=pl.Series([START, START + MONTH]))
    assert attribution.stitch_identities(links, as_of=START)["id"].to_list() == [1, 2]
    assert attribution.stitch_identities(links)["person_id"].to_list() == [1, 1, 1]


def test_nulls_connect_nothing() -> None:
    links = pl.DataFrame({"left": ["a", None, "c"], "right": [None, "b", "d"]})
    assert attribution.stitch_identities(links).rows() == [("c", "c"), ("d", "c")]
    assert attribution.stitch_identities(links.clear()).is_empty()


@pytest.mark.parametrize("lazy", [False, True])
def test_journeys_cross_the_devices_of_a_person(lazy: bool) -> None:
    seen = pl.DataFrame(
        {
            "person_id": ["phone", "laptop", "other"],
            "occurred_at": [START, START + timedelta(days=1), START],
            "channel": ["social", "search", "email"],
        }
    )
    sold = pl.DataFrame({"person_id": ["ann"], "converted_at": [START + timedelta(days=2)], "value": [9.0]})
    people = attribution.stitch_identities(pl.DataFrame({"left": ["phone", "laptop"], "right": ["ann", "ann"]}))
    touchpoints = seen.lazy() if lazy else seen
    paths = attribution.build_paths(touchpoints, sold, lookback=MONTH, identities=people)
    assert paths.touches.select("channel", "touch").rows() == [("social", 0), ("search", 1)]
    assert paths.frame.filter(pl.col("nulls") > 0)["path"].to_list() == [["email"]]
    alone = attribution.build_paths(touchpoints, sold, lookback=MONTH)
    assert alone.unattributed_conversions == 1.0


class TestRefusals:
    def test_an_id_of_two_persons_is_refused(self) -> None:
        seen = pl.DataFrame({"person_id": ["a"], "occurred_at": [START], "channel": ["x"]})
        sold = pl.DataFrame({"person_id": ["a"], "converted_at": [START]})
        twice = pl.DataFrame({"id": ["a", "a"], "person_id": ["p", "q"]})
        with pytest.raises(BadColumn, match="two persons"):
            attribution.build_paths(seen, sold, lookback=MONTH, identities=twice)
        numbers = pl.DataFrame({"id": [1], "person_id": [2]})
        with pytest.raises(BadColumn, match="identities are Int64"):
            attribution.build_paths(seen, sold, lookback=MONTH, identities=numbers)

    def test_links_of_two_types_or_without_a_side_are_refused(self) -> None:
        with pytest.raises(BadColumn, match="left is Int64 and right String"):
            attribution.stitch_identities(pl.DataFrame({"left": [1], "right": ["a"]}))
        with pytest.raises(MissingColumn, match="right"):
            attribution.stitch_identities(pl.DataFrame({"left": [1]}))
