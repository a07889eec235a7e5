"""Every attack of the list has its test, and the page says what the tests are."""

from tests.security.attack_table import COUNT, PAGE, render, tests_of_attacks


def test_every_attack_has_a_test_with_its_id() -> None:
    assert sorted(tests_of_attacks()) == [f"A{number:02}" for number in range(1, COUNT + 1)]


def test_the_page_is_what_the_tests_say() -> None:
    assert PAGE.read_text() == render(), "write it: python -m tests.security.attack_table"
