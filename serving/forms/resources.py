"""Forms and submissions as resources."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.forms import schemas
from serving.forms.challenges import make_key
from serving.models.forms import form_submissions, forms
from serving.records.repository import RecordRepository
from serving.records.resource import Events, Resource
from tekup.contracts import form_events as told
from tekup.ids import uuid7


async def settle_form(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """A new form gets its key, and other consents get the next version."""
    if before is None:
        form_id = uuid7()
        return {**values, "id": form_id, "public_key": make_key(repository.tenant_id, form_id), "consent_version": 1}
    if "consents" in values and values["consents"] != before.consents:
        values["consent_version"] = before.consent_version + 1
    return values


FORM = Resource(
    noun="form",
    plural="forms",
    table=forms,
    read=schemas.Form,
    create=schemas.FormCreate,
    update=schemas.FormUpdate,
    filters={"is_enabled": bool, "campaign_id": UUID},
    searched=("name",),
    orders=("created_at", "updated_at", "name"),
    settle=settle_form,
    events=Events(
        created=lambda row: [told.FormCreated(form_id=row.id)],
        changed=lambda before, row, fields: [told.FormChanged(form_id=row.id, fields=fields)],
        deleted=lambda row: [told.FormDeleted(form_id=row.id)],
    ),
)

SUBMISSION = Resource(
    noun="form submission",
    plural="form_submissions",
    permission="forms",
    table=form_submissions,
    read=schemas.Submission,
    create=schemas.FormAnswers,
    update=schemas.FormUpdate,
    filters={"form_id": UUID, "verdict": str, "lead_id": UUID},
)
"""Read only: submissions come from web pages alone."""
