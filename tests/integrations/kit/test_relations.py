"""Who wears which tag: additions, removals and removed tags are found, small and large, also after a cut."""

import pytest

from integrations.sandbox.identifiers import sandbox_credential, tenant_uuid
from integrations.sandbox.world import World
from tests.integrations.kit.stored import Stored, pages_of, read_fresh
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
RELATIONS = ("tag_subscribers", "form_subscribers", "sequence_subscribers")
DAY = 86_400


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of ten rows, so that the few hundred subscribers of the test's world count as many."""
    for module in ("transport", "relations"):
        monkeypatch.setattr(f"integrations.kit.{module}.PAGE_ROWS", 10)


def _header() -> dict[str, str]:
    return {"X-Kit-Api-Key": sandbox_credential("kit", SLUG)}


def _untag(sandbox: Sandbox, pair: str) -> None:
    tag, _, subscriber = pair.partition(":")
    answer = sandbox.http.delete(f"/kit/v4/tags/{tag}/subscribers/{subscriber}", headers=_header())
    assert answer.status_code == 204


def _remove(sandbox: Sandbox, kind: str, number: str) -> None:
    assert sandbox.http.delete(f"/kit/_pages/{kind}/{number}", headers=_header()).status_code == 204


def _sizes(stored: Stored, stream: str = "tag_subscribers") -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name in stored.rows[stream]:
        parent = name.partition(":")[0]
        sizes[parent] = sizes.get(parent, 0) + 1
    return sizes


@pytest.mark.parametrize(("stream", "key"), list(zip(RELATIONS, ("tag_id", "form_id", "sequence_id"), strict=True)))
def test_members_are_pairs(sandbox: Sandbox, world: World, stream: str, key: str) -> None:
    mine = world.vendors[f"kit_{stream}"].filter(tenant_id=tenant_uuid(SLUG))
    pairs = {f"{parent}:{who}" for parent, who in mine.select(key, "subscriber_id").iter_rows()}
    assert pairs
    assert read_fresh(sandbox.kit(SLUG), stream).rows[stream].keys() == pairs


def test_a_tag_that_was_taken_off_is_found_by_the_next_read_in_one_request_a_tag(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tag_subscribers")
    pair = next(iter(stored.rows["tag_subscribers"]))
    _untag(sandbox, pair)
    before = len(sandbox.requests(vendor="kit"))
    stored.read(source, "tag_subscribers")
    assert pair not in stored.rows["tag_subscribers"]
    assert stored.rows == read_fresh(sandbox.kit(SLUG), "tag_subscribers").rows
    assert len(sandbox.requests(vendor="kit")) - before == 2 * (1 + len(_sizes(stored)))


@pytest.mark.usefixtures("_small_pages")
def test_a_large_tag_costs_two_requests_while_nobody_leaves(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tag_subscribers")
    sandbox.pass_time(30 * DAY)
    large = [parent for parent, size in _sizes(stored).items() if size > 10]
    assert len(large) > 2
    before = len(sandbox.requests(vendor="kit"))
    pages = list(pages_of(source, "tag_subscribers", stored.cursors["tag_subscribers"]))
    assert len(sandbox.requests(vendor="kit")) - before == 1 + len(_sizes(stored)) + len(large)
    assert not [parent for page in pages for parent in page.replaces if parent in large]


@pytest.mark.usefixtures("_small_pages")
def test_who_joined_and_who_left_a_large_tag_on_one_day_are_both_found(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tag_subscribers")
    for _ in range(4):
        sandbox.pass_time(3600)
        done = sandbox.advance(SLUG, "kit", created=1, changed=2, archived=0)
        newsletter = max(_sizes(stored).items(), key=lambda item: item[1])[0]
        leaver = next(name for name in stored.rows["tag_subscribers"] if name.startswith(f"{newsletter}:"))
        _untag(sandbox, leaver)
        stored.read(source, "tag_subscribers")
        assert leaver not in stored.rows["tag_subscribers"]
        assert stored.rows == read_fresh(sandbox.kit(SLUG), "tag_subscribers").rows
        assert done["created"][0].split("/")[1] in {n.partition(":")[2] for n in stored.rows["tag_subscribers"]}


@pytest.mark.usefixtures("_small_pages")
def test_a_tag_too_large_to_be_held_is_only_added_to_until_the_next_full_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.kit.relations.REPLACED_MOST", 30)
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tag_subscribers")
    sizes = _sizes(stored)
    newsletter = max(sizes, key=lambda parent: sizes[parent])
    leaver = next(name for name in stored.rows["tag_subscribers"] if name.startswith(f"{newsletter}:"))
    _untag(sandbox, leaver)
    joined = sandbox.advance(SLUG, "kit", created=1, changed=0, archived=0)["created"][0].split("/")[1]
    stored.read(source, "tag_subscribers")
    assert f"{min(sizes, key=int)}:{joined}" in stored.rows["tag_subscribers"]
    assert leaver in stored.rows["tag_subscribers"]
    assert leaver not in read_fresh(source, "tag_subscribers").rows["tag_subscribers"]
    with pytest.raises(ValueError, match="no way to look for single"):
        list(source.fetch("form_subscribers", [f"{max(_sizes(stored), key=int)}:1", f"{min(sizes, key=int)}:1"]))


@pytest.mark.usefixtures("_small_pages")
def test_a_read_for_changes_that_was_cut_after_any_page_ends_the_same(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    first = read_fresh(source, "tag_subscribers")
    sandbox.pass_time(10 * DAY)
    sandbox.advance(SLUG, "kit", created=25, changed=25, archived=5)
    truth = read_fresh(sandbox.kit(SLUG), "tag_subscribers").rows
    pages = list(pages_of(source, "tag_subscribers", first.cursors["tag_subscribers"]))
    assert len(pages) > 8
    for cut in range(len(pages)):
        stored = Stored({"tag_subscribers": dict(first.rows["tag_subscribers"])}, dict(first.cursors))
        for page in pages[:cut]:
            stored.take("tag_subscribers", page)
        stored.read(sandbox.kit(SLUG), "tag_subscribers")
        if stored.cursors["tag_subscribers"]["phase"] != "done" or stored.rows != truth:
            raise AssertionError(f"cut after page {cut}")


def test_the_pairs_of_a_removed_tag_go_and_those_of_a_new_one_come(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tag_subscribers")
    tag = next(iter(_sizes(stored)))
    _remove(sandbox, "tags", tag)
    stored.read(source, "tag_subscribers")
    assert tag not in _sizes(stored)
    assert stored.rows == read_fresh(sandbox.kit(SLUG), "tag_subscribers").rows


def test_a_tag_that_goes_between_the_list_and_its_members_takes_its_pairs_along(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source, "tags", "tag_subscribers")
    tag = next(iter(_sizes(stored)))
    stored.read(source, "tags")
    _remove(sandbox, "tags", tag)
    stored.read(source, "tag_subscribers")
    assert tag not in _sizes(stored)


def test_a_relation_asks_for_its_parents_only_where_they_were_not_just_read(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    read_fresh(source, "tags", "tag_subscribers")
    lists = [entry for entry in sandbox.requests(vendor="kit") if entry["path"] == "/v4/tags"]
    assert len(lists) == 1
    read_fresh(source, "tag_subscribers")
    assert len([entry for entry in sandbox.requests(vendor="kit") if entry["path"] == "/v4/tags"]) == 2
