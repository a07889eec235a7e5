"""The trail as a file of JSON lines: sealed, to be verified by anybody with the public key, or for a SIEM.

Where entries come from is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tekup.audit.seals import Sealed, canonical
from tekup.audit.verification import Segment, Stored
from tekup.errors import BadInput

_VERSION = "1.5.0"
"""Of OCSF; API Activity is class 6003 there."""
_ACTIVITIES = {"create": 1, "read": 2, "write": 3, "delete": 4}


def sealed_lines(segments: Iterable[Segment]) -> Iterator[bytes]:
    """Each segment's entries, then its seal."""
    for segment in segments:
        for entry in segment.entries or ():
            yield b'{"entry":' + entry.content + b"}\n"
        yield canonical({"seal": _seal_json(segment.seal), "removed": segment.entries is None}) + b"\n"


def read_segments(lines: Iterable[bytes]) -> Iterator[Segment]:
    """What `sealed_lines` wrote.

    Raises:
        BadInput: a line is none of it.
    """
    waiting: list[Stored] = []
    for number, line in enumerate(lines, 1):
        try:
            read = orjson.loads(line)
            if "entry" in read:
                waiting.append(Stored(UUID(read["entry"]["id"]), canonical(read["entry"])))
                continue
            seal = _read_seal(read["seal"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(f"line {number} is no line of an exported trail") from None
        yield Segment(seal, None if read.get("removed") and not waiting else waiting)
        waiting = []
    if waiting:
        raise BadInput(f"the last {len(waiting)} entries have no seal", hint="export the trail again")


def _seal_json(seal: Sealed) -> dict[str, Any]:
    return {
        "database": seal.database,
        "tenant_id": str(seal.tenant_id),
        "number": seal.number,
        "horizon": seal.horizon,
        "entry_ids": [str(one) for one in seal.entry_ids],
        "leaves": [leaf.hex() for leaf in seal.leaves],
        "root": seal.root.hex(),
        "previous": seal.previous.hex(),
        "sealed_at": seal.sealed_at,
        "key_id": seal.key_id,
        "signature": seal.signature.hex(),
    }


def _read_seal(read: Mapping[str, Any]) -> Sealed:
    return Sealed(
        database=read["database"],
        tenant_id=UUID(read["tenant_id"]),
        number=read["number"],
        horizon=read["horizon"],
        entry_ids=tuple(UUID(one) for one in read["entry_ids"]),
        leaves=tuple(bytes.fromhex(leaf) for leaf in read["leaves"]),
        root=bytes.fromhex(read["root"]),
        previous=bytes.fromhex(read["previous"]),
        sealed_at=read["sealed_at"],
        key_id=read["key_id"],
        signature=bytes.fromhex(read["signature"]),
    )


def to_ecs(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as an event of the Elastic Common Schema."""
    return _without_empty(
        {
            "@timestamp": entry["occurred_at"],
            "ecs": {"version": "8.17.0"},
            "event": {
                "id": entry["id"],
                "kind": "event",
                "category": ["database"],
                "type": [_ecs_type(entry["action"])],
                "action": entry["action"],
                "outcome": "success" if entry["outcome"] == "done" else "failure",
                "reason": entry["purpose"],
                "provider": "tekup",
            },
            "organization": {"id": entry["tenant_id"]},
            "user": {"id": entry["actor_id"], "roles": [entry["actor_kind"]]},
            "source": {"address": entry["address"]},
            "http": {"request": {"id": entry["request_id"]}},
            "trace": {"id": entry["trace_id"]},
            "url": {"path": (entry["route"] or "").partition(" ")[2] or None},
            "tekup": _particulars(entry),
        }
    )


def to_ocsf(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as an API Activity (class 6003) of the Open Cybersecurity Schema Framework."""
    activity = _ACTIVITIES.get(entry["action"].rpartition(".")[2], 99)
    milliseconds = _milliseconds(entry["occurred_at"])
    return _without_empty(
        {
            "metadata": {
                "version": _VERSION,
                "uid": entry["id"],
                "product": {"name": "TekUp", "vendor_name": "TekUp"},
                "tenant_uid": entry["tenant_id"],
                "correlation_uid": entry["trace_id"],
            },
            "category_uid": 6,
            "class_uid": 6003,
            "activity_id": activity,
            "type_uid": 600_300 + activity,
            "activity_name": entry["action"] if activity == 99 else None,
            "time": milliseconds,
            "severity_id": 1 if entry["outcome"] == "done" else 2,
            "status_id": 1 if entry["outcome"] == "done" else 2,
            "actor": {"user": {"uid": entry["actor_id"], "type": entry["actor_kind"]}},
            "api": {"operation": entry["route"] or entry["action"], "request": {"uid": entry["request_id"]}},
            "src_endpoint": {"ip": entry["address"] or "0.0.0.0"},  # OCSF's word for an unknown address
            "unmapped": _particulars(entry) | {"purpose": entry["purpose"]},
        }
    )


def _particulars(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entity_type": entry["entity_type"],
        "entity_id": entry["entity_id"],
        "item_ids": entry["item_ids"],
        "item_count": int(entry["item_count"]) if entry["item_count"] is not None else None,
        "recorded_by": entry["recorded_by"],
        "details": orjson.loads(entry["details"]),
    }


def _ecs_type(action: str) -> str:
    word = action.rpartition(".")[2]
    return {"read": "access", "create": "creation", "delete": "deletion"}.get(word, "change")


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _without_empty(value: dict[str, Any]) -> dict[str, Any]:
    """The same without nulls and without what is then empty."""
    kept = {}
    for name, one in value.items():
        held = _without_empty(one) if isinstance(one, dict) else one
        if held is not None and held != {} and held != [None]:
            kept[name] = held
    return kept
