"""HubSpot's search: filter groups, sorts and operators over one account. It knows no HTTP and changes nothing."""

from datetime import datetime
from functools import partial

import numpy as np

from integrations.sandbox.exchange import JSON
from integrations.sandbox.hubspot_store import MODIFIED, NUMBERS, HubspotStore, Row, property_of


class BadFilter(ValueError):
    """A filter or sort that the vendor would answer with 400."""


def find(store: HubspotStore, kind: str, groups: list[JSON], sorts: list[JSON], query: str | None) -> list[Row]:
    """Return all live objects that match one of the groups (or everything), in order."""
    index = store.index(kind)
    table = store.rows[kind]
    if groups:
        found = [_group(store, kind, group.get("filters", [])) for group in groups]
        # Each group's ids are in order already; only several groups need to be put together.
        matched = found[0] if len(found) == 1 else sorted(set().union(*found))
        rows = [table[number] for number in matched]
    else:
        rows = [table[number] for number in index.live]
    if store.search_lag_ms:
        horizon = store.now() - store.search_lag_ms
        rows = [row for row in rows if row.modified <= horizon]
    if query:
        needle = query.lower()
        rows = [row for row in rows if any(needle in value.lower() for value in row.properties.values())]
    for sort in reversed(sorts):
        name = sort if isinstance(sort, str) else sort.get("propertyName", "")
        descending = (not isinstance(sort, str) and sort.get("direction") == "DESCENDING") or name.startswith("-")
        if name == "hs_object_id" and not descending and len(sorts) == 1:
            return rows
        rows.sort(key=partial(_sort_key, kind, name.lstrip("-")), reverse=descending)
    return rows


def _group(store: HubspotStore, kind: str, filters: list[JSON]) -> list[int]:
    index = store.index(kind)
    mask = np.ones(len(index.ids), dtype=bool)
    slow = []
    for rule in filters:
        column = {"hs_object_id": index.ids, "createdate": index.created, MODIFIED[kind]: index.modified}.get(
            rule.get("propertyName", "")
        )
        if column is None or rule.get("operator") not in ("EQ", "LT", "LTE", "GT", "GTE", "BETWEEN"):
            slow.append(rule)
        else:
            mask &= _compare(column, rule)
    numbers = [int(number) for number in index.ids[mask]]
    if not slow:
        return numbers
    table = store.rows[kind]
    return [number for number in numbers if all(_matches(kind, table[number], rule) for rule in slow)]


def _compare(column: "np.ndarray", rule: JSON) -> "np.ndarray":
    value = as_number(rule.get("value"))
    operator = rule["operator"]
    if operator == "BETWEEN":
        return np.asarray((column >= value) & (column <= as_number(rule.get("highValue"))))
    return np.asarray(
        {
            "EQ": column == value,
            "LT": column < value,
            "LTE": column <= value,
            "GT": column > value,
            "GTE": column >= value,
        }[operator]
    )


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
    if operator in ("LT", "LTE", "GT", "GTE", "BETWEEN"):
        return bool(_compare(np.array([as_number(have)]), rule)[0])
    raise BadFilter(f"unknown operator {operator!r}")


def _sort_key(kind: str, name: str, row: Row) -> tuple[int, float, str]:
    if name == "hs_object_id":
        return (0, row.id, "")
    if name == MODIFIED[kind]:
        return (0, row.modified, "")
    if name == "createdate":
        return (0, row.created, "")
    value = row.properties.get(name)
    if value is None:
        return (1, 0.0, "")
    return (0, float(value), "") if name in NUMBERS else (0, 0.0, value)
