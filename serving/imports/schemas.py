"""Shapes of imports."""

from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from serving.kit.problems import FieldFault

MatchOn: TypeAlias = Literal["nothing", "email", "domain"]
MOST_TOLD = 500


class ImportedRow(BaseModel):
    """A row that could not be taken in, or, of a dry run, what would become of it."""

    row: int = Field(description="Its number in the file; the row of names is 1.")
    status: int = Field(description="201 stored, 200 changed, 409 and 422 neither, with the reasons.")
    id: UUID | None = None
    errors: list[FieldFault] | None = None


class ImportReport(BaseModel):
    """What became of a file."""

    is_dry_run: bool
    mapping: dict[str, str] = Field(description="Which column filled which field.")
    unmapped: list[str] = Field(description="Columns that filled none.")
    created: int
    changed: int
    failed: int
    rows: list[ImportedRow] = Field(description=f"Those that failed, and of a dry run all: the first {MOST_TOLD}.")
