"""What belongs to objects and is told with them: their associations and their property histories.

Which objects are read is decided elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from integrations.hubspot.kinds import ASSOCIATION_BATCH, ASSOCIATIONS, HISTORY, Kind, association_stream
from integrations.hubspot.objects import Object
from integrations.hubspot.portal import Answering, Portal, found_in, next_page
from integrations.hubspot.records import association_record, history_records
from integrations.retry import Meter
from integrations.source import JSON, Record, Side
from tekup.errors import PermissionLacking

SidesComing: TypeAlias = Callable[[], tuple[Side, ...]]
"""Waits for the sides of objects that were asked for."""


class Sides:
    """Reads what the pages of a kind tell beside its objects.

    ``lacking`` names the pairs that the credential may not read: those are left out, the objects are told all the same.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.lacking: dict[tuple[str, str], str] = {}

    def start(self, kind: Kind, items: Sequence[Object], gone: Sequence[str], erased: Sequence[str]) -> SidesComing:
        """Ask for the sides of ``items`` and return what waits for them; ``gone`` (``erased`` among them) have none."""
        if not kind.sides or not (items or gone):
            return tuple
        buried = set(gone)
        live = [item.id for item in items if item.id not in buried]
        asked = {
            other: self._start_pair(kind, other, live)
            for other in kind.pairs
            if live and (kind.name, other) not in self.lacking
        }

        def finish() -> tuple[Side, ...]:
            sides = list(self._association_sides(kind, live, gone, asked))
            if kind.tracked:
                records = [record for item in items if item.id not in erased for record in history_records(kind, item)]
                if records or erased:
                    sides.append(Side(HISTORY, records, tuple(f"{kind.name}/{number}" for number in erased)))
            return tuple(sides)

        return finish

    def _association_sides(
        self, kind: Kind, live: Sequence[str], gone: Sequence[str], asked: Mapping[str, Callable[[], list[Record]]]
    ) -> Iterator[Side]:
        shared: list[Record] = []
        is_complete, has_shared = True, False
        for other in kind.pairs:
            stream = association_stream(kind.name, other)
            has_shared = has_shared or stream == ASSOCIATIONS
            try:
                records = asked[other]() if other in asked else []
            except PermissionLacking as fault:
                self.lacking[kind.name, other] = fault.what
            if (kind.name, other) in self.lacking:
                is_complete = is_complete and stream != ASSOCIATIONS
            elif stream == ASSOCIATIONS:
                shared += records
            else:
                yield Side(stream, records, (*live, *gone))
        if has_shared:
            # One pair that can't be read would make its stored rows look gone.
            parents = tuple(f"{kind.name}/{number}" for number in ((*live, *gone) if is_complete else gone))
            yield Side(ASSOCIATIONS, shared, parents)

    def _start_pair(self, kind: Kind, other: str, parents: Sequence[str]) -> Callable[[], list[Record]]:
        """Ask for the first batch of a pair now; what is returned reads the rest after it."""
        what, meter = f"associations {kind.name} to {other}", Meter(self._portal.meter.clock)
        pending: list[JSON] = [{"id": parent} for parent in parents]

        def ask() -> Answering:
            batch = pending[:ASSOCIATION_BATCH]
            del pending[:ASSOCIATION_BATCH]
            read = self._portal.apis.associations.get_page
            return self._portal.start(what, read, kind.name, other, {"inputs": batch}, meter=meter)

        coming = ask()

        def finish() -> list[Record]:
            records: dict[str, Record] = {}
            answering = coming
            while True:
                try:
                    results = found_in(what, answering())
                finally:
                    self._portal.meter.add(meter)
                for result in results:
                    origin = str(result["from"]["id"])
                    for target in result["to"]:
                        record = association_record(kind.name, origin, other, target)
                        records[record.object_id] = record
                    if (after := next_page(result)) is not None:
                        pending.append({"id": origin, "after": after})
                if not pending:
                    return list(records.values())
                answering = ask()

        return finish
