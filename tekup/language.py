"""The two languages in which people are told things, and how each writes numbers. No word of the domain lives here."""

from collections.abc import Mapping
from enum import StrEnum

MISSING = "–"
Words = Mapping[str, tuple[str, str]]
"""A key to its Danish and its English word."""
_NBSP = "\N{NO-BREAK SPACE}"


class Language(StrEnum):
    """Danish and English."""

    DA = "da"
    EN = "en"


def format_number(value: float | None, language: Language, digits: int = 0) -> str:
    """1.234,5 in Danish, 1,234.5 in English; a dash where there is no value."""
    if value is None:
        return MISSING
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language is Language.DA else text


def format_rate(rate: float | None, language: Language, digits: int = 0) -> str:
    """A ratio as per cent: 12 % in Danish, 12% in English."""
    if rate is None:
        return MISSING
    return format_number(rate * 100, language, digits) + (f"{_NBSP}%" if language is Language.DA else "%")


def say(words: Words, key: str | None, language: Language) -> str:
    """The word for ``key``; a key without one is shown as it is, with blanks for underscores."""
    if key is None:
        return MISSING
    pair = words.get(key)
    if pair is None:
        return key.replace("_", " ")
    return pair[0] if language is Language.DA else pair[1]
