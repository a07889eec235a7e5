"""Which kinds of objects a portal has, how they belong together, and the vendor's limits. It sends nothing."""

from dataclasses import dataclass

from integrations.source import JSON

LIST_SIZE = 100
HISTORY_SIZE = 50
"""With property histories the vendor tells at most so many objects a call."""
SEARCH_SIZE = 200
BATCH_SIZE = 100
ASSOCIATION_BATCH = 1_000
STEP_ROWS = 1_000
"""Objects that are told on one page where associations are read with them: as many as one batch of those takes."""
URL_CHARACTERS = 12_000
"""Property names beyond this are asked for by batch reads, whose bodies have no such limit."""
LONG_HISTORY = 10
"""A history of so many versions is also kept version by version: the vendor tells the latest 20 or so alone."""
BIN_DAYS = 90.0
"""For how long archived objects can be seen in the recycle bin."""

ASSOCIATIONS, HISTORY = "associations", "property_history"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: ``name`` as in paths, ``pairs`` the kinds whose associations are read from this end.

    ``tracked`` are the properties whose versions are kept. ``label`` is the name of a kind whose ``name`` is a type id.
    """

    name: str
    pairs: tuple[str, ...] = ()
    tracked: tuple[str, ...] = ()
    label: str = ""

    @property
    def is_custom(self) -> bool:
        """Whether the portal's owner has made this kind."""
        return bool(self.label)

    @property
    def modified(self) -> str:
        """The property that says when an object last changed."""
        return "lastmodifieddate" if self.name == "contacts" else "hs_lastmodifieddate"

    @property
    def sides(self) -> tuple[str, ...]:
        """The streams that its pages fill as well."""
        tables = dict.fromkeys(association_stream(self.name, other) for other in self.pairs)
        return (*tables, HISTORY) if self.tracked else tuple(tables)

    def object_id(self, number: str) -> str:
        """Return the stored id of an object: all custom kinds share one table."""
        return f"{self.name}/{number}" if self.is_custom else number


_PEOPLE = ("contacts", "companies", "deals", "tickets")
_OWN_STREAMS = {
    ("deals", "contacts"): "deal_contacts",
    ("deals", "companies"): "deal_companies",
    ("contacts", "companies"): "contact_companies",
}
# One direction per pair: the other end is told by this one. Products are tied to line items by a property.
_KINDS = (
    Kind("contacts", ("companies",), ("lifecyclestage", "hs_lead_status", "hubspot_owner_id")),
    Kind("companies", ("companies",)),
    Kind(
        "deals",
        ("contacts", "companies", "line_items", "quotes"),
        ("dealstage", "amount", "closedate", "pipeline", "hubspot_owner_id"),
    ),
    Kind("tickets", ("contacts", "companies", "deals"), ("hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id")),
    Kind("products"),
    Kind("line_items"),
    Kind("quotes", ("contacts", "companies", "line_items")),
    Kind("calls", _PEOPLE),
    Kind("emails", _PEOPLE),
    Kind("meetings", _PEOPLE),
    Kind("notes", _PEOPLE),
    Kind("tasks", _PEOPLE),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}

_TYPE_IDS = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}


def association_stream(kind: str, other: str) -> str:
    """Return the stream that keeps the associations of a pair."""
    return _OWN_STREAMS.get((kind, other), ASSOCIATIONS)


def custom_kind(schema: JSON) -> Kind:
    """Return the kind that a schema of the portal describes."""
    own = str(schema["objectTypeId"])
    others = set()
    for association in schema.get("associations") or ():
        if str(association.get("fromObjectTypeId")) != own:
            continue
        other = str(association.get("toObjectTypeId"))
        if other in _TYPE_IDS:
            others.add(_TYPE_IDS[other])
        elif other.startswith("2-") and other >= own:
            others.add(other)
    return Kind(own, tuple(sorted(others)), label=str(schema.get("name") or own))
