"""HubSpot's search: filter groups, sorts and operators over one account. It knows no HTTP and changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from integrations.sandbox.exchange import JSON
from integrations.sandbox.hubspot_store import NUMBERS, HubspotStore, modified_of, property_of
from integrations.sandbox.hubspot_table import Bools, Ints, Row

_COMPARED = ("EQ", "LT", "LTE", "GT", "GTE", "BETWEEN")


class BadFilter(ValueError):
    """A filter or sort that the vendor would answer with 400."""


def find(
    store: HubspotStore, kind: str, groups: list[JSON], sorts: list[JSON], query: str | None
) -> Sequence[int] | Ints:
    """Return the ids of all live objects that match one of the groups (or everything), in order.

    Rows are looked at only where a filter or sort needs more than ids and times.
    """
    table = store.table(kind)
    mask = _mask(store, kind, groups)
    if store.search_lag_ms:
        mask = mask & (table.modified <= store.now() - store.search_lag_ms)
    found = table.ids[mask]
    if query:
        needle = query.lower()
        found = np.array([number for number in found.tolist() if _has_text(table[number], needle)], dtype=np.int64)
    return _sorted(store, kind, found, sorts)


def _mask(store: HubspotStore, kind: str, groups: list[JSON]) -> Bools:
    is_live = store.table(kind).is_live
    if not groups:
        return is_live
    matched = np.zeros(len(is_live), dtype=bool)
    for group in groups:
        matched |= _group(store, kind, group.get("filters", []), is_live)
    return matched


def _group(store: HubspotStore, kind: str, filters: list[JSON], is_live: Bools) -> Bools:
    table = store.table(kind)
    columns = {"hs_object_id": table.ids, "createdate": table.created, modified_of(kind): table.modified}
    mask = is_live.copy()
    slow = []
    for rule in filters:
        column = columns.get(rule.get("propertyName", ""))
        if column is None or rule.get("operator") not in _COMPARED:
            slow.append(rule)
        else:
            mask &= _compare(column, rule)
    if slow:
        for place in np.flatnonzero(mask):
            row = table[int(table.ids[place])]
            mask[place] = all(_matches(kind, row, rule) for rule in slow)
    return mask


def _sorted(store: HubspotStore, kind: str, found: Ints, sorts: list[JSON]) -> Sequence[int] | Ints:
    if not sorts or (len(sorts) == 1 and _direction(sorts[0]) == ("hs_object_id", False)):
        return found
    rows = [store.table(kind)[number] for number in found.tolist()]
    for sort in reversed(sorts):
        name, descending = _direction(sort)
        rows.sort(key=partial(_sort_key, kind, name), reverse=descending)
    return [row.id for row in rows]


def _direction(sort: JSON) -> tuple[str, bool]:
    if isinstance(sort, str):
        return sort.lstrip("-"), sort.startswith("-")
    return str(sort.get("propertyName", "")), sort.get("direction") == "DESCENDING"


def _has_text(row: Row, needle: str) -> bool:
    return any(needle in value.lower() for value in row.properties.values())


def _compare(column: npt.NDArray[Any], rule: JSON) -> Bools:
    value = as_number(rule.get("value"))
    operator = rule["operator"]
    if operator == "BETWEEN":
        return np.asarray((column >= value) & (column <= as_number(rule.get("highValue"))))
    compared = {
        "EQ": np.equal,
        "LT": np.less,
        "LTE": np.less_equal,
        "GT": np.greater,
        "GTE": np.greater_equal,
    }[operator]
    return np.asarray(compared(column, value))


def as_number(value: JSON) -> float:
    """Return a filter's value as a number: milliseconds for instants."""
    text = str(value)
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp() * 1000
    except ValueError:
        raise BadFilter(f"invalid value {text!r}") from None


def _matches(kind: str, row: Row, rule: JSON) -> bool:
    name, operator = rule.get("propertyName", ""), rule.get("operator")
    have = property_of(kind, row, name)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (have is not None) is (operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        options = {str(value).lower() for value in rule.get("values", [])}
        is_in = (have or "").lower() in options
        return bool(is_in) is (operator == "IN")
    if operator == "NEQ":
        return bool(have is None or have.lower() != str(rule.get("value")).lower())
    if have is None:
        return False
    if operator == "EQ":
        return bool(have.lower() == str(rule.get("value")).lower())
    if operator == "CONTAINS_TOKEN":
        return str(rule.get("value")).strip("*").lower() in have.lower()
    if operator in _COMPARED:
        return bool(_compare(np.array([as_number(have)]), rule)[0])
    raise BadFilter(f"unknown operator {operator!r}")


def _sort_key(kind: str, name: str, row: Row) -> tuple[int, float, str]:
    if name == "hs_object_id":
        return (0, row.id, "")
    if name == modified_of(kind):
        return (0, row.modified, "")
    if name == "createdate":
        return (0, row.created, "")
    value = row.properties.get(name)
    if value is None:
        return (1, 0.0, "")
    return (0, float(value), "") if name in NUMBERS else (0, 0.0, value)
