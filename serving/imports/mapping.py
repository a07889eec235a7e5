"""Which column fills which field, and reading cells as the fields' values. Nothing is stored here."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel

from tekup.errors import BadInput

_KNOWN_AS: Mapping[str, str] = {
    "mail": "email", "e_mail": "email", "email_address": "email", "fornavn": "first_name", "efternavn": "last_name",
    "telefon": "phone", "mobil": "phone", "titel": "job_title", "stilling": "job_title", "sprog": "language",
    "navn": "name", "firma": "name", "virksomhed": "name", "domæne": "domain", "website": "domain",
    "branche": "industry",
    "ansatte": "employee_count", "employees": "employee_count", "land": "country", "by": "city", "beløb": "amount",
    "valuta": "currency", "fase": "stage_name", "stage": "stage_name", "ejer": "owner_email", "owner": "owner_email",
    "tag": "tags",
}  # fmt: skip
_YES, _NO = {"true", "yes", "ja", "1", "x"}, {"false", "no", "nej", "0"}


def fields_of(create: type[BaseModel], custom: Mapping[str, str], references: Mapping[str, str]) -> set[str]:
    """What a column may fill: the fields of a new record, own fields, and what finds another record by its name."""
    found = {name for name in create.model_fields if name != "custom"}
    found |= {f"custom.{name}" for name in custom} | set(references)
    return found | ({"amount"} if "amount_cents" in found else set())


def read_mapping(columns: list[str], wanted: Mapping[str, str] | None, fields: set[str]) -> dict[str, str]:
    """Column to field: as it is said, or else by the columns' names.

    Raises:
        BadInput: a column or a field is not there, or two columns fill one field.
    """
    if wanted is None:
        guessed: dict[str, str] = {}
        for column in columns:
            name = re.sub(r"\W+", "_", column.strip().lower()).strip("_")
            field = next((one for one in (name, _KNOWN_AS.get(name), f"custom.{name}") if one in fields), None)
            if field is not None and field not in guessed.values():
                guessed[column] = field
        wanted = guessed
    for column, field in wanted.items():
        if column not in columns:
            raise BadInput(f"the file has no column {column!r}", hint=f"its columns: {', '.join(columns)}")
        if field not in fields:
            raise BadInput(f"there is no field {field!r}", hint=f"choose among {', '.join(sorted(fields))}")
    if len(set(wanted.values())) < len(wanted):
        raise BadInput("two columns fill one field")
    if not wanted:
        raise BadInput(
            "no column fills a field", hint=f"say in `mapping` which does; fields: {', '.join(sorted(fields))}"
        )
    return dict(wanted)


def read_row(
    cells: Mapping[str, str], mapping: Mapping[str, str], custom: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a row by field, empty cells left out, and what can't be read."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for column, field in mapping.items():
        cell = cells.get(column, "")
        if not cell:
            continue
        try:
            if field.startswith("custom."):
                name = field.removeprefix("custom.")
                values.setdefault("custom", {})[name] = _custom(cell, custom[name])
            elif field == "tags":
                values["tags"] = [tag for tag in (part.strip() for part in re.split(r"[;,]", cell)) if tag]
            elif field == "amount":
                values["amount_cents"] = int((_number(cell) * 100).to_integral_value())
            elif field == "has_marketing_consent":
                values[field] = _yes(cell)
            else:
                values[field] = cell
        except ValueError as fault:
            faults[field] = str(fault)
    return values, faults


def _custom(cell: str, kind: str) -> Any:
    if kind == "number":
        number = _number(cell)
        return int(number) if number == number.to_integral_value() else float(number)
    return _yes(cell) if kind == "boolean" else cell


def _yes(cell: str) -> bool:
    if (word := cell.lower()) in _YES | _NO:
        return word in _YES
    raise ValueError("must be yes or no")


def _number(cell: str) -> Decimal:
    """A number with a decimal point or a decimal comma, with or without marks between thousands.

    >>> _number("1.234,50"), _number("1,234.50"), _number("12,5")
    (Decimal('1234.50'), Decimal('1234.50'), Decimal('12.5'))
    """
    text = re.sub(r"\s|kr\.?|DKK|EUR|€", "", cell)
    last = max(text.rfind(","), text.rfind("."))
    if last >= 0:
        mark = text[last]
        is_decimal = text.count(mark) == 1 and (len(text) - last - 1 != 3 or ("," in text and "." in text))
        whole = re.sub(r"[.,]", "", text[:last])
        text = f"{whole}.{text[last + 1 :]}" if is_decimal else re.sub(r"[.,]", "", text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not number.is_finite() or abs(number) >= 10**15:
        raise ValueError("must be a number below 10^15")
    return number
