"""Routes of requests about persons."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from serving.privacy.auth import PrivacyOfficer, ProvenOfficer
from serving.privacy.schemas import PrivacyRequest, PrivacyRequestCreate, PrivacyRequestList
from serving.privacy.service import PrivacyDesk

router = APIRouter(prefix="/v1/privacy/requests", tags=["privacy"])


def _desk(request: Request) -> PrivacyDesk:
    desk: PrivacyDesk = request.app.state.privacy_desk
    return desk


Desk: TypeAlias = Annotated[PrivacyDesk, Depends(_desk)]


@router.post("", status_code=202)
async def ask_for_person(
    request: Request, response: Response, subject: ProvenOfficer, desk: Desk, body: PrivacyRequestCreate
) -> PrivacyRequest:
    """Ask for a copy of all that is held of a person, or for the person's erasure everywhere.

    It is worked off within minutes; look at the request for its status. The same wish for the same subject, while it
    is not done, is one request. It is for people who have just proven who they are, and not for API tokens.
    """
    made = await desk.ask(subject, body, request.scope["request_id"])
    response.headers["location"] = f"/v1/privacy/requests/{made.id}"
    return made


@router.get("")
async def list_privacy_requests(subject: PrivacyOfficer, desk: Desk) -> PrivacyRequestList:
    """The newest hundred requests, with what each has done."""
    return await desk.list(subject)


@router.get("/{request_id}")
async def get_privacy_request(subject: PrivacyOfficer, desk: Desk, request_id: UUID) -> PrivacyRequest:
    """One request and how far it is."""
    return await desk.find(subject, request_id)


@router.get(
    "/{request_id}/archive",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "JSON lines by place, and a manifest"}},
)
async def get_archive(request: Request, subject: ProvenOfficer, desk: Desk, request_id: UUID) -> Response:
    """The archive of an export that is done. It is kept, sealed, for a day."""
    archive = await desk.archive(subject, request_id, request.scope["request_id"])
    headers = {"content-disposition": f'attachment; filename="person-{request_id}.zip"', "cache-control": "no-store"}
    return Response(archive, media_type="application/zip", headers=headers)
