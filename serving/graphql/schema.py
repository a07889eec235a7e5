"""What can be asked and changed: every field calls the service that the REST route of the same name calls."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import strawberry
from graphql import MaxIntrospectionDepthRule, NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from serving.explanations import service as explanation_service
from serving.explanations.schemas import Feedback as FeedbackShape
from serving.explanations.schemas import FeedbackCreate
from serving.graphql.context import Info
from serving.graphql.shapes import SCALARS, input_of, of_model, read
from serving.graphql.types import KINDS, KpiDay, KpiMonth, Lead, PageInfo
from serving.kpis import service as kpi_service
from serving.kpis.schemas import KpiMonthQuery, KpiQuery
from serving.leads import service as lead_service
from serving.leads.schemas import LeadCreate, LeadPage, LeadQuery, LeadUpdate
from serving.records import service as record_service
from serving.records.resource import Resource

USUAL_PAGE = 50
_PAGING = ("limit", "cursor", "sort")
_PAGED = "The latest first unless `sort` says otherwise. At most 200 at once; go on with `after`."


@of_model(FeedbackShape)
class Feedback:
    pass


def _page_of(name: str, kind: type) -> type:
    made = type(f"{name}Page", (), {"__annotations__": {"nodes": list[kind], "page_info": PageInfo}})  # type: ignore[valid-type]
    return strawberry.type(made, description="One page.")


def _show(page: type, found: Any) -> Any:
    cursor = found.next_cursor
    return page(nodes=found.items, page_info=PageInfo(has_next_page=cursor is not None, end_cursor=cursor))


def _field(name: str, resolver: Callable[..., Any], description: str, **annotations: Any) -> Any:
    """A field whose types are known only as values."""
    resolver.__annotations__ |= annotations
    resolver.__name__ = name
    return strawberry.field(resolver=resolver, name=name, description=description)


def _reading(name: str, resource: Resource, kind: type) -> list[Any]:
    plural = resource.plural
    page, filters = _page_of(kind.__name__, kind), input_of(resource.query, f"{kind.__name__}Filter", without=_PAGING)

    async def find(info: Info, id: UUID) -> Any:  # the argument's name in the schema
        return await info.context.load(resource, id)

    async def find_all(
        info: Info, filter: Any = None, sort: str | None = None, first: int = USUAL_PAGE, after: str | None = None
    ) -> Any:  # fmt: skip
        shelf = info.context.shelf(resource)
        query = read(resource.query, filter, sort=sort, limit=first, cursor=after)
        found = await info.context.run(record_service.list_records(shelf, query, info.context.cursors))
        return _show(page, found)

    return [
        _field(name, find, f"One {resource.noun}; null where you have none with this id.", **{"return": kind | None}),
        _field(plural, find_all, _PAGED, filter=filters | None, **{"return": page | None}),
    ]


def _writing(name: str, resource: Resource, kind: type) -> list[Any]:
    new = input_of(resource.create, f"{kind.__name__}Input")
    changes = input_of(resource.update, f"{kind.__name__}Change")

    async def create(info: Info, input: Any) -> Any:
        shelf = info.context.shelf(resource, writes=True)
        return await info.context.run(record_service.create_record(shelf, read(resource.create, input)))

    async def change(info: Info, id: UUID, input: Any, if_match: str | None = None) -> Any:
        shelf = info.context.shelf(resource, writes=True)
        body = read(resource.update, input)
        return await info.context.run(record_service.change_record(shelf, id, body, if_match))

    async def delete(info: Info, id: UUID, if_match: str | None = None) -> UUID:
        shelf = info.context.shelf(resource, writes=True)
        await info.context.run(record_service.delete_record(shelf, id, if_match))
        return id

    return [
        _field(f"create_{name}", create, f"Store a new {resource.noun}.", input=new, **{"return": kind}),
        _field(f"change_{name}", change, "Set the fields that are sent; the others stay. With `if_match` only if "
               "nobody changed it since.", input=changes, **{"return": kind}),
        _field(f"delete_{name}", delete, f"Delete a {resource.noun}; its id is answered."),
    ]  # fmt: skip


_LeadPage = _page_of("Lead", Lead)
_LeadFilter = input_of(LeadQuery, "LeadFilter", without=_PAGING)
_LeadInput = input_of(LeadCreate, "LeadInput")
_LeadChange = input_of(LeadUpdate, "LeadChange")
_FeedbackInput = input_of(FeedbackCreate, "FeedbackInput")


async def _find_lead(info: Info, id: UUID) -> Any:
    return await info.context.load_lead(id)


async def _find_leads(
    info: Info, filter: Any = None, sort: str | None = None, first: int = USUAL_PAGE, after: str | None = None
) -> Any:  # fmt: skip
    context = info.context
    context.need("leads:read")
    query = read(LeadQuery, filter, sort=sort, limit=first, cursor=after)
    found: LeadPage = await context.run(
        lead_service.list_leads(context.databases, context.subject, query, context.cursors)
    )
    return _show(_LeadPage, found)


async def _create_lead(info: Info, input: Any) -> Any:
    context = info.context
    context.need("leads:write")
    body = read(LeadCreate, input)
    return await context.run(lead_service.create_lead(context.databases, context.subject, body, context.request_id))


async def _change_lead(info: Info, id: UUID, input: Any) -> Any:
    context = info.context
    context.need("leads:write")
    body = read(LeadUpdate, input)
    return await context.run(lead_service.change_lead(context.databases, context.subject, id, body, context.request_id))


async def _give_feedback(info: Info, input: Any) -> Any:
    context = info.context
    context.need("leads:write")
    body = read(FeedbackCreate, input)
    return await context.run(explanation_service.take_feedback(context.databases, context.subject, body))


async def _find_days(info: Info, since: date | None = None, until: date | None = None) -> Any:
    context = info.context
    context.need("kpis:read")
    query = read(KpiQuery, None, since=since, until=until)
    return (await context.run(kpi_service.get_kpis(context.databases, context.subject, query))).days


async def _find_months(info: Info, since: date | None = None, until: date | None = None) -> Any:
    context = info.context
    context.need("kpis:read")
    query = read(KpiMonthQuery, None, since=since, until=until)
    return (await context.run(kpi_service.get_monthly_kpis(context.databases, context.subject, query))).months


def _query() -> type:
    fields = [one for name, (resource, kind) in KINDS.items() for one in _reading(name, resource, kind)]
    fields += [
        _field("lead", _find_lead, "One lead; null where there is none.", **{"return": Lead | None}),
        _field("leads", _find_leads, f"{_PAGED} Sorting by a score or filtering by grade lists scored leads only.",
               filter=_LeadFilter | None, **{"return": _LeadPage | None}),
        _field("kpis", _find_days, "Figures by day, the oldest first; 90 days unless you say otherwise.",
               **{"return": list[KpiDay] | None}),
        _field("monthly_kpis", _find_months, "Figures by month, the oldest first; 24 months unless you say otherwise.",
               **{"return": list[KpiMonth] | None}),
    ]  # fmt: skip
    return create_type("Query", fields, description="What can be asked. A field that you may not read is null.")


def _mutation() -> type:
    fields = [one for name, (resource, kind) in KINDS.items() for one in _writing(name, resource, kind)]
    fields += [
        _field("create_lead", _create_lead, "Store a new lead.", input=_LeadInput, **{"return": Lead}),
        _field("change_lead", _change_lead, "Move a lead to another status, and note its value and owner.",
               input=_LeadChange, **{"return": Lead}),
        _field("give_feedback", _give_feedback, "Say that a lead's score is right, too high or too low.",
               input=_FeedbackInput, **{"return": Feedback}),
    ]  # fmt: skip
    described = "What can be changed. All fields of one document happen, or none does."
    return create_type("Mutation", fields, description=described)


class _Schema(strawberry.Schema):
    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Leave the log to who turns errors into answers: an error that the caller made is no error of ours."""


class _Parsed(SchemaExtension):
    """Takes the document that was parsed and measured, instead of parsing it again."""

    def on_parse(self) -> Any:
        self.execution_context.graphql_document = self.execution_context.context.document
        yield


@lru_cache
def build_schema(has_introspection: bool) -> strawberry.Schema:
    """The schema; without introspection it also suggests no names."""
    rules: list[Any] = [MaxIntrospectionDepthRule] if has_introspection else [NoSchemaIntrospectionCustomRule]
    return _Schema(
        _query(),
        _mutation(),
        config=StrawberryConfig(
            auto_camel_case=False, disable_field_suggestions=not has_introspection, scalar_map=SCALARS
        ),
        extensions=[_Parsed, lambda: AddValidationRules(rules)],
    )
