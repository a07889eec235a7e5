"""The reasons stored with a score, in words. How a feature is said is the kernel's; how it is reckoned is scoring's."""

import json
from dataclasses import dataclass

from dashboards.formats import Language
from tekup.reasons import say_feature


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a score in words. ``contribution`` is in probability, signed."""

    words: str
    contribution: float

    @property
    def sign(self) -> str:
        """An arrow, so that the direction is told without colour."""
        return "▲" if self.contribution >= 0 else "▼"


def read_reasons(stored: str | None, language: Language) -> list[Reason]:
    """The reasons stored as JSON (feature, value, contribution), weightiest first, in words."""
    items = json.loads(stored) if stored else []
    said = [
        Reason(say_feature(str(item["feature"]), item.get("value"), language), float(item["contribution"]))
        for item in items
    ]
    return sorted(said, key=lambda reason: -abs(reason.contribution))
