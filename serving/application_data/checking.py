"""Judging an application's schema, and a document by it. Nothing here opens a database."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

LARGEST_SCHEMA, LARGEST_DOCUMENT = 64_000, 256_000
MOST_FAULTS = 20
_DEEPEST = 40
# a pattern of somebody's own can keep the process busy for hours, and a reference can lead out of the document
_REFUSED = {"pattern", "patternProperties", "$dynamicRef"}


class Unfit(Exception):
    """What can't be stored, with where and why: pairs of JSON pointer and sentence."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(faults)
        self.faults = faults


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON schema (2020-12), or asks for what we do not offer.

    Raises:
        Unfit: with each fault.
    """
    _measure(schema, LARGEST_SCHEMA)
    faults = [(path, f"{name} is not offered") for path, name, _ in _walk(schema, "") if name in _REFUSED]
    faults += [
        (path, "must refer into the schema itself: begin with #/$defs/")
        for path, name, value in _walk(schema, "")
        if name == "$ref" and not str(value).startswith("#/$defs/")
    ]
    if faults:
        raise Unfit(*faults[:MOST_FAULTS])
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Unfit((_pointer(error.absolute_path), error.message[:300])) from None
    except RecursionError:
        raise Unfit(("", "is nested too deeply")) from None


def check_document(schema: Mapping[str, Any], document: Any) -> None:
    """Refuse a document that is not as the schema says.

    Raises:
        Unfit: with the first faults.
    """
    _measure(document, LARGEST_DOCUMENT)
    faults: list[tuple[str, str]] = []
    try:
        for error in Draft202012Validator(schema).iter_errors(document):
            faults.append((_pointer(error.absolute_path), error.message[:300]))
            if len(faults) == MOST_FAULTS:
                break
    except RecursionError:
        faults.append(("", "the schema refers to itself without end"))
    if faults:
        raise Unfit(*faults)


def _measure(value: Any, most: int) -> None:
    if _depth(value) > _DEEPEST:
        raise Unfit(("", f"is nested more than {_DEEPEST} levels deep"))
    if b"\\u0000" in (text := orjson.dumps(value)):
        raise Unfit(("", "must not contain the NUL character"))
    if len(text) > most:
        raise Unfit(("", f"is larger than {most // 1000} kB"))


def _depth(value: Any) -> int:
    """Levels of a value, looked at only as far as it matters."""
    level, deep = [value], 0
    while level and deep <= _DEEPEST:
        deep += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deep


def _walk(node: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Every name in a schema with its pointer and value."""
    if isinstance(node, dict):
        for name, value in node.items():
            here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            yield here, name, value
            yield from _walk(value, here)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _walk(value, f"{path}/{place}")


def _pointer(path: Any) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
