"""Taking requests about persons in and telling how far they are. Nothing is exported or erased here."""

import asyncio
from uuid import UUID

from serving.auth.repository import AuthRepository
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.privacy.schemas import PrivacyRequest, PrivacyRequestCreate, PrivacyRequestList
from tekup.db import Doors
from tekup.errors import BadInput
from tekup.privacy.requests import Request, Requests


class PrivacyDesk:
    """The requests of tenants. They are sealed by keys of their own, which are found off the event loop."""

    def __init__(self, doors: Doors, databases: Databases) -> None:
        self._doors, self._databases = doors, databases

    async def ask(self, subject: Subject, form: PrivacyRequestCreate, trace: str) -> PrivacyRequest:
        """Store a request, or return the unfinished one that asks for the same.

        Raises:
            Problem: 422, the subject is no identifier of a person.
        """
        requests = self._requests(subject)
        try:
            found = await asyncio.to_thread(requests.ask, form.kind, form.subject, f"{subject.kind} {subject.id}")
        except BadInput as fault:
            raise unusable_field("/subject", str(fault)) from None
        await self._note(subject, f"privacy.{form.kind}", found, trace)
        return _told(found)

    async def list(self, subject: Subject) -> PrivacyRequestList:
        """The tenant's newest requests."""
        found = await asyncio.to_thread(self._requests(subject).list)
        return PrivacyRequestList(items=[_told(one) for one in found])

    async def find(self, subject: Subject, request_id: UUID) -> PrivacyRequest:
        """One request.

        Raises:
            Problem: 404.
        """
        return _told(await self._find(subject, request_id))

    async def archive(self, subject: Subject, request_id: UUID, trace: str) -> bytes:
        """The archive of an export.

        Raises:
            Problem: 404 for an unknown request, 409 where there is no archive yet, or no more.
        """
        request = await self._find(subject, request_id)
        archive = await asyncio.to_thread(self._requests(subject).archive, request) if request.has_archive else None
        if archive is None:
            raise Problem(
                409,
                "no-archive",
                "the request has no archive",
                hint="wait until an export is done; a day later its archive is gone, and can be asked for anew",
            )
        await self._note(subject, "privacy.fetch", request, trace)
        return archive

    async def _find(self, subject: Subject, request_id: UUID) -> Request:
        try:
            return await asyncio.to_thread(self._requests(subject).find, request_id)
        except BadInput:
            raise not_found("request") from None

    async def _note(self, subject: Subject, action: str, request: Request, trace: str) -> None:
        async with self._databases.operational(subject.context, read_only=False) as session:
            await AuthRepository(session, subject.tenant_id).write_audit(
                subject.kind,
                subject.id,
                action,
                entity_type="privacy_request",
                entity_id=str(request.id),
                request_id=trace,
            )

    def _requests(self, subject: Subject) -> Requests:
        return Requests(self._doors, subject.tenant_id)


def _told(request: Request) -> PrivacyRequest:
    rows: dict[str, int] = {}
    for step in request.steps.values():
        for place, count in step.items():
            rows[place] = rows.get(place, 0) + count
    return PrivacyRequest(
        id=request.id,
        kind=request.kind,
        status=request.status,  # type: ignore[arg-type]  # a check of the table holds it to these
        rows=rows,
        error=request.error,
        requested_by=request.requested_by,
        requested_at=request.requested_at,
        finished_at=request.finished_at,
        has_archive=request.has_archive,
    )
