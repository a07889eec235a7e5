"""Writers and workers under kill -9: are events lost, doubled or reordered? A database of its own, two tenants.

Writers count each aggregate up under its row's lock and emit each count; workers number events and write each one's
effect down. All of them are killed at random until the kills are used up; then
the rest is left to finish, and counts decide.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from benchmarks.events.roles import prepare
from tekup.db import Database, Doors, Role
from tekup.settings import read_settings

KEYS = 50
WRITERS, WORKERS = 2, 2
STALL_SECONDS = 120.0


@dataclass
class Outcome:
    """What a soak showed. All but ``events`` and ``kills`` must be 0."""

    events: int = 0
    kills: int = 0
    seconds: float = 0.0
    lost: int = 0
    gaps: int = 0
    effects_lost: int = 0
    effects_doubled: int = 0
    reordered: int = 0
    foreign: int = 0
    parked: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not any(
            (self.lost, self.gaps, self.effects_lost, self.effects_doubled, self.reordered, self.foreign, self.parked)
        )


class Crew:
    """Child processes that are started again when they are gone."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def tend(self, role: str, count: int, *words: str) -> None:
        """Start what is missing of a role."""
        for number in range(count):
            name = f"{role}-{number}"
            child = self._children.get(name)
            if child is None or child.poll() is not None:
                command = [sys.executable, "-m", "benchmarks.events.roles", role, *words]
                self._children[name] = subprocess.Popen(command, env=self._environment)

    def kill_one(self) -> bool:
        """Kill one of the living with SIGKILL; whether there was one."""
        living = [child for child in self._children.values() if child.poll() is None]
        if not living:
            return False
        chosen = random.choice(living)
        chosen.send_signal(signal.SIGKILL)
        chosen.wait()
        return True

    def dismiss(self, role: str) -> None:
        """End those of a role."""
        for name, child in self._children.items():
            if name.startswith(role):
                child.kill()
                child.wait()

    def stop(self) -> None:
        """End all of them."""
        for child in self._children.values():
            if child.poll() is None:
                child.kill()
            child.wait()


def soak(doors: Doors, events: int, kills: int, *, seed: int = 0, seconds: float = 3600) -> Outcome:
    """Run to the end and count. Kills are spread over the work; after ``seconds`` nothing more is written."""
    random.seed(seed)
    tenants = prepare(doors, KEYS)
    steps = events // (KEYS * len(tenants))
    outcome = Outcome(events=steps * KEYS * len(tenants))
    settings = doors.settings
    environment = {**os.environ, "TEKUP_HOME": str(settings.home_path)}
    for name in ("database_url", "warehouse_url"):
        if getattr(settings, name):
            environment[f"TEKUP_{name.upper()}"] = getattr(settings, name)
    crew, begun = Crew(environment), time.monotonic()
    try:
        last, moved_at = -1, begun
        while True:
            written, done = _progress(doors, tenants)
            if time.monotonic() - begun > seconds:
                crew.dismiss("writer")
                outcome.events = written = _progress(doors, tenants)[0]
            if written < outcome.events:
                crew.tend("writer", WRITERS, str(steps))
            crew.tend("worker", WORKERS)
            now = time.monotonic()
            is_due = written + done >= 2 * outcome.events * outcome.kills / kills
            if outcome.kills < kills and is_due and crew.kill_one():
                outcome.kills += 1
            if done >= outcome.events:
                break
            if written + done != last:
                last, moved_at = written + done, now
            elif now - moved_at > STALL_SECONDS:
                break
            time.sleep(0.2)
    finally:
        crew.stop()
    outcome.seconds = time.monotonic() - begun
    for tenant_id in tenants:
        _judge(doors, tenant_id, steps, outcome)
    return outcome


def _progress(doors: Doors, tenants: list[UUID]) -> tuple[int, int]:
    written = done = 0
    for tenant_id in tenants:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
            row = connection.execute(
                "select (select coalesce(sum(employee_count), 0) from app.leads), "
                "(select count(*) from app.soak_effects)"
            ).fetchone()
            assert row is not None
            written, done = written + int(row[0]), done + int(row[1])
    return written, done


_VERDICT = """
with told as (select id, pos, aggregate_id, (payload ->> 'from')::int as step from app.events
              where event_type = 'LeadStatusChanged'),
effects as (
    select event_id, key, step, lag(step) over (partition by key order by n) as before from app.soak_effects
)
select
    (select coalesce(sum(employee_count), 0) from app.leads) - (select count(*) from told) as lost,
    (select max(pos) from app.events) - (select count(*) from app.events) as gaps,
    (select count(*) from told where id not in (select event_id from effects)) as effects_lost,
    (select count(*) - count(distinct event_id) from effects) as effects_doubled,
    (select count(*) from effects where step <> coalesce(before, 0) + 1) as reordered,
    (select count(*) from app.soak_effects where tenant_id <> current_setting('app.tenant_id')::uuid) as foreign_rows,
    (select count(*) from app.event_parked) as parked
"""


def _judge(doors: Doors, tenant_id: UUID, steps: int, outcome: Outcome) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        row = connection.execute(_VERDICT).fetchone()
    assert row is not None
    names = ("lost", "gaps", "effects_lost", "effects_doubled", "reordered", "foreign", "parked")
    for name, count in zip(names, row, strict=True):
        setattr(outcome, name, getattr(outcome, name) + int(count))


def main() -> int:
    """Soak in a home of its own and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3600, help="Write no longer than this.")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-soak-", ignore_cleanup_errors=True) as folder:
        doors = Doors(read_settings(home=Path(folder) / "home"))
        doors.prepare()
        outcome = soak(doors, chosen.events, chosen.kills, seed=chosen.seed, seconds=chosen.seconds)
    rate = outcome.events / outcome.seconds
    print(f"{outcome.events} events, {outcome.kills} kill -9, {outcome.seconds:.0f} s ({rate:.0f} events/s)")
    print(
        f"lost {outcome.lost}, gaps {outcome.gaps}, effects lost {outcome.effects_lost}, "
        f"doubled {outcome.effects_doubled}, reordered {outcome.reordered}, of another tenant {outcome.foreign}, "
        f"parked {outcome.parked}"
    )
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
