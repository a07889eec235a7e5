"""Searching: of each kind what the caller may read, the best first, page by page."""

from uuid import UUID

from serving.auth.subject import Subject
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.search.repository import KINDS, SearchRepository
from serving.search.schemas import SearchHit, SearchHits, SearchQuery
from serving.search.words import as_html, prefix_query

_PLURALS = {
    "lead": "leads", "contact": "contacts", "company": "companies", "deal": "deals", "activity": "activities",
}  # fmt: skip
_PEOPLE = ("lead", "contact", "activity")


async def search(databases: Databases, subject: Subject, query: SearchQuery, cursors: CursorSigner) -> SearchHits:
    """One page of what holds the words.

    Raises:
        Problem: 422 for a cursor of another search.
    """
    kinds = [kind for kind in KINDS if (not query.kind or kind in query.kind) and _may_find(subject, kind)]
    question = f"search|{query.q}|{','.join(kinds)}"
    after = None
    if query.cursor is not None:
        rank, last_id = cursors.open(subject.tenant_id, question, query.cursor)
        after = (float(rank), UUID(last_id))
    prefix = prefix_query(query.q)
    async with databases.operational(subject.context) as session:
        repository = SearchRepository(session, subject.tenant_id)
        found = await repository.matches(query.q, prefix, kinds, after, query.limit + 1) if kinds else []
        shown = found[: query.limit]
        records = {
            kind: await repository.records(kind, query.q, prefix, ids)
            for kind in kinds
            if (ids := [match.record_id for match in shown if match.kind == kind])
        }
    items = []
    for match in shown:
        row = records[match.kind].get(match.record_id)
        if row is not None:
            snippet = as_html(row.danish) or as_html(row.plain)
            items.append(
                SearchHit(
                    kind=match.kind, id=row.id, title=row.title, detail=row.detail, snippet=snippet, rank=match.rank
                )
            )
    next_cursor = None
    if len(found) > query.limit:
        next_cursor = cursors.make(subject.tenant_id, question, [shown[-1].rank, str(shown[-1].record_id)])
    return SearchHits(items=items, next_cursor=next_cursor)


def _may_find(subject: Subject, kind: str) -> bool:
    plural = _PLURALS[kind]
    if f"{plural}:read" not in subject.scopes:
        return False
    return kind not in _PEOPLE or subject.context.may("persons:read", f"{plural}:write")
