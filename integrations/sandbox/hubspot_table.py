"""The objects of one kind in one simulated portal, in order and searchable. It knows no HTTP and no associations.

A change costs a few array cells, however many objects there are; rows may be made when they are first asked for.
"""

from bisect import insort
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
LIVE, ARCHIVED, GONE = 0, 1, 2


@dataclass
class Row:
    """One object; times are milliseconds. ``history`` has each property's (time, value), oldest first."""

    id: int
    created: int
    modified: int
    properties: dict[str, str]
    archived_at: int | None = None
    history: dict[str, list[tuple[int, str]]] | None = None


class LazyRows(MutableMapping[int, Row]):
    """Rows that ``make`` builds from their id when they are asked for; only the changed ones are kept."""

    def __init__(self, ids: Ints, make: Callable[[int], Row]) -> None:
        self._ids = ids
        self._make = make
        self._kept: dict[int, Row] = {}
        self._dropped: set[int] = set()

    def __getitem__(self, number: int) -> Row:
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        if number in self._dropped or not self._is_given(number):
            raise KeyError(number)
        return self._make(number)

    def __setitem__(self, number: int, row: Row) -> None:
        self._kept[number] = row
        self._dropped.discard(number)

    def __delitem__(self, number: int) -> None:
        if self._kept.pop(number, None) is None and not self._is_given(number):
            raise KeyError(number)
        self._dropped.add(number)

    def __iter__(self) -> Iterator[int]:
        for number in self._ids.tolist():
            if number not in self._dropped and number not in self._kept:
                yield number
        yield from self._kept

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _is_given(self, number: int) -> bool:
        place = int(np.searchsorted(self._ids, number))
        return place < len(self._ids) and int(self._ids[place]) == number


class Table:
    """Objects by id. Whoever changes a row hands it back to ``put``, which keeps the order and the search columns.

    ``revision`` grows with every change.
    """

    def __init__(self, rows: MutableMapping[int, Row], ids: Ints, created: Ints, modified: Ints, first: int) -> None:
        """``ids`` are sorted; ``created`` and ``modified`` go with them. Archived rows are told by ``archive``."""
        self._rows = rows
        self._length = len(ids)
        self._next = max(first, int(ids[-1]) + 1 if len(ids) else 0)
        self._ids, self._created, self._modified = ids.copy(), created.copy(), modified.copy()
        self._state = np.zeros(len(ids), dtype=np.int8)
        self._archived: list[int] = []
        self.revision = 0

    @classmethod
    def of(cls, rows: dict[int, Row], first: int = 1001) -> "Table":
        """Return the table of rows that are all there already."""
        found = sorted(rows.values(), key=lambda row: row.id)
        columns = ([row.id for row in found], [row.created for row in found], [row.modified for row in found])
        ids, created, modified = (np.array(column, dtype=np.int64) for column in columns)
        table = cls(rows, ids, created, modified, first)
        for row in found:
            if row.archived_at is not None:
                table.put(row)
        return table

    @property
    def ids(self) -> Ints:
        return self._ids[: self._length]

    @property
    def created(self) -> Ints:
        return self._created[: self._length]

    @property
    def modified(self) -> Ints:
        return self._modified[: self._length]

    @property
    def is_live(self) -> Bools:
        return np.asarray(self._state[: self._length] == LIVE)

    @property
    def archived(self) -> list[int]:
        """The ids in the recycle bin, in order."""
        return self._archived

    @property
    def live(self) -> list[int]:
        """The ids of live objects, in order."""
        return [int(number) for number in self.ids[self.is_live]]

    def __contains__(self, number: int) -> bool:
        return number in self._rows

    def __getitem__(self, number: int) -> Row:
        return self._rows[number]

    def get(self, number: int) -> Row | None:
        return self._rows.get(number)

    def holds_live(self, number: int) -> bool:
        """Whether there is a live object of this id, without making its row."""
        place = self._place(number)
        return place is not None and self._state[place] == LIVE

    def new_id(self) -> int:
        """Return the next free id."""
        self._next += 1
        return self._next - 1

    def put(self, row: Row) -> None:
        """Keep a new or changed row."""
        self.revision += 1
        place = self._place(row.id)
        if place is None:
            place = self._append(row.id)
        was_archived = self._state[place] == ARCHIVED
        self._rows[row.id] = row
        self._created[place], self._modified[place] = row.created, row.modified
        self._state[place] = LIVE if row.archived_at is None else ARCHIVED
        if row.archived_at is not None and not was_archived:
            insort(self._archived, row.id)
        elif row.archived_at is None and was_archived:
            self._archived.remove(row.id)

    def remove(self, number: int) -> None:
        """Drop an object for good."""
        self.revision += 1
        place = self._place(number)
        if place is None or self._rows.pop(number, None) is None:
            return
        if self._state[place] == ARCHIVED:
            self._archived.remove(number)
        self._state[place] = GONE

    def page(self, after: int, limit: int) -> tuple[list[Row], bool]:
        """Return live objects with ids above ``after`` in order, and whether more follow."""
        start = int(np.searchsorted(self.ids, after, side="right"))
        found: list[int] = []
        width = limit + 16
        while start < self._length and len(found) <= limit:
            part = np.flatnonzero(self._state[start : min(start + width, self._length)] == LIVE)
            found += (int(number) for number in self._ids[start + part])
            start, width = start + width, width * 2
        return [self._rows[number] for number in found[:limit]], len(found) > limit

    def _place(self, number: int) -> int | None:
        place = int(np.searchsorted(self.ids, number))
        return place if place < self._length and int(self._ids[place]) == number else None

    def _append(self, number: int) -> int:
        if self._length and number <= int(self._ids[self._length - 1]):
            raise ValueError("new ids follow the old ones")
        if self._length == len(self._ids):
            room = max(64, self._length)
            for name in ("_ids", "_created", "_modified", "_state"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate((column, np.zeros(room, dtype=column.dtype))))
        self._ids[self._length] = number
        self._length += 1
        return self._length - 1
