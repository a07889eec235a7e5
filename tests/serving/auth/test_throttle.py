"""Counting of failed sign-ins in the database: who has to wait, and who never does."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.auth.throttle import (
    FAILURES_PER_ADDRESS,
    FAILURES_PER_PERSON,
    FAILURES_PER_PERSON_ANYWHERE,
    WINDOW_SECONDS,
    SignInThrottle,
    Try,
)
from tekup.db import Database, Doors, Role


@pytest.fixture
def throttle(doors: Doors) -> SignInThrottle:
    """A throttle with a key of its own: its counts are no other test's."""
    return SignInThrottle(doors, os.urandom(32))


def fail(throttle: SignInThrottle, address: str, email: str) -> None:
    assert isinstance(throttle.take(address, email), Try)


def test_the_limit_holds_for_one_person_at_one_place_alone(throttle: SignInThrottle) -> None:
    for _ in range(FAILURES_PER_PERSON):
        fail(throttle, "10.0.0.1", "Anna@example.dk")
    wait = throttle.take("10.0.0.1", "anna@example.dk ")
    assert isinstance(wait, float)
    assert 0 < wait <= WINDOW_SECONDS
    fail(throttle, "10.0.0.1", "bo@example.dk")
    fail(throttle, "10.0.0.2", "anna@example.dk")


def test_a_success_starts_afresh(throttle: SignInThrottle) -> None:
    for _ in range(FAILURES_PER_PERSON - 1):
        fail(throttle, "10.0.0.1", "anna@example.dk")
    tried = throttle.take("10.0.0.1", "anna@example.dk")
    assert isinstance(tried, Try)
    throttle.succeed(tried)
    for _ in range(FAILURES_PER_PERSON):
        fail(throttle, "10.0.0.1", "anna@example.dk")


def test_the_limit_opens_as_the_window_slides(throttle: SignInThrottle, doors: Doors) -> None:
    for _ in range(FAILURES_PER_PERSON):
        fail(throttle, "10.0.0.1", "anna@example.dk")
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute(
            "update sign_in.attempt set tried_at = tried_at - interval '301 seconds' where key = %s",
            (throttle._keys("10.0.0.1", "anna@example.dk")[0],),
        )
    fail(throttle, "10.0.0.1", "anna@example.dk")


def test_a_place_that_tries_many_people_waits(throttle: SignInThrottle) -> None:
    for number in range(FAILURES_PER_ADDRESS):
        fail(throttle, "10.0.0.9", f"person{number}@example.dk")
    assert isinstance(throttle.take("10.0.0.9", "anna@example.dk"), float)


def test_failures_from_everywhere_shut_new_places_and_never_a_known_one(throttle: SignInThrottle) -> None:
    tried = throttle.take("10.0.0.1", "anna@example.dk")
    assert isinstance(tried, Try)
    assert not tried.is_known_place
    throttle.succeed(tried)
    for number in range(FAILURES_PER_PERSON_ANYWHERE):
        fail(throttle, f"10.9.{number}.1", "anna@example.dk")
    assert isinstance(throttle.take("10.7.7.7", "anna@example.dk"), float)
    at_home = throttle.take("10.0.0.1", "anna@example.dk")
    assert isinstance(at_home, Try)
    assert at_home.is_known_place


def test_a_burst_gets_no_more_tries_than_the_limit(throttle: SignInThrottle) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: throttle.take("10.0.0.1", "anna@example.dk"), range(24)))
    assert sum(isinstance(one, Try) for one in got) == FAILURES_PER_PERSON


def test_it_is_shared_by_processes_and_kept_over_restarts(doors: Doors) -> None:
    key = os.urandom(32)
    for _ in range(FAILURES_PER_PERSON):
        fail(SignInThrottle(doors, key), "10.0.0.1", "anna@example.dk")
    assert isinstance(SignInThrottle(doors, key).take("10.0.0.1", "anna@example.dk"), float)


def test_neither_addresses_nor_emails_are_stored(throttle: SignInThrottle, doors: Doors) -> None:
    fail(throttle, "10.0.0.1", "anna@example.dk")
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        rows = connection.execute("select encode(key, 'escape') from sign_in.attempt")
        stored = str(rows.fetchall())
    assert "10.0.0.1" not in stored
    assert "anna" not in stored
