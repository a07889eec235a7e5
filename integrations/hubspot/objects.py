"""A page of objects as the vendor tells it, cut into the objects' own bytes. What becomes of them is in `records`.

Parsing every property of every object, only to write it again as JSON, was most of a pull's CPU time: what says how an
object stands is read, and the rest is stored as it came.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import orjson

from integrations.hubspot.portal import next_page
from integrations.retry import read_json
from integrations.source import JSON


class _Standing(msgspec.Struct, gc=False):
    hs_merged_object_ids: Any = None
    hs_gdpr_deleted: Any = None


class Object(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One object, by the names that the vendor gives its fields; ``payload`` is its JSON.

    An object with any field that is not named here is read as a whole.
    """

    id: str
    properties: _Standing
    updatedAt: datetime | None = None
    archived: bool = False
    archivedAt: datetime | None = None
    propertiesWithHistory: msgspec.Raw = msgspec.Raw()
    createdAt: Any = None
    url: Any = None
    payload: bytes = msgspec.field(default=b"", name="")

    @property
    def modified(self) -> datetime | None:
        """When it last changed, or went."""
        return self.archivedAt if self.archived else self.updatedAt

    @property
    def is_erased(self) -> bool:
        """Whether the vendor keeps nothing of it but its id, after a deletion under data protection law."""
        told = self.properties.hs_gdpr_deleted
        return told is not None and str(told).lower() == "true"

    @property
    def merged(self) -> list[str]:
        """The ids of the objects that were merged into it."""
        text = self.properties.hs_merged_object_ids
        return [old for old in str(text).split(";") if old and old != self.id] if text else []


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The objects of one answer, the token of the next page, what the vendor could not tell, and the fields' names.

    A list tells no property that was not asked for: the names of properties are those of the first object.
    """

    objects: list[Object]
    after: str | None
    errors: list[JSON]
    fields: set[str]


class _Answer(msgspec.Struct, gc=False):
    results: list[Object]
    paging: Any = None
    errors: Any = None


class _Texts(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]


_ANSWER, _TEXTS = msgspec.json.Decoder(_Answer), msgspec.json.Decoder(_Texts)


def read_objects(body: bytes) -> ObjectPage:
    """Return what an answer of a list or of a batch tells.

    Raises:
        ValueError: it is no JSON, or tells no objects.
    """
    # half a surrogate pair or a NUL is written as an escape, and the parser looks at no letter of what it leaves out
    if b"\\" not in body or b"\\u" not in body:
        try:
            body.decode()
            answer, texts = _ANSWER.decode(body), _TEXTS.decode(body).results
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        else:
            for found, text in zip(answer.results, texts, strict=True):
                found.payload = bytes(text)
            fields = _fields(orjson.loads(answer.results[0].payload)) if texts else set()
            return ObjectPage(answer.results, next_page({"paging": answer.paging}), answer.errors or [], fields)
    return _read_whole(read_json(body))


def with_merged(found: Object, number: str) -> Object:
    """Return the object as one that says of itself that ``number`` was merged into it."""
    told = orjson.loads(found.payload)
    told["properties"]["hs_merged_object_ids"] = ";".join(dict.fromkeys((*found.merged, number)))
    return object_of(told)


def object_of(told: JSON) -> Object:
    """Return an object from its parsed JSON."""
    properties, history = told.get("properties") or {}, told.get("propertiesWithHistory")
    return Object(
        told["id"],
        _Standing(properties.get("hs_merged_object_ids"), properties.get("hs_gdpr_deleted")),
        instant(told.get("updatedAt")),
        bool(told.get("archived")),
        instant(told.get("archivedAt")),
        msgspec.Raw(orjson.dumps(history) if history else b""),
        payload=payload_of(told),
    )


def instant(text: str | None) -> datetime | None:
    """Return the vendor's ISO text as an aware instant."""
    return datetime.fromisoformat(text) if text else None


def payload_of(value: JSON) -> bytes:
    """Return the JSON of a value, the same in whatever order it was told."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _read_whole(answer: JSON) -> ObjectPage:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise ValueError("the answer tells no objects")
    fields: set[str] = set()
    for told in answer["results"]:
        fields |= _fields(told)
    objects = [object_of(told) for told in answer["results"]]
    return ObjectPage(objects, next_page(answer), answer.get("errors") or [], fields)


def _fields(told: JSON) -> set[str]:
    return {*told, *(f"properties.{name}" for name in told.get("properties") or ())}
