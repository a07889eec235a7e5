"""Names of columns that hold special categories of personal data (GDPR Art. 9), convictions (Art. 10) or a CPR number.

Only names are read: a column that hides such data under another name is not found, and what a category's values say is
not judged. Age, gender and nationality are no special category; they are for the fairness slices (`scoring.fairness`).
"""

import re
from collections.abc import Collection, Sequence

from scoring.errors import SpecialCategoryError

_WORDS: dict[str, str] = {
    "racial or ethnic origin": "race racial ethnicity ethnic etnicitet etnisk herkomst skin hudfarve",
    "political opinions": "political politics politisk parti partimedlem voter",
    "religious or philosophical beliefs": "religion religious religioes religiøs belief faith tro kirke church mosque",
    "trade union membership": "union fagforening unionmember",
    "genetic data": "genetic genetics gene genetisk dna genome",
    "biometric data": "biometric biometrics biometrisk fingerprint fingeraftryk faceprint iris",
    "health": "health helbred sundhed sygdom disease diagnosis diagnose medical medicin medication disability handicap "
    "pregnant pregnancy gravid gravida sick sygemeldt",
    "sex life or sexual orientation": "sexual sexuality seksuel seksualitet orientation orientering",
    "criminal convictions": "criminal conviction convictions straffeattest straf dom dømt",
    "the national identity number": "cpr ssn personnummer",
}
_CATEGORY = {word: category for category, words in _WORDS.items() for word in words.split()}


def find(names: Sequence[str]) -> dict[str, str]:
    """Column name to the category that its name tells of; whole words only.

    >>> find(["trace_id", "etnicitet", "healthStatus", "visits"])
    {'etnicitet': 'racial or ethnic origin', 'healthStatus': 'health'}
    """
    found: dict[str, str] = {}
    for name in names:
        split = re.sub(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])", "_", name).lower()
        for part in re.split(r"[^a-zæøå]+", split):
            if part in _CATEGORY:
                found[name] = _CATEGORY[part]
                break
    return found


def refuse(names: Sequence[str], allowed: Collection[str]) -> None:
    """Raise `SpecialCategoryError` for the first such columns that are not allowed by name."""
    found = {name: why for name, why in find(names).items() if name not in allowed}
    if found:
        told = ", ".join(f"{name!r} ({why})" for name, why in found.items())
        raise SpecialCategoryError(
            f"column(s) of special categories of personal data: {told}",
            hint="name them in drop; where the law gives you a ground to use them, in allow_special_categories",
        )
