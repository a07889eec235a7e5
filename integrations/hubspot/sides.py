"""What belongs to objects and is told with them: their associations and their property histories.

Which objects are read is decided elsewhere.
"""

from collections.abc import Iterator, Sequence

from integrations.hubspot.kinds import ASSOCIATION_BATCH, ASSOCIATIONS, HISTORY, Kind, association_stream
from integrations.hubspot.portal import Portal, found_in, next_page
from integrations.hubspot.records import association_record, history_records
from integrations.source import JSON, Record, Side
from tekup.errors import PermissionLacking


class Sides:
    """Reads what the pages of a kind tell beside its objects.

    ``lacking`` names the pairs that the credential may not read: those are left out, the objects are told all the same.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.lacking: dict[tuple[str, str], str] = {}

    def of(self, kind: Kind, items: Sequence[JSON], gone: Sequence[str], erased: Sequence[str]) -> tuple[Side, ...]:
        """Return the sides of ``items``; ``gone`` (``erased`` among them) have none any more."""
        if not kind.sides or not (items or gone):
            return ()
        buried = set(gone)
        live = [item["id"] for item in items if item["id"] not in buried]
        sides = list(self._association_sides(kind, live, gone))
        if kind.tracked:
            records = [record for item in items if item["id"] not in erased for record in history_records(kind, item)]
            if records or erased:
                sides.append(Side(HISTORY, records, tuple(f"{kind.name}/{number}" for number in erased)))
        return tuple(sides)

    def _association_sides(self, kind: Kind, live: Sequence[str], gone: Sequence[str]) -> Iterator[Side]:
        shared: list[Record] = []
        is_complete, has_shared = True, False
        for other in kind.pairs:
            stream = association_stream(kind.name, other)
            has_shared = has_shared or stream == ASSOCIATIONS
            try:
                records = self._pair(kind, other, live)
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

    def _pair(self, kind: Kind, other: str, parents: Sequence[str]) -> list[Record]:
        if not parents or (kind.name, other) in self.lacking:
            return []
        what = f"associations {kind.name} to {other}"
        pending = [{"id": parent} for parent in parents]
        records: dict[str, Record] = {}
        while pending:
            batch, pending = pending[:ASSOCIATION_BATCH], pending[ASSOCIATION_BATCH:]
            read = self._portal.apis.associations.get_page
            for result in found_in(what, self._portal.call(what, read, kind.name, other, {"inputs": batch})):
                origin = str(result["from"]["id"])
                for target in result["to"]:
                    record = association_record(kind.name, origin, other, target)
                    records[record.object_id] = record
                if (after := next_page(result)) is not None:
                    pending.append({"id": origin, "after": after})
        return list(records.values())
