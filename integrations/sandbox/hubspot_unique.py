"""Objects of a simulated portal by a property of which each value is one object's. It knows no HTTP."""

from collections.abc import Mapping

from integrations.sandbox.hubspot_account import HubspotAccount
from integrations.sandbox.hubspot_answers import invalid
from integrations.sandbox.hubspot_table import Row

UNIQUE = {"contacts": ("email", "tekup_id"), "companies": ("tekup_id",), "deals": ("tekup_id",)}
"""Properties of which no two live objects have the same value; only such a one can name an object of an upsert."""


def find_unique(account: HubspotAccount, kind: str, name: str, value: str) -> Row | None:
    """The live object with a value of a unique property.

    Raises:
        Refusal: the property is none.
    """
    if name not in UNIQUE.get(kind, ()):
        raise invalid(f"{name} is not a unique property of {kind}")
    return _index(account, kind, name).get(value.lower())


def _index(account: HubspotAccount, kind: str, name: str) -> Mapping[str, Row]:
    """Live objects by a unique property, made anew whenever the kind's table has changed."""
    table = account.store.table(kind)
    kept: tuple[int, dict[str, Row]] | None = account.unique.get((kind, name))
    if kept is None or kept[0] != table.revision:
        rows = (table[number] for number in table.live)
        kept = (table.revision, {row.properties[name].lower(): row for row in rows if row.properties.get(name)})
        account.unique[kind, name] = kept
    return kept[1]
