"""What still mentions a person, in any text, JSON or list of any table: the mention goes, the rest stays."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb

from tekup.privacy.persons import Kind, Person
from tekup.privacy.relations import Column, Relation

ERASED = "[erased]"
EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w.-]{1,255}\.[^\W\d_]{2,24}")
PHONE = re.compile(r"(?<![\w+])\+?[0-9][0-9 ()./-]{6,20}[0-9](?!\w)")
# of the many numbers in a JSON text only those that are a whole value are looked up
_QUOTED_PHONE = re.compile(r"(?<=\")\+?[0-9][0-9 ()./-]{6,20}[0-9](?=\")")
_TEXTS = {"text", "character varying", "json", "jsonb", "text[]"}
_BETWEEN_DIGITS = r"[ ./()-]{0,2}"


def identifiers_in(payload: bytes) -> Iterator[tuple[Kind, str]]:
    """The addresses and numbers that stand in JSON."""
    text = payload.decode(errors="replace")
    yield from (("email", found) for found in EMAIL.findall(text))
    yield from (("phone", found) for found in _QUOTED_PHONE.findall(text))


@dataclass(frozen=True, slots=True)
class Needles:
    """How a person may be mentioned: ``loose`` finds candidates in SQL, ``exact`` decides."""

    loose: str
    exact: re.Pattern[str]

    def redact(self, value: Any) -> Any:
        """The value without mentions, in whatever it nests."""
        if isinstance(value, str):
            return self.exact.sub(ERASED, value)
        if isinstance(value, list):
            return [self.redact(one) for one in value]
        if isinstance(value, Mapping):
            return {self.redact(key): self.redact(one) for key, one in value.items()}
        return value


def needles_of(person: Person, *, shared: Iterable[str] = ()) -> Needles | None:
    """The needles of a person; None where nothing that can be mentioned is known.

    ``shared`` are names and numbers that somebody else bears as well: of those a mention may mean the other. A name
    of one word is too common to tell anybody.
    """
    skipped = set(shared)
    words = {*person.of("email"), *person.of("cookie")}
    words |= {name for name in person.of("name") if len(name.split()) > 1 and name not in skipped}
    numbers = [number for number in person.of("phone") if number not in skipped]
    patterns = [re.escape(word) for word in sorted(words, key=len, reverse=True)]
    patterns += [_BETWEEN_DIGITS.join(number) for number in numbers]
    if not patterns:
        return None
    exact = re.compile(r"(?<![\w.+@-])(?:" + "|".join(patterns) + r")(?![\w@]|[.-]\w)", re.IGNORECASE)
    spellings = {form for word in words for form in (word, word.lower(), word.upper(), word.title())}
    loose = "|".join([*(_quoted(form) for form in sorted(spellings)), *(_BETWEEN_DIGITS.join(n) for n in numbers)])
    return Needles(loose, exact)


def sweep_relation(
    connection: psycopg.Connection, relation: Relation, needles: Needles, tenant_id: UUID, *, mends: bool
) -> int:
    """Count the tenant's rows that mention the person, and where ``mends`` take the mentions out."""
    texts = [column for column in relation.columns if column.kind in _TEXTS and not column.is_generated]
    if not texts:
        return 0
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in texts)
    query = sql.SQL("select ctid::text, {} from {} as t where tenant_id = {} and ({}) {}").format(
        names,
        relation.identifier,
        tenant_id,
        sql.SQL(" or ").join(
            sql.SQL("{}::text ~* {}").format(sql.Identifier(column.name), needles.loose) for column in texts
        ),
        sql.SQL("for update" if mends else ""),
    )
    found = 0
    for place, *values in connection.execute(query).fetchall():
        redacted = [needles.redact(value) for value in values]
        if redacted == values:
            continue
        found += 1
        if mends:
            _write(connection, relation, texts, redacted, tenant_id, place)
    return found


def _write(
    connection: psycopg.Connection,
    relation: Relation,
    columns: list[Column],
    values: list[Any],
    tenant_id: UUID,
    place: str,
) -> None:
    changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column.name)) for column in columns)
    adapted = [
        value if value is None or column.kind not in ("json", "jsonb") else _json(column.kind, value)
        for column, value in zip(columns, values, strict=True)
    ]
    connection.execute(
        sql.SQL("update {} set {} where tenant_id = %s and ctid = %s::tid").format(relation.identifier, changes),
        (*adapted, tenant_id, place),
    )


def _json(kind: str, value: Any) -> Json | Jsonb:
    return (Jsonb if kind == "jsonb" else Json)(value, dumps=lambda told: json.dumps(told, ensure_ascii=False))


def _quoted(word: str) -> str:
    """The word as a pattern of PostgreSQL; in JSON and in rows, quotes and backslashes are spelled otherwise."""
    return "".join(letter if letter.isalnum() or letter in " @" else "." for letter in word)
