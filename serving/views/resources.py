"""Saved views as a resource: what they say is checked against the list that they are of."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import Row

from serving.crm.resources import ACTIVITY, CAMPAIGN, COMPANY, CONTACT, DEAL
from serving.kit.problems import Problem, faults_of, unusable_field
from serving.leads.schemas import Lead, LeadQuery
from serving.models.workspace import saved_views
from serving.records.repository import RecordRepository
from serving.records.resource import Events, Resource
from serving.views import schemas
from tekup.contracts import workspace_events as told

_RESOURCES = {resource.plural: resource for resource in (CONTACT, COMPANY, DEAL, ACTIVITY, CAMPAIGN)}
LISTS: Mapping[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "leads": (LeadQuery, Lead),
    **{name: (resource.query, resource.read) for name, resource in _RESOURCES.items()},
}
"""The query and the record of each list that can be viewed."""
_OF_A_PAGE = {"limit", "cursor"}


async def settle_view(repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """The list knows these filters, this order and these columns; a new view is its maker's."""
    will_be = {**(before._asdict() if before is not None else {}), **values}
    query, record = LISTS[will_be["list"]]
    if paged := sorted(_OF_A_PAGE & will_be["filters"].keys()):
        raise unusable_field(f"/filters/{paged[0]}", "is of a page, and not of the view")
    try:
        query.model_validate({**will_be["filters"], "sort": will_be["sort"]})
    except ValidationError as error:
        faults = [
            one if one["pointer"] == "/sort" else {**one, "pointer": f"/filters{one['pointer']}"}
            for one in faults_of(error)
        ]
        raise Problem(422, "unusable-input", "the request can't be used", errors=faults) from None
    for place, column in enumerate(will_be["columns"]):
        if column.split(".")[0] not in record.model_fields or ("." in column and not column.startswith("custom.")):
            raise unusable_field(f"/columns/{place}", f"{will_be['list']} have no {column}")
    return values if before is not None else {**values, "owner_id": repository.context.user_id}


VIEW = Resource(
    noun="saved view",
    plural="saved_views",
    permission="views",
    table=saved_views,
    read=schemas.SavedView,
    create=schemas.SavedViewCreate,
    update=schemas.SavedViewUpdate,
    filters={"list": schemas.ListName, "owner_id": UUID, "is_shared": bool},
    searched=("name",),
    orders=("created_at", "updated_at", "name"),
    settle=settle_view,
    events=Events(
        created=lambda row: [told.SavedViewCreated(view_id=row.id, list=row.list, is_shared=row.is_shared)],
        changed=lambda before, row, fields: [told.SavedViewChanged(view_id=row.id, fields=fields)],
        deleted=lambda row: [told.SavedViewDeleted(view_id=row.id)],
    ),
)
