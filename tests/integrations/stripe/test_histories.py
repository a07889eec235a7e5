"""Whatever happens in an account, later reads end in what a read from the beginning would tell, payload by payload."""

import pytest

from integrations.sandbox.world import World
from tests.integrations.running import Sandbox
from tests.integrations.stripe.reading import SLUG, Kept, living

PAUSES = (700, 3, 90_000, 1800, 5 * 86_400, 20)


@pytest.mark.parametrize("slug", [SLUG, "klar-regnskab"])
def test_later_reads_equal_a_read_from_the_beginning(sandbox: Sandbox, slug: str) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(slug))
    for pause in PAUSES:
        sandbox.pass_time(pause)
        sandbox.advance(slug, "stripe", created=1, changed=2, archived=1, rounds=50)
        # this pull ends in the same second as the last happening, and another one follows in it
        kept.pull(sandbox.stripe(slug))
        sandbox.advance(slug, "stripe", created=0, changed=1, archived=0, rounds=15)
        sandbox.pass_time(2)
        kept.pull(sandbox.stripe(slug))
        fresh = Kept()
        fresh.pull(sandbox.stripe(slug))
        assert living(kept.rows) == living(fresh.rows)
        assert kept.rows["events"].items() >= fresh.rows["events"].items()


def test_a_history_with_faults_and_crashes_equals_a_calm_one(sandbox: Sandbox) -> None:
    kept = Kept()
    for number, pause in enumerate(PAUSES):
        for kind in ("reset", "truncate", "invalid_json"):
            sandbox.fault(kind=kind, vendor="stripe", nth=3 + number, times=1)
        sandbox.fault(kind="status", status=429, retry_after=2, vendor="stripe", nth=5, times=2)
        source = sandbox.stripe(SLUG)
        for stream in source.streams:
            for place, page in enumerate(source.pages(stream, kept.cursors.get(stream))):
                if place == 1 and number % 2:
                    break  # killed before this page was stored; the next pull goes on after the last one
                kept.fold(stream, page)
        sandbox.pass_time(pause)
        sandbox.advance(SLUG, "stripe", created=40, changed=30, archived=2, rounds=40)
        sandbox.pass_time(2)
    kept.pull(sandbox.stripe(SLUG))
    fresh = Kept()
    fresh.pull(sandbox.stripe(SLUG))
    assert living(kept.rows) == living(fresh.rows)


def test_two_accounts_with_the_same_ids_keep_their_own_histories(world: World) -> None:
    with Sandbox(world) as sandbox:
        kept = {slug: Kept() for slug in ("fjord-software", "byg-og-bo")}
        for _ in range(2):
            for slug, rows in kept.items():
                rows.pull(sandbox.stripe(slug))
            sandbox.pass_time(1000)
            sandbox.advance("fjord-software", "stripe", created=1, changed=1, archived=1, rounds=30)
            sandbox.pass_time(2)
        for slug, rows in kept.items():
            rows.pull(sandbox.stripe(slug))
            fresh = Kept()
            fresh.pull(sandbox.stripe(slug))
            assert living(rows.rows) == living(fresh.rows)
        assert living(kept["fjord-software"].rows) != living(kept["byg-og-bo"].rows)
