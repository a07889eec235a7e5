"""What the fields of one question share: the caller, and loaders that read what many fields want in one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import strawberry
from graphql import DocumentNode
from strawberry.dataloader import DataLoader

from serving.auth.subject import Subject
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from serving.leads import service as lead_service
from serving.records import service as record_service
from serving.records.resource import Resource
from serving.records.service import Shelf
from serving.scores import service as score_service
from tekup.language import Language

T = TypeVar("T")
SESSIONS_OF_A_QUERY = 3
"""So many fields of one question read at the same time, lest it take every connection."""


class Context:
    """One question of one caller. In a mutation all fields share one session, so they take turns."""

    def __init__(
        self,
        databases: Databases,
        subject: Subject,
        cursors: CursorSigner,
        request_id: str,
        language: Language,
        *,
        is_mutation: bool,
    ) -> None:
        self.databases, self.subject, self.cursors = databases, subject, cursors
        self.request_id, self.language = request_id, language
        self.document: DocumentNode | None = None
        self._turn = asyncio.Semaphore(1 if is_mutation else SESSIONS_OF_A_QUERY)
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def need(self, scope: str) -> None:
        """Go on only where the caller holds ``scope``.

        Raises:
            Problem: 403, as REST answers it.
        """
        if scope not in self.subject.scopes:
            raise Problem(403, "scope-missing", f"the token lacks the scope {scope}")

    async def run(self, work: Awaitable[T]) -> T:
        """Do something with a database in turn."""
        async with self._turn:
            return await work

    def shelf(self, resource: Resource, *, writes: bool = False) -> Shelf:
        """A resource as the caller may see it.

        Raises:
            Problem: 403 where he may not.
        """
        self.need(resource.write_scope if writes else resource.read_scope)
        return Shelf(resource, self.databases, self.subject, self.request_id)

    async def load(self, resource: Resource, record_id: UUID | None) -> Any:
        """One record, read with all others of its kind that the question names; None where there is none."""
        if record_id is None:
            return None
        shelf = self.shelf(resource)

        async def many(ids: Sequence[UUID]) -> list[Any]:
            found = await self.run(record_service.get_records(shelf, ids))
            return [found.get(one) for one in ids]

        return await self._loader(resource.plural, many).load(record_id)

    async def load_of(self, resource: Resource, column: str, owner_id: UUID, first: int) -> list[Any]:
        """The latest records that belong to another, read for all those others at once."""
        shelf = self.shelf(resource)
        if not 1 <= first <= record_service.MOST_OF_EACH:
            raise Problem(422, "unusable-input", f"first must be 1 to {record_service.MOST_OF_EACH}")

        async def many(ids: Sequence[UUID]) -> list[list[Any]]:
            found = await self.run(record_service.first_records_of(shelf, column, ids, first))
            return [found.get(one, []) for one in ids]

        records: list[Any] = await self._loader((resource.plural, column, first), many).load(owner_id)
        return records

    async def load_lead(self, lead_id: UUID | None) -> Any:
        """One lead with its figures."""
        if lead_id is None:
            return None
        self.need("leads:read")

        async def many(ids: Sequence[UUID]) -> list[Any]:
            found = await self.run(lead_service.get_leads(self.databases, self.subject, ids))
            return [found.get(one) for one in ids]

        return await self._loader("leads", many).load(lead_id)

    async def load_score(self, lead_id: UUID) -> Any:
        """The stored score of a lead with its reasons; None where no batch has seen it."""
        self.need("scores:read")

        async def many(ids: Sequence[UUID]) -> list[Any]:
            found = await self.run(score_service.get_stored(self.databases, self.subject, ids, self.language))
            return [found.get(one) for one in ids]

        return await self._loader("scores", many).load(lead_id)

    def _loader(self, key: Hashable, many: Callable[[Sequence[UUID]], Awaitable[Any]]) -> DataLoader[UUID, Any]:
        if key not in self._loaders:
            self._loaders[key] = DataLoader(load_fn=many, max_batch_size=1_000)
        return self._loaders[key]


Info: TypeAlias = strawberry.Info[Context, None]
