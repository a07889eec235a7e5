"""The sliding window of failed sign-ins."""

from serving.auth.throttle import SlidingWindow


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_holds_for_the_window_and_opens_as_it_slides() -> None:
    clock = Clock()
    window = SlidingWindow(2, 10, clock)
    window.note("a")
    clock.now = 4
    window.note("a")
    assert window.wait("a") == 6
    assert window.wait("b") == 0
    clock.now = 10
    assert window.wait("a") == 0
    window.note("a")
    assert window.wait("a") == 4


def test_a_success_starts_afresh() -> None:
    window = SlidingWindow(1, 10, Clock())
    window.note("a")
    assert window.wait("a") == 10
    window.forget("a")
    assert window.wait("a") == 0


def test_idle_keys_are_not_kept() -> None:
    clock = Clock()
    window = SlidingWindow(5, 10, clock)
    window.note("a")
    clock.now = 11
    window.wait("a")
    assert not window._events
