"""Shapes of forms, of what a page is shown of one, and of what it sends in."""

import re
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from serving.crm.schemas import Body, Change, Name
from serving.kit.text import LongText, Text
from serving.records.resource import Linked

FieldKind: TypeAlias = Literal["text", "long_text", "email", "phone", "number", "choice", "checkbox", "country"]
LeadColumn: TypeAlias = Literal[
    "email", "full_name", "company_name", "job_title", "message", "country", "language", "industry", "employee_count"
]
TRAP = "website"
"""The field that people do not see: whoever fills it in is a program."""
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_ADDRESS = re.compile(r"https?://[^\s]+")
Key: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


def _as_origin(text: str) -> str:
    text = text.strip().lower().rstrip("/")
    if not _ORIGIN.fullmatch(text):
        raise ValueError("must be an origin such as https://www.example.dk")
    return text


def _as_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("must be an address that begins with https:// or http://")
    return text


Origins: TypeAlias = Annotated[list[Annotated[Text, AfterValidator(_as_origin)]], Field(max_length=50)]
Address: TypeAlias = Annotated[Text, AfterValidator(_as_address)]


class FormField(Body):
    """One question."""

    name: Key
    label: Name
    kind: FieldKind = "text"
    is_required: bool = False
    choices: Annotated[list[Name], Field(default=[], max_length=200)]
    lead_column: LeadColumn | None = Field(
        default=None, description="The lead's field that the answer fills; others are kept with the submission."
    )

    @model_validator(mode="after")
    def _offers_choices(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a field of kind choice, and no other, has choices")
        if self.name == TRAP:
            raise ValueError(f"{TRAP} is the name of the trap for programs")
        if (self.lead_column == "employee_count") != (self.lead_column is not None and self.kind == "number"):
            raise ValueError("employee_count, and no other field of a lead, takes a number")
        if self.lead_column is not None and self.kind == "checkbox":
            raise ValueError("a checkbox fills no field of a lead")
        return self


class ConsentText(Body):
    """What somebody is asked to agree to, in the words that he reads."""

    key: Key
    text: Annotated[LongText, Field(min_length=10)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$", examples=["da"])]
    is_required: bool = False
    grants_marketing: bool = Field(default=False, description="Who agrees has consented to marketing.")


Fields: TypeAlias = Annotated[list[FormField], Field(min_length=1, max_length=50)]
Consents: TypeAlias = Annotated[list[ConsentText], Field(max_length=10)]


class FormFacts(Body):
    """What a form may say."""

    source: Text | None = Field(default=None, description="The source of its leads; `form` where it is left out.")
    campaign_id: UUID | None = None
    thanks: LongText | None = Field(default=None, description="What is said to who has sent it.")
    redirect_url: Address | None = None


class FormCreate(FormFacts):
    """A new form. Its `public_key` goes into the web page; it is no secret."""

    name: Name
    fields: Fields
    consents: Consents = Field(default=[])
    origins: Annotated[Origins, Field(min_length=1, description="The sites that may send it in.")]
    is_enabled: bool = True
    min_seconds: int = Field(default=3, ge=0, le=600, description="Whoever is quicker is a program.")
    work_bits: int = Field(
        default=12, ge=0, le=22, description="How hard a sum the page has to do; each bit doubles it, 12 take a moment."
    )
    most_an_hour: int = Field(default=20, ge=1, le=10_000, description="Of one address.")

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        check_form(self.fields, self.consents)
        return self


class FormUpdate(FormFacts, Change):
    """Changes to a form. Other consents are a new version of them; what was agreed to before stays as it was."""

    name: Name | None = None
    fields: Fields | None = None
    consents: Consents | None = None
    origins: Annotated[Origins, Field(min_length=1)] | None = None
    is_enabled: bool | None = None
    min_seconds: int | None = Field(default=None, ge=0, le=600)
    work_bits: int | None = Field(default=None, ge=0, le=22)
    most_an_hour: int | None = Field(default=None, ge=1, le=10_000)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        if self.fields is not None:
            check_form(self.fields, self.consents or [])
        return self


def check_form(fields: list[FormField], consents: list[ConsentText]) -> None:
    """Refuse a form that asks twice, or that nobody can be known by.

    Raises:
        ValueError: it does.
    """
    for told, names in (("fields", [f.name for f in fields]), ("consents", [c.key for c in consents])):
        if len(set(names)) < len(names):
            raise ValueError(f"two {told} have one name")
    columns = [field.lead_column for field in fields if field.lead_column]
    if len(set(columns)) < len(columns):
        raise ValueError("two fields fill one field of the lead")
    if not {"email", "full_name", "company_name"}.intersection(columns):
        raise ValueError("one field must fill email, full_name or company_name")


class Form(Linked):
    """One form."""

    name: str
    public_key: str
    is_enabled: bool
    fields: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    consent_version: int
    origins: list[str]
    source: str | None
    campaign_id: UUID | None
    thanks: str | None
    redirect_url: str | None
    min_seconds: int
    work_bits: int
    most_an_hour: int


class Submission(Linked):
    """One submission."""

    form_id: UUID
    verdict: Literal["accepted", "spam", "held"] = Field(
        description="`held`: of somebody who was erased; nothing of him is kept."
    )
    reason: str | None
    lead_id: UUID | None
    touchpoint_id: UUID | None
    answers: dict[str, Any]
    consent_version: int | None
    consents: list[dict[str, Any]] = Field(description="The texts as they stood there, and whether each was agreed to.")
    consented_at: AwareDatetime | None


class PublicForm(BaseModel):
    """A form as a web page shows it."""

    name: str
    fields: list[FormField]
    consents: list[ConsentText]
    consent_version: int
    challenge: str = Field(description="To be sent back, once, within a day.")
    work_bits: int = Field(
        description="Send a `work` so that SHA-256 of `challenge:work` begins with so many zero bits."
    )
    trap: str = Field(description="A field that people must not see, to be sent back empty.")


class FormAnswers(Body):
    """A form as it is sent in."""

    id: UUID = Field(description="Of the page's own, so that sending it twice stores it once.")
    challenge: Text
    work: Annotated[str, Field(max_length=40)] = ""
    answers: Annotated[dict[str, Any], Field(max_length=60)]
    consents: Annotated[list[Key], Field(default=[], max_length=10, description="The keys that were agreed to.")]
    consent_version: int | None = Field(default=None, ge=1)
    anonymous_id: Text | None = Field(default=None, min_length=1, max_length=200, description="The visitor's cookie.")
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    utm_content: Text | None = None
    utm_term: Text | None = None
    landing_page: LongText | None = None
    referrer: LongText | None = None


class FormReceipt(BaseModel):
    """The answer to who sent a form in; it does not tell a program that it was found out."""

    id: UUID
    thanks: str | None
    redirect_url: str | None
