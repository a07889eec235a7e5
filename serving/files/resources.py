"""Files' metadata as a resource."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.files import schemas
from serving.kit.problems import unusable_field
from serving.models.workspace import files
from serving.records.repository import RecordRepository
from serving.records.resource import Events, Resource
from tekup.contracts import workspace_events as told


async def settle_file(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """A file belongs to a record, also after a change."""
    if before is not None:
        will_be = {**before._asdict(), **values}
        if not any(will_be[link] for link in schemas.LINKS):
            raise unusable_field(f"/{schemas.LINKS[0]}", "a file belongs to a record; delete it where it shall not")
        if "storage_url" in values and values["storage_url"] is None:
            raise unusable_field("/storage_url", "can't be emptied")
    return values


FILE = Resource(
    noun="file",
    plural="files",
    table=files,
    read=schemas.File,
    create=schemas.FileCreate,
    update=schemas.FileUpdate,
    filters={
        "lead_id": UUID, "contact_id": UUID, "company_id": UUID, "deal_id": UUID, "activity_id": UUID, "owner_id": UUID,
        "sha256": str, "media_type": str,
    },
    searched=("name", "description"),
    orders=("created_at", "updated_at", "name"),
    settle=settle_file,
    events=Events(
        created=lambda row: [told.FileAdded(file_id=row.id, **_links(row))],
        changed=lambda before, row, fields: [told.FileChanged(file_id=row.id, fields=fields)],
        deleted=lambda row: [told.FileDeleted(file_id=row.id)],
    ),
)  # fmt: skip


def _links(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in schemas.LINKS}
