"""Holding names to the rules, and putting them into a link. Nothing here opens a database."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from serving.links.schemas import NamePart, UtmRulesUpdate

_WORD = re.compile(r"[a-z0-9æøå]+")
_KINDS = {"word": (_WORD, "letters and digits"), "year": (re.compile(r"20\d\d"), "a year such as 2026"),
          "month": (re.compile(r"0[1-9]|1[0-2]"), "a month from 01 to 12"),
          "number": (re.compile(r"\d{1,12}"), "a number")}  # fmt: skip


def suggest(text: str, separator: str) -> str:
    """The nearest name that the rules could allow: small letters, and the separator between words.

    >>> suggest("Forårs Kampagne 2026!", "-")
    'forårs-kampagne-2026'
    """
    return separator.join(_WORD.findall(text.lower()))


def fault_of_word(text: str, allowed: list[str]) -> str | None:
    """What is wrong with a source or a medium."""
    if allowed and text not in allowed:
        return f"must be one of {', '.join(allowed)}"
    if not allowed and text != text.lower():
        return f"must be in small letters, such as {text.lower()}"
    return None


def fault_of_campaign(text: str, rules: UtmRulesUpdate) -> str | None:
    """What is wrong with a campaign's name."""
    if not rules.parts:
        return None if text == text.lower() else f"must be in small letters, such as {suggest(text, rules.separator)}"
    pieces, pattern = text.split(rules.separator), rules.separator.join(part.name for part in rules.parts)
    if len(pieces) != len(rules.parts):
        return f"must be {pattern}: {len(rules.parts)} parts and not {len(pieces)}"
    for piece, part in zip(pieces, rules.parts, strict=True):
        if (fault := _fault_of_part(piece, part)) is not None:
            return f"must be {pattern}: {part.name} must be {fault}, not {piece!r}"
    return None


def build_link(url: str, values: dict[str, str | None]) -> str:
    """The address with these parameters in place of its own of the same names."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values]
    told = [(name, value) for name, value in values.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(kept + told)))


def _fault_of_part(piece: str, part: NamePart) -> str | None:
    if part.kind == "choice":
        return None if piece in part.choices else f"one of {', '.join(part.choices)}"
    pattern, told = _KINDS[part.kind]
    return None if pattern.fullmatch(piece) else told
