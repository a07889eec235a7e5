"""What can be imported and which fields each entity has. How fields are read from a file is told in `reading`."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "date", "integer", "boolean", "channel", "currency"]

CHANNELS = (
    "paid_search", "paid_social", "organic_search", "organic_social", "email", "referral", "display", "direct",
    "events", "partner", "other", "unknown",
)  # fmt: skip
CHANNEL_SYNONYMS = {
    "social": "paid_social",
    "direct_traffic": "direct",
    "organic": "organic_search",
    "sem": "paid_search",
    "cpc": "paid_search",
    "newsletter": "email",
    "event": "events",
    "other_publicities": "other",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an entity. ``allowed`` lists the values that a text may take; ``default`` fills an empty cell.

    A whole number lies between ``least`` and ``most``, which the column in the database holds.
    """

    name: str
    kind: Kind = "text"
    is_required: bool = False
    allowed: tuple[str, ...] = ()
    default: object = None
    least: int = -(1 << 63)
    most: int = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that a file can hold, one row each; ``key`` names a row within the tenant, so that a repeat updates."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("key",)

    def field(self, name: str) -> Field | None:
        """The field of this name, or None."""
        return next((field for field in self.fields if field.name == name), None)


_KEY = Field("key", is_required=True)

ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            "leads",
            (
                _KEY,
                Field("created_at", "time", is_required=True),
                Field("anonymous_id"),
                Field("email"),
                Field("full_name"),
                Field("company_name"),
                Field("job_title"),
                Field("message"),
                Field("source", "channel"),
                Field("landing_page"),
                Field("country"),
                Field("language"),
                Field("industry"),
                Field("employee_count", "integer", least=0, most=(1 << 31) - 1),
                Field("status", allowed=("new", "contacted", "qualified", "won", "lost"), default="new"),
                Field("has_marketing_consent", "boolean", default=False),
                Field("value_cents", "integer"),
                Field("currency", "currency"),
                Field("contacted_at", "time"),
                Field("qualified_at", "time"),
                Field("won_at", "time"),
                Field("lost_at", "time"),
            ),
        ),
        Entity(
            "touchpoints",
            (
                _KEY,
                Field("anonymous_id", is_required=True),
                Field("occurred_at", "time", is_required=True),
                Field("channel", "channel", is_required=True),
                Field(
                    "kind",
                    allowed=("view", "click", "visit", "email_open", "email_click", "form", "call", "meeting"),
                    default="visit",
                ),
                Field("utm_source"),
                Field("utm_medium"),
                Field("utm_campaign"),
                Field("utm_content"),
                Field("utm_term"),
                Field("landing_page"),
                Field("referrer"),
                Field("device"),
            ),
        ),
        Entity(
            "contacts",
            (
                _KEY,
                Field("created_at", "time", is_required=True),
                Field("email"),
                Field("first_name"),
                Field("last_name"),
                Field("phone"),
                Field("job_title"),
                Field("language"),
                Field("lifecycle_stage", default="lead"),
                Field("has_marketing_consent", "boolean", default=False),
            ),
        ),
        Entity(
            "spend",
            (
                Field("campaign", is_required=True),
                Field("channel", "channel", is_required=True),
                Field("spend_date", "date", is_required=True),
                Field("amount_cents", "integer", is_required=True),
                Field("currency", "currency", is_required=True),
                Field("impressions", "integer"),
                Field("clicks", "integer"),
            ),
            key=("campaign", "spend_date"),
        ),
        Entity(
            "deals",
            (
                _KEY,
                Field("created_at", "time", is_required=True),
                Field("lead_key"),
                Field("name", is_required=True),
                Field("amount_cents", "integer"),
                Field("currency", "currency"),
                Field("status", allowed=("open", "won", "lost"), default="open"),
                Field("closed_at", "time"),
                Field("expected_close_date", "date"),
            ),
        ),
    )
}
