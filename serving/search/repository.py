"""SQL of the search: the best documents, and the records behind them as the caller may see them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from serving.kit.repository import TenantRepository
from serving.search.words import START, STOP

# websearch reads any input; stop words alone give an empty query, which adds nothing
_QUERY = """(
    websearch_to_tsquery('danish', :asked) || websearch_to_tsquery('english', :asked)
    || websearch_to_tsquery('simple', :asked) || to_tsquery('simple', :prefix)
)"""
_MATCHES = text(
    f"""
select kind, record_id, rank from (
    select d.kind, d.record_id, ts_rank('{{0.1, 0.3, 0.5, 1.0}}', d.words, q.query, 1) as rank
    from app.search_documents as d cross join (select {_QUERY} as query) as q
    where d.tenant_id = :tenant_id and d.kind = any(cast(:kinds as text[])) and d.words @@ q.query
) as found
where cast(:rank as real) is null or (rank, record_id) < (cast(:rank as real), cast(:after as uuid))
order by rank desc, record_id desc limit :limit
"""  # noqa: S608  # the query is the constant above
)
_SOURCES: Mapping[str, tuple[str, str, str, str]] = {
    "lead": ("leads", "coalesce(full_name, company_name, email)", "email",
             "concat_ws(' · ', full_name, email, company_name, job_title, message)"),
    "contact": ("contacts", "coalesce(nullif(concat_ws(' ', first_name, last_name), ''), email)", "email",
                "concat_ws(' · ', concat_ws(' ', first_name, last_name), email, phone, job_title)"),
    "company": ("companies", "name", "domain", "concat_ws(' · ', name, domain, industry, city)"),
    "deal": ("deals", "name", "status", "name"),
    "activity": ("activities", "subject", "kind", "concat_ws(' · ', subject, body, outcome)"),
}  # fmt: skip
KINDS = tuple(_SOURCES)
_OPTIONS = f"StartSel={START}, StopSel={STOP}, MaxWords=25, MinWords=8, MaxFragments=1"
_RECORDS = {
    kind: text(
        f"select id, {title} as title, {detail} as detail, "  # noqa: S608  # all of it is the constant above
        f"ts_headline('danish', {words}, q.query, '{_OPTIONS}') as danish, "
        f"ts_headline('simple', {words}, q.query, '{_OPTIONS}') as plain "
        f"from app.{table} cross join (select {_QUERY} as query) as q "
        "where tenant_id = :tenant_id and id = any(cast(:ids as uuid[]))"
    )
    for kind, (table, title, detail, words) in _SOURCES.items()
}


class SearchRepository(TenantRepository):
    """The tenant's documents."""

    async def matches(
        self, asked: str, prefix: str, kinds: Sequence[str], after: tuple[float, UUID] | None, limit: int
    ) -> Sequence[Row[Any]]:
        """The documents that hold the words, the best first."""
        rank, record_id = after or (None, None)
        values = {
            "tenant_id": self.tenant_id, "asked": asked, "prefix": prefix, "kinds": list(kinds), "rank": rank,
            "after": record_id, "limit": limit,
        }  # fmt: skip
        return (await self.session.execute(_MATCHES, values)).all()

    async def records(self, kind: str, asked: str, prefix: str, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
        """Those of the records that the caller may see, with the words marked."""
        values = {"tenant_id": self.tenant_id, "asked": asked, "prefix": prefix, "ids": list(ids)}
        return {row.id: row for row in (await self.session.execute(_RECORDS[kind], values)).all()}
