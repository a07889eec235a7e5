"""One person as a tenant's systems know him: identifiers by kind. Where they are looked for is not decided here."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from tekup.errors import BadInput

Kind: TypeAlias = Literal["email", "phone", "name", "cookie", "contact", "lead", "hubspot", "stripe", "kit", "person"]
"""Contact and lead are ids of the operational database, person is the marts' `person_id`, the vendors' are theirs."""
KINDS: tuple[Kind, ...] = get_args(Kind)
_PHONE_DIGITS = 8
"""Numbers are compared by their last digits: with and without the country's prefix they are one."""
_EMAIL = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[^\s@<>\"',;]+")


class NoSuchPerson(BadInput):
    """Nothing is known of this subject."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is known by; ``ids`` are normalised values by kind."""

    ids: Mapping[Kind, frozenset[str]]

    def of(self, kind: Kind) -> frozenset[str]:
        """The identifiers of one kind."""
        return self.ids.get(kind, frozenset())

    def extended(self, found: Iterable[tuple[Kind, str | None]]) -> "Person":
        """The same person with further identifiers; empty ones are left out."""
        ids = {kind: set(values) for kind, values in self.ids.items()}
        for kind, value in found:
            if value and (told := normalised(kind, value)):
                ids.setdefault(kind, set()).add(told)
        return Person({kind: frozenset(values) for kind, values in ids.items()})

    def __iter__(self) -> Iterator[tuple[Kind, str]]:
        for kind in KINDS:
            for value in sorted(self.of(kind)):
                yield kind, value

    def as_json(self) -> str:
        """The identifiers as JSON, which `from_json` reads."""
        return json.dumps({kind: sorted(self.of(kind)) for kind in KINDS if self.of(kind)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Person":
        """A person that `as_json` wrote."""
        return cls({kind: frozenset(values) for kind, values in json.loads(text).items()})


def normalised(kind: Kind, value: str) -> str | None:
    """The one spelling of an identifier; None for what is none."""
    text = value.strip()
    if kind == "email":
        return text.lower() if _EMAIL.fullmatch(text) else None
    if kind == "phone":
        digits = re.sub(r"\D", "", text)
        return digits[-_PHONE_DIGITS:] if len(digits) >= _PHONE_DIGITS else None
    if kind in ("contact", "lead"):
        try:
            return str(UUID(text))
        except ValueError:
            return None
    return text or None


def parse_subject(subject: str) -> Person:
    """Whom a request names: an e-mail, a number, the id of a lead or contact, or ``kind:value``.

    Raises:
        BadInput: it is none of these.
    """
    text = subject.strip()
    kind, colon, value = text.partition(":")
    if colon and kind in KINDS and kind != "name" and (told := normalised(kind, value)):  # type: ignore[arg-type]
        return Person({kind: frozenset([told])})  # type: ignore[dict-item]  # proven to be a kind
    guesses: tuple[tuple[Kind, ...], ...] = (("email",), ("contact", "lead"), ("phone",))
    for kinds in guesses:
        found = Person({}).extended((one, text) for one in kinds)
        if found.ids:
            return found
    raise BadInput(
        "the subject is no identifier of a person",
        hint="give an e-mail, a phone number, the id of a lead or contact, or kind:value with a kind of "
        + ", ".join(k for k in KINDS if k != "name"),
    )
