"""Kept pages are those of the list as it is now, and never more than there is room for."""

from integrations.sandbox.hubspot_shelf import Shelf


def test_a_page_is_kept_until_its_kind_changes() -> None:
    shelf = Shelf(room=100)
    shelf.keep("contacts", 1, "first", b"page")
    assert shelf.find("contacts", 1, "first") == b"page"
    assert shelf.find("contacts", 1, "second") is None
    assert shelf.find("contacts", 2, "first") is None
    assert shelf.find("deals", 1, "first") is None


def test_pages_of_an_older_state_make_room() -> None:
    shelf = Shelf(room=10)
    shelf.keep("contacts", 1, "first", b"x" * 8)
    shelf.keep("contacts", 1, "second", b"x" * 8)
    assert shelf.find("contacts", 1, "second") is None
    shelf.keep("contacts", 2, "first", b"y" * 8)
    assert shelf.find("contacts", 1, "first") is None
    assert shelf.find("contacts", 2, "first") == b"y" * 8


def test_without_room_nothing_is_kept() -> None:
    shelf = Shelf()
    shelf.keep("contacts", 1, "first", b"")
    assert shelf.find("contacts", 1, "first") is None
