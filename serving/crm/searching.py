"""One search over everything that has a name. Full text is not known here: words are looked for as they stand."""

from typing import Any

from sqlalchemy import Table, func

from serving.auth.subject import Subject
from serving.crm.merge_repository import MergeRepository
from serving.crm.resources import COMPANY, CONTACT, DEAL
from serving.crm.schemas import SearchHit, SearchHits
from serving.kit.databases import Databases
from serving.models.crm import companies, contacts, deals
from serving.models.operational import leads

_LEADS_SEARCHED = ("email", "full_name", "company_name")


async def search(databases: Databases, subject: Subject, words: str) -> SearchHits:
    """Contacts, companies, deals and leads that hold ``words``: of each kind what the caller may read."""
    person = func.concat_ws(" ", contacts.c.first_name, contacts.c.last_name)
    places: list[tuple[Any, tuple[str, ...], Table, tuple[str, ...], Any, Any]] = [
        ("contact", ("contacts:read",), contacts, CONTACT.searched, person, contacts.c.email),
        ("company", ("companies:read",), companies, COMPANY.searched, companies.c.name, companies.c.domain),
        ("deal", ("deals:read",), deals, DEAL.searched, deals.c.name, deals.c.status),
        ("lead", ("leads:read",), leads, _LEADS_SEARCHED, leads.c.full_name, leads.c.email),
    ]
    sees_people = subject.context.may("persons:read")
    found: list[SearchHit] = []
    async with databases.operational(subject.context) as session:
        repository = MergeRepository(session, subject.tenant_id)
        for kind, scopes, table, searched, title, detail in places:
            if not subject.scopes.issuperset(scopes) or (table in (contacts, leads) and not sees_people):
                continue
            for row in await repository.hits(table, words, searched, title, detail):
                found.append(SearchHit(kind=kind, id=row.id, title=row.title or None, detail=row.detail))
    return SearchHits(items=found)
