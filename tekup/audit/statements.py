"""What analysts asked by SQL, taken from the server's own log into the trail.

The server writes the line before it runs the statement and whatever becomes of the transaction, so that no ROLLBACK
takes it back; a session of an analyst can't switch it off. How analysts log in is `tekup.directory.analysts`'.
"""

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import structlog

from tekup.audit.record import Entry, Outcome, insert_statement
from tekup.db import Database, Doors, Role, bound
from tekup.directory.analysts import PREFIX, analyst_of
from tekup.directory.tenants import list_tenants

_LONGEST = 4_000
_BATCH = 500
_READ = 4 << 20
_REFUSED = "42501"
_PREFIXES = ("statement: ", "execute ")
# these alone read nothing; a text that holds anything more is told
_CONTROL = frozenset(
    [
        "begin",
        "commit",
        "rollback",
        "end",
        "start",
        "set",
        "reset",
        "show",
        "discard",
        "deallocate",
        "close",
        "savepoint",
        "release",
    ]
)
# what a literal is, as PostgreSQL's own scanner has it with its default settings; one that is open is one to the end
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*)
    |(?P<literal>
        [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
        |(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|\Z)
        |\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        |\$\d+
        |(?:\d[\d_]*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d+)?\w*
    )
    |(?P<name>"(?:[^"]|"")*"?)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_log = structlog.get_logger("tekup.audit")


@dataclass(frozen=True, slots=True)
class Folded:
    """What one round took."""

    entries: int
    lines: int


def log_folder(doors: Doors) -> Path | None:
    """Where the warehouse's server writes JSON lines: the embedded one's folder, or the one that the settings name."""
    if doors.settings.audit_sql_log is not None:
        return doors.settings.audit_sql_log
    return doors.settings.home_path / "postgres" / "log" if doors.settings.warehouse_url is None else None


def fold_statements(doors: Doors) -> Folded:
    """Take what is new in the server's log into the trail; may be repeated and broken off at any point.

    An entry's id follows from its line, so that a line that is read twice is one entry. Files of the embedded server
    that are read to their end are deleted once a newer one is there.
    """
    folder = log_folder(doors)
    if folder is None or not folder.is_dir():
        return Folded(0, 0)
    state = doors.settings.home_path / "audit" / "sql.json"
    positions = _read_state(state)
    entries = lines = 0
    files = sorted(folder.glob("*.json"), key=lambda one: one.name)
    doors = doors.without_trail(reason="these are entries themselves")
    known = {tenant.id for tenant in list_tenants(doors)}  # of a tenant that was deleted nothing may come back
    with doors.connect(Database.WAREHOUSE, Role.APP) as connection:
        for file in files:
            begin = positions.get(file.name, 0)
            for told, end, count in _batches(file, begin, doors.settings.audit_sql):
                entries += _write(connection, [entry for entry in told if entry.tenant_id in known])
                lines += count
                positions[file.name] = end
                _write_state(state, positions)
            if file is not files[-1] and doors.settings.audit_sql_log is None:
                file.unlink(missing_ok=True)
    _write_state(state, {name: end for name, end in positions.items() if (folder / name).exists()})
    return Folded(entries, lines)


def _batches(file: Path, begin: int, share: float) -> Iterator[tuple[list[Entry], int, int]]:
    """Whole lines of the file from a position on: the entries, where they end, and how many lines."""
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        return  # another process took it to its end
    with opened:
        if opened.seek(0, os.SEEK_END) < begin:
            begin = 0  # a new file of that name
        opened.seek(begin)
        while True:
            block = opened.readlines(_READ)
            if block and not block[-1].endswith(b"\n"):
                block.pop()  # the server is still writing it
            if not block:
                return
            begin += sum(map(len, block))
            opened.seek(begin)
            yield list(entries_of(block, share)), begin, len(block)


def entries_of(lines: Iterable[bytes], share: float = 1.0) -> Iterator[Entry]:
    """The entries that lines of the server's log give: one for a statement, one more where it failed.

    ``share`` of the statements is told, which ones follows from the lines; refused and failed ones are told always.
    """
    for line in lines:
        if PREFIX.encode() not in line:
            continue
        try:
            entry = _entry(json.loads(line))
        except (ValueError, KeyError, TypeError):
            _log.warning("a line of the server's log can't be read", length=len(line))
            continue
        if entry is not None and (entry.outcome != "done" or entry.id.bytes[-1] / 256 < share):
            yield entry


def _entry(line: dict[str, Any]) -> Entry | None:
    found = analyst_of(str(line.get("user", "")))
    if found is None:
        return None
    tenant_id, name = found
    severity, message = line["error_severity"], str(line.get("message", ""))
    outcome: Outcome = "done"
    if severity == "LOG" and message.startswith(_PREFIXES):
        statement = message.partition(": ")[2]
        # a prepared statement's text stands in the detail where it is executed by name
        statement += f" /* {line['detail']} */" if str(line.get("detail", "")).startswith("prepare: ") else ""
    elif severity in ("ERROR", "FATAL") and line.get("statement"):
        statement, outcome = str(line["statement"]), "refused" if line.get("state_code") == _REFUSED else "failed"
    else:
        return None
    told = without_values(statement)
    if outcome == "done" and told.split(" ")[0] in _CONTROL and ";" not in told.rstrip("; "):
        return None
    return Entry(
        tenant_id=tenant_id,
        id=_id_of(line),
        actor_kind="analyst",
        actor_id=name,
        action="sql.read",
        entity_type=_relations(told),
        outcome=outcome,
        address=str(line.get("remote_host", "local")).replace("[local]", "local"),
        request_id=f"{line['session_id']}/{line['line_num']}",
        route="SQL",
        details={
            "statement": told[:_LONGEST],
            "at": str(line["timestamp"]),
            "application": str(line.get("application_name", ""))[:64],
            **({"error": line["state_code"]} if outcome != "done" else {}),
        },
    )


def _id_of(line: dict[str, Any]) -> UUID:
    """The same for the same line, so that it is taken once."""
    told = f"{line['session_id']} {line['line_num']} {line['timestamp']} {line['user']}"
    number = int.from_bytes(hashlib.sha256(told.encode()).digest()[:16])
    # version 8 and the variant of RFC 9562
    return UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | 8 << 76 | 0b10 << 62)


def without_values(statement: str) -> str:
    """The statement in small letters with every literal as ``?`` and no comment: what was asked, and of nobody.

    >>> without_values("SELECT grade  FROM marts.fct_lead WHERE email = 'a@b.dk' -- why")
    'select grade from marts.fct_lead where email = ?'
    """
    parts: list[str] = []
    at = 0
    while at < len(statement):
        if statement.startswith("/*", at):
            at, part = _end_of_comment(statement, at), " "
        else:
            found = _TOKEN.match(statement, at)
            assert found is not None  # the last alternative takes any character
            at = found.end()
            part = {"comment": " ", "space": " ", "literal": "?"}.get(found.lastgroup or "", found[0])
            if found.lastgroup == "word":
                part = part.lower()
        if part != " " or (parts and parts[-1] != " "):
            parts.append(part)
    return "".join(parts).strip()


def _end_of_comment(statement: str, at: int) -> int:
    """Behind a comment of PostgreSQL, in which there may be others."""
    depth = 0
    for found in re.compile(r"/\*|\*/").finditer(statement, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(statement)


def _relations(statement: str) -> str | None:
    """The marts that a statement names."""
    found = re.findall(r"\b(?:marts|masked)\.\"?(\w+)", statement)
    return ",".join(dict.fromkeys(found))[:500] or None


def _write(connection: psycopg.Connection[Any], entries: list[Entry]) -> int:
    written = 0
    by_tenant: dict[UUID, list[Entry]] = {}
    for entry in entries:
        by_tenant.setdefault(entry.tenant_id, []).append(entry)
    statement = (insert_statement(Database.WAREHOUSE) + " on conflict do nothing").encode()
    for tenant_id, own in by_tenant.items():
        for start in range(0, len(own), _BATCH):
            with bound(connection, tenant_id):
                for entry in own[start : start + _BATCH]:
                    written += connection.execute(statement, entry.values()).rowcount
    return written


def _read_state(path: Path) -> dict[str, int]:
    try:
        return {str(name): int(end) for name, end in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}  # everything is read again, which writes nothing twice


def _write_state(path: Path, positions: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # several processes take the log at once: the positions of one of them stay, and what it did not read is read again
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_text(json.dumps(positions))
    temporary.replace(path)
