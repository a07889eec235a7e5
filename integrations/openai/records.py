"""The shape of what is asked about a lead, and its bounds. It sends nothing and reads no vendor's envelope."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1
"""Counts up with every change of `Enrichment` or of the bounds: answers of another version are asked for anew."""
LONGEST_SUMMARY = 400

Industry = Literal[
    "construction", "software", "retail", "manufacturing", "hospitality", "finance", "public", "real_estate",
    "agriculture", "logistics", "other",
]  # fmt: skip

# Nothing of the kind is sent, so a summary that holds it was made up, or was dictated by the lead's own text.
_FOREIGN = re.compile(r"https?://|www\.|[^\s@]+@[^\s@]+\.[^\s@]+|\d(?:[ .\-]?\d){6,}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Enrichment(BaseModel):
    """What a lead's text says, as far as it says it.

    The schema holds types and words only, which every model with structured output keeps; lengths and contents are
    checked by `out_of_bounds`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    language: Literal["da", "en", "other"]
    industry: Industry | None
    seniority: Literal["executive", "manager", "specialist", "junior"] | None
    intent: Literal["high", "medium", "low", "none"]
    summary: str


def out_of_bounds(found: Enrichment) -> str | None:
    """Say what in a well-formed answer can't be right; None where nothing is."""
    summary = found.summary
    if not summary.strip():
        return "the summary is empty"
    if len(summary) > LONGEST_SUMMARY:
        return f"the summary has {len(summary)} characters, {LONGEST_SUMMARY} are allowed"
    if _CONTROL.search(summary):
        return "the summary holds control characters"
    if _FOREIGN.search(summary):
        return "the summary holds an address or a number that was not sent"
    return None


def answer_schema() -> dict[str, Any]:
    """The JSON schema that is sent: closed, every property required, without the titles that cost tokens."""
    schema: dict[str, Any] = _without_titles(Enrichment.model_json_schema())
    schema.pop("description", None)
    return schema


def _without_titles(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_titles(value) for key, value in node.items() if key != "title"}
    return [_without_titles(item) for item in node] if isinstance(node, list) else node
