"""What in the vendors' streams is a person, belongs to one, or tells of one. No row is read here."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson

from tekup.privacy.mentions import EMAIL, ERASED, PHONE, identifiers_in
from tekup.privacy.persons import Kind

IsErased: TypeAlias = Callable[[str, str], bool]
"""Whether an identifier, by kind and value, is an erased person's."""

PERSON_STREAMS: dict[tuple[str, str], Kind] = {
    ("hubspot", "contacts"): "hubspot",
    ("stripe", "customers"): "stripe",
    ("kit", "subscribers"): "kit",
}
"""Streams whose objects are persons: of an erased one only its id is left."""
ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks", "tickets")
"""HubSpot's objects that are about the contacts which they are associated with: they go with the contact."""
PERSON_PARTS: dict[tuple[str, str], tuple[Kind, int]] = {
    ("hubspot", "contact_companies"): ("hubspot", 0),
    ("hubspot", "deal_contacts"): ("hubspot", 1),
    ("hubspot", "list_memberships"): ("hubspot", 1),
    ("stripe", "tax_ids"): ("stripe", 0),
    ("kit", "tag_subscribers"): ("kit", 1),
    ("kit", "form_subscribers"): ("kit", 1),
    ("kit", "sequence_subscribers"): ("kit", 1),
}
"""Streams of pairs `parent:child` of which one part is a person's id, and which part."""
NAMED_PARTS = {("hubspot", "associations"), ("hubspot", "property_history")}
"""Streams of pairs whose parts name their kind, such as `contacts/101`."""
CONTENT_STREAMS = {("hubspot", "form_submissions")}
"""Streams whose rows are what a person said of himself: with his address in them they go whole."""

PERSONAL_KEYS = frozenset({
    "address", "billing_details", "business_name", "customer_address", "customer_details", "customer_email",
    "customer_name", "customer_phone", "customer_shipping", "customer_tax_ids", "email", "email_address", "first_name",
    "individual_name", "phone", "receipt_email", "shipping", "shipping_details",
})  # fmt: skip
"""Fields that go from a document that must be kept, such as an invoice, when whom it was made out to is erased."""
DOCUMENT_VENDORS = ("stripe", "kit")
"""Whose other objects are documents made out to a person. HubSpot's, such as deals, merely mention some."""
_CUSTOMER = re.compile(rb"\bcus_[A-Za-z0-9_]+")


def person_ids(vendor: str, stream: str, object_id: str) -> Iterator[tuple[str, str]]:
    """The identifiers of persons, and of objects that may have gone with one, which an object's id tells."""
    if kind := PERSON_STREAMS.get((vendor, stream)):
        yield kind, object_id
    elif part := PERSON_PARTS.get((vendor, stream)):
        yield part[0], object_id.split(":")[part[1]] if ":" in object_id else ""
    elif (vendor, stream) in NAMED_PARTS:
        for named in object_id.split(":"):
            kind_name, slash, number = named.partition("/")
            if slash and kind_name == "contacts":
                yield "hubspot", number
            elif slash and kind_name in ENGAGEMENTS:
                yield f"hubspot/{kind_name}", number
    elif vendor == "hubspot" and stream in ENGAGEMENTS:
        yield f"hubspot/{stream}", object_id


def mentions(payload: bytes, is_erased: IsErased) -> bool:
    """Whether a payload mentions an address, number or customer of somebody who is erased."""
    return any(is_erased(kind, found) for kind, found in identifiers_in(payload)) or any(
        is_erased("stripe", found.decode()) for found in _CUSTOMER.findall(payload)
    )


def redacted(vendor: str, payload: bytes, is_erased: IsErased) -> bytes:
    """JSON text without what tells of the erased; ids, amounts and times stay."""
    value = _without_mentions(orjson.loads(payload), is_erased)
    return orjson.dumps(without_person(value) if vendor in DOCUMENT_VENDORS else value)


def without_person(payload: Any) -> Any:
    """A document without the fields that tell of the person it was made out to."""
    if isinstance(payload, dict):
        # an event of Stripe's holds the customer itself, whose name is called just that
        gone = PERSONAL_KEYS | {"name", "description"} if payload.get("object") == "customer" else PERSONAL_KEYS
        return {key: _emptied(one) if key in gone else without_person(one) for key, one in payload.items()}
    if isinstance(payload, list):
        return [without_person(one) for one in payload]
    return payload


def _without_mentions(value: Any, is_erased: IsErased) -> Any:
    if isinstance(value, dict):
        return {key: _without_mentions(one, is_erased) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_mentions(one, is_erased) for one in value]
    if isinstance(value, str):
        value = EMAIL.sub(lambda hit: ERASED if is_erased("email", hit[0]) else hit[0], value)
        return PHONE.sub(lambda hit: ERASED if is_erased("phone", hit[0]) else hit[0], value)
    return value


def _emptied(value: Any) -> Any:
    """Nothing, in the value's own shape, so that whoever reads a field of it still finds an object or a list."""
    if isinstance(value, dict):
        return {}
    return [] if isinstance(value, list) else None
