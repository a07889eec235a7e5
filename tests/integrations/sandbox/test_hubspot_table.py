"""The table of one kind: as fast as its order needs, right after any change, and content with rows made on demand."""

import random

import numpy as np
import pytest

from integrations.sandbox.hubspot_table import LazyRows, Row, Table


def _row(number: int, modified: int = 0) -> Row:
    return Row(number, number, modified, {"name": str(number)})


def _pages(table: Table, size: int) -> list[int]:
    found, after, more = [], 0, True
    while more:
        rows, more = table.page(after, size)
        found += [row.id for row in rows]
        after = rows[-1].id if rows else after
    return found


def _lazy(count: int) -> Table:
    ids = np.arange(1, count + 1, dtype=np.int64) * 3
    return Table(LazyRows(ids, _row), ids, ids.copy(), np.zeros(count, dtype=np.int64), 1)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_any_history_of_changes_leaves_what_a_plain_dictionary_holds(is_lazy: bool) -> None:
    chance = random.Random(7)
    table = _lazy(300) if is_lazy else Table.of({number * 3: _row(number * 3) for number in range(1, 301)})
    held = {number * 3: _row(number * 3) for number in range(1, 301)}
    for step in range(2_000):
        what, number = chance.randrange(5), chance.choice(list(held))
        if what == 0:
            number = table.new_id()
            held[number] = Row(number, step, step, {})
            table.put(Row(number, step, step, {}))
        elif what in (1, 2):
            row = table[number]
            row.modified = held[number].modified = step
            row.archived_at = held[number].archived_at = step if what == 1 else None
            table.put(row)
        elif what == 3 and len(held) > 50:
            table.remove(number)
            del held[number]
        else:
            assert table[number].modified == held[number].modified
    live = sorted(number for number, row in held.items() if row.archived_at is None)
    assert table.live == live == _pages(table, 7) == _pages(table, 1_000)
    assert table.archived == sorted(set(held) - set(live))
    mask = table.is_live
    assert dict(zip(table.ids[mask].tolist(), table.modified[mask].tolist(), strict=True)) == {
        number: held[number].modified for number in live
    }
    assert all(table.holds_live(number) for number in live)
    assert not any(table.holds_live(number) for number in table.archived)
    assert table.get(999_999) is None
    assert 999_999 not in table


def test_a_thousand_changes_of_a_million_rows_are_right_at_once() -> None:
    # One sort of a million rows a change would take longer than a test may.
    table = _lazy(1_000_000)
    for number in range(3, 3_003, 3):
        row = table[number]
        row.modified = 5
        table.put(row)
        rows, more = table.page(number, 100)
        assert (rows[0].id, len(rows), more) == (number + 3, 100, True)
    for _ in range(1_000):
        table.put(_row(table.new_id()))
    assert int((table.modified == 5).sum()) == 1_000


def test_ids_only_grow() -> None:
    table = Table.of({5: _row(5)})
    with pytest.raises(ValueError, match="new ids follow"):
        table.put(_row(3))
    assert table.new_id() == 1001
