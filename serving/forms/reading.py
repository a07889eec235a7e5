"""Reading answers: each as its field's kind, and what of them is the lead's. Nothing is stored here."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from serving.crm.schemas import email_address
from serving.forms.schemas import FormField

MOST_TEXT, MOST_LONG_TEXT = 500, 20_000


def read_answers(fields: list[FormField], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The answers that can be used, by field, and what is wrong with the others."""
    known = {field.name: field for field in fields}
    read: dict[str, Any] = {}
    faults = dict.fromkeys(sorted(given.keys() - known.keys()), "no such field")
    for name, field in known.items():
        value = given.get(name)
        if value is None or value == "" or (field.kind == "checkbox" and value is False):
            if field.is_required:
                faults[name] = "is required"
            continue
        try:
            read[name] = _KINDS[field.kind](value, field)
        except ValueError as fault:
            faults[name] = str(fault)
    return read, faults


def lead_values(fields: list[FormField], read: Mapping[str, Any]) -> dict[str, Any]:
    """The lead's fields that the answers fill."""
    return {f.lead_column: read[f.name] for f in fields if f.lead_column is not None and f.name in read}


def other_answers(fields: list[FormField], read: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that fill no field of the lead."""
    return {f.name: read[f.name] for f in fields if f.lead_column is None and f.name in read}


def _text(value: Any, field: FormField) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    most = MOST_LONG_TEXT if field.kind == "long_text" else MOST_TEXT
    text = value.strip()
    if len(text) > most:
        raise ValueError(f"must have at most {most} characters")
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("must be valid text")
    return text


def _email(value: Any, field: FormField) -> str:
    return email_address(_text(value, field))


def _phone(value: Any, field: FormField) -> str:
    text = _text(value, field)
    if not 6 <= len(re.sub(r"\D", "", text)) <= 15 or re.search(r"[^\d\s()+./-]", text):
        raise ValueError("must be a phone number")
    return text


def _number(value: Any, field: FormField) -> int | float:
    if isinstance(value, str):
        try:
            value = int(value) if re.fullmatch(r"\s*-?\d{1,15}\s*", value) else float(value)
        except ValueError:
            raise ValueError("must be a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise ValueError("must be a number")
    if field.lead_column == "employee_count" and (value != int(value) or not 0 <= value < 2**31):
        raise ValueError("must be a whole number")
    return int(value) if field.lead_column == "employee_count" else value


def _choice(value: Any, field: FormField) -> str:
    if value not in field.choices:
        raise ValueError(f"must be one of {', '.join(field.choices)}")
    return str(value)


def _checkbox(value: Any, field: FormField) -> bool:
    if value is not True:
        raise ValueError("must be true or false")
    return True


def _country(value: Any, field: FormField) -> str:
    text = _text(value, field).upper()
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise ValueError("must be a country's two letters, such as DK")
    return text


_KINDS: Mapping[str, Callable[[Any, FormField], Any]] = {
    "text": _text,
    "long_text": _text,
    "email": _email,
    "phone": _phone,
    "number": _number,
    "choice": _choice,
    "checkbox": _checkbox,
    "country": _country,
}
