"""The shape of what is asked about a lead. It sends nothing."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Industry = Literal[
    "construction", "software", "retail", "manufacturing", "hospitality", "finance", "public", "real_estate",
    "agriculture", "logistics", "other",
]  # fmt: skip


class Enrichment(BaseModel):
    """What a lead's text says, as far as it says it."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["da", "en", "other"]
    industry: Industry | None
    seniority: Literal["executive", "manager", "specialist", "junior"] | None
    intent: Literal["high", "medium", "low", "none"]
    summary: str = Field(max_length=400)
