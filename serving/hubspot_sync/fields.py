"""Which of our fields is which property at HubSpot, and how a value reads on either side. Nothing is sent."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Row

ToText: TypeAlias = Callable[[Any], str | None]
FromText: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``to_text`` gives None for what HubSpot can't know yet; ``from_text`` raises ValueError likewise.

    ``other`` is the kind that a reference names: it is no property but an association.
    """

    name: str
    property: str
    to_text: ToText
    from_text: FromText
    other: str | None = None

    def value_of(self, record: Row[Any]) -> Any:
        """The record's own value."""
        if self.name.startswith("custom."):
            return (record.custom or {}).get(self.name.removeprefix("custom."))
        return record._mapping[self.name]

    def ours(self, record: Row[Any]) -> str | None:
        """The record's value as HubSpot would write it."""
        return self.to_text(self.value_of(record))

    def theirs(self, text: str) -> str:
        """HubSpot's value in its one spelling.

        Raises:
            ValueError: it has no counterpart here.
        """
        return "" if text == "" else self.to_text(self.from_text(text)) or ""


@dataclass(frozen=True)
class Lookups:
    """What is known of a portal and a tenant when values are translated."""

    owner_of_email: Mapping[str, str]
    email_of_user: Mapping[UUID, str]
    stage_there: Mapping[UUID, tuple[str, str]]
    """Our stage to HubSpot's (pipeline, stage)."""
    custom_kinds: Mapping[str, str]
    """The tenant's own fields of the kind, with what they hold."""


DEFAULTS: dict[str, dict[str, str]] = {
    "contacts": {
        "email": "email", "first_name": "firstname", "last_name": "lastname", "phone": "phone",
        "job_title": "jobtitle", "language": "hs_language", "lifecycle_stage": "lifecyclestage",
        "owner_id": "hubspot_owner_id", "has_marketing_consent": "tekup_marketing_consent",
    },
    "companies": {
        "name": "name", "domain": "domain", "employee_count": "numberofemployees",
        "country": "country", "city": "city", "owner_id": "hubspot_owner_id",
    },
    "deals": {
        "name": "dealname", "amount_cents": "amount", "currency": "deal_currency_code", "stage_id": "dealstage",
        "expected_close_date": "closedate", "owner_id": "hubspot_owner_id",
    },
}  # fmt: skip
REFERENCES = {
    "contacts": {"company_id": "companies"},
    "companies": {},
    "deals": {"contact_id": "contacts", "company_id": "companies"},
}
OPT_OUT = "hs_email_optout"
"""HubSpot's word that a contact wants no marketing: it takes our consent away, whatever the rule."""
_LIFECYCLE = {
    "subscriber": "subscriber", "lead": "lead", "qualified": "marketingqualifiedlead", "opportunity": "opportunity",
    "customer": "customer", "evangelist": "evangelist", "other": "other",
}  # fmt: skip
_LIFECYCLE_HERE = {there: here for here, there in _LIFECYCLE.items()} | {"salesqualifiedlead": "qualified"}


def choose(kind: str, chosen: Mapping[str, str | None], known: set[str], lookups: Lookups) -> list[Field]:
    """The fields of a kind: the defaults and the tenant's own, as far as the portal has their properties."""
    wanted: dict[str, str | None] = dict(DEFAULTS[kind])
    wanted |= {f"custom.{name}": name for name in lookups.custom_kinds if name in known}
    wanted |= dict(chosen)
    taken: set[str] = set()
    found = []
    for name, there in wanted.items():
        if there is None or there not in known or there in taken:
            continue
        taken.add(there)
        to_text, from_text = _translation(name, lookups)
        found.append(Field(name, there, to_text, from_text))
    return found


def references(kind: str, ids_there: Mapping[str, Mapping[UUID, str]]) -> list[Field]:
    """The fields that name other records; ``ids_there`` has the objects of those that have one."""
    found = []
    for name, other in REFERENCES[kind].items():
        there = ids_there.get(other, {})
        here = {number: record for record, number in there.items()}
        found.append(Field(name, "", _sent_reference(there), _read_by(here), other))
    return found


def stages_alike(
    ours: Mapping[UUID, tuple[str, str, bool, bool]], pipelines: list[dict[str, Any]], chosen: Mapping[str, str]
) -> dict[UUID, tuple[str, str]]:
    """Each of our stages (pipeline, name, won, lost) to HubSpot's (pipeline, stage).

    As the tenant says, else by its name, in the pipeline of the same name first; else won to won and lost to lost.
    """
    there = [
        (str(pipeline["id"]), str(pipeline["label"]).casefold(), str(stage["id"]), str(stage["label"]).casefold(),
         _end_of(stage))
        for pipeline in pipelines
        for stage in pipeline["stages"]
    ]  # fmt: skip
    found: dict[UUID, tuple[str, str]] = {}
    for stage_id, (pipeline, name, is_won, is_lost) in ours.items():
        end = "won" if is_won else "lost" if is_lost else ""
        given = chosen.get(str(stage_id))
        ranked = [
            [one for one in there if given is not None and one[2] == given],
            [one for one in there if one[1] == pipeline.casefold() and one[3] == name.casefold()],
            [one for one in there if one[3] == name.casefold()],
            [one for one in there if end and one[4] == end],
        ]
        best = next((ones[0] for ones in (ranked[:1] if given is not None else ranked) if ones), None)
        if best is not None:
            found[stage_id] = (best[0], best[2])
    return found


def _end_of(stage: Mapping[str, Any]) -> str:
    told = stage.get("metadata") or {}
    if str(told.get("isClosed", "")).lower() != "true":
        return ""
    return "won" if float(told.get("probability") or 0) >= 1 else "lost"


def _translation(name: str, lookups: Lookups) -> tuple[ToText, FromText]:
    if name == "owner_id":
        return _owners(lookups)
    if name == "stage_id":
        there = {stage: number for stage, (_, number) in lookups.stage_there.items()}
        here = {number: stage for stage, number in reversed(there.items())}
        return (lambda value: there.get(value)), _read_by(here)
    if name.startswith("custom."):
        return _CUSTOM.get(lookups.custom_kinds.get(name.removeprefix("custom."), "text"), _TEXT)
    return _OWN.get(name, _TEXT)


def _owners(lookups: Lookups) -> tuple[ToText, FromText]:
    there = {user: lookups.owner_of_email.get(email.lower()) for user, email in lookups.email_of_user.items()}
    here = {number: user for user, number in there.items() if number is not None}
    return (lambda value: "" if value is None else there.get(value)), _read_by(here)


def _sent_reference(there: Mapping[UUID, str]) -> ToText:
    return lambda value: "" if value is None else there.get(value)


def _read_by(known: Mapping[str, Any]) -> FromText:
    def read(text: str) -> Any:
        if text not in known:
            raise ValueError("it has no counterpart here")
        return known[text]

    return read


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _read_text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("NUL")
    return text.strip()


def _cents_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{Decimal(value) / 100:f}".rstrip("0").rstrip(".") if value % 100 else str(value // 100)


def _read_cents(text: str) -> int:
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        raise ValueError("no number") from None
    if not cents.is_finite() or cents < 0:
        raise ValueError("no amount")
    return round(cents)


def _read_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _read_date(text: str) -> date:
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC).date()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(UTC).date()


def _read_lifecycle(text: str) -> str:
    return _LIFECYCLE_HERE.get(text, "other")


def _read_flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


_TEXT: tuple[ToText, FromText] = (_text, _read_text)
_FLAG: tuple[ToText, FromText] = (lambda value: "" if value is None else str(bool(value)).lower(), _read_flag)
_NUMBER: tuple[ToText, FromText] = (lambda value: "" if value is None else f"{value:.15g}", _read_number)
_DATE: tuple[ToText, FromText] = (lambda value: "" if value is None else value.isoformat(), _read_date)
_OWN: dict[str, tuple[ToText, FromText]] = {
    "email": (lambda value: _text(value).lower(), lambda text: text.strip().lower()),
    "domain": (lambda value: _text(value).lower(), lambda text: text.strip().lower()),
    "amount_cents": (_cents_text, _read_cents),
    "employee_count": (_text, lambda text: round(float(text))),
    "expected_close_date": _DATE,
    "lifecycle_stage": (lambda value: _LIFECYCLE.get(value, ""), _read_lifecycle),
    "has_marketing_consent": _FLAG,
}
_CUSTOM: dict[str, tuple[ToText, FromText]] = {
    "number": _NUMBER,
    "boolean": _FLAG,
    # a date of a tenant's own field is stored as text
    "date": (_text, lambda text: _read_date(text).isoformat()),
}
