"""What a caller may ask of attribution."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from serving.attribution.repository import CreditFilter, CreditRepository
from serving.attribution.schemas import (
    Attribution,
    AttributionModel,
    AttributionModels,
    AttributionPath,
    AttributionPaths,
    AttributionQuery,
    ChannelCredit,
    Level,
    ModelParameter,
    PathQuery,
    Transition,
    TransitionQuery,
    Transitions,
)
from serving.auth.subject import Subject
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import unusable_field


async def get_attribution(
    databases: Databases, subject: Subject, query: AttributionQuery, cursors: CursorSigner
) -> Attribution:
    """The credit that the query asks for.

    Raises:
        Problem: 422 where a model is named that no credit exists for.
    """
    after = _open(cursors, subject, query)
    if after is not None and query.level == "day":
        after[1] = date.fromisoformat(after[1])
    wanted = CreditFilter(
        query.model, query.channel, query.campaign_id, query.currency, first=query.first, last=query.last
    )
    async with databases.warehouse(subject.context) as session:
        repository = CreditRepository(session, subject.tenant_id)
        computed = await repository.read_computed()
        if query.model is not None and query.model not in computed.models:
            known = ", ".join(computed.models) or "none yet"
            raise unusable_field("model", f"no credit by this model; there is: {known}")
        if query.is_whole:
            rows = await repository.list_credit(wanted, after, query.limit + 1)
        else:
            rows = await repository.sum_credit(query.level, wanted, after, query.limit + 1)
    shown = rows[: query.limit]
    told = {"lookback_days": computed.lookback_days, "computed_at": computed.computed_at}
    credit = [ChannelCredit.model_validate(told | dict(row._mapping)) for row in shown]
    last = _place(shown[-1], query.level) if len(rows) > query.limit else None
    return Attribution(models=computed.models, credit=credit, next_cursor=_close(cursors, subject, query, last))


async def list_paths(
    databases: Databases, subject: Subject, query: PathQuery, cursors: CursorSigner
) -> AttributionPaths:
    """One page of paths."""
    after = _open(cursors, subject, query)
    async with databases.warehouse(subject.context) as session:
        repository = CreditRepository(session, subject.tenant_id)
        rows = await repository.list_paths(query.currency, after, query.limit + 1)
    shown, last = _cut(rows, query.limit, "currency", "rank")
    items = [AttributionPath.model_validate(dict(row._mapping)) for row in shown]
    return AttributionPaths(items=items, next_cursor=_close(cursors, subject, query, last))


async def list_transitions(
    databases: Databases, subject: Subject, query: TransitionQuery, cursors: CursorSigner
) -> Transitions:
    """One page of steps."""
    after = _open(cursors, subject, query)
    async with databases.warehouse(subject.context) as session:
        repository = CreditRepository(session, subject.tenant_id)
        rows = await repository.list_transitions(query.currency, query.source, after, query.limit + 1)
    shown, last = _cut(rows, query.limit, "currency", "source", "target")
    items = [Transition.model_validate(dict(row._mapping)) for row in shown]
    return Transitions(items=items, next_cursor=_close(cursors, subject, query, last))


async def list_models(databases: Databases, subject: Subject) -> AttributionModels:
    """The registry of models, and which of them the tenant's credit was computed by."""
    from attribution import MODELS  # scipy takes a second, which the start of the API needn't wait for

    async with databases.warehouse(subject.context) as session:
        computed = await CreditRepository(session, subject.tenant_id).read_computed()
    return AttributionModels(
        items=[
            AttributionModel(
                name=model.name,
                description=model.description,
                parameters=[
                    ModelParameter(name=name, default=str(one.default), description=one.description)
                    for name, one in model.parameters.items()
                ],
                has_credit=model.name in computed.models,
            )
            for model in MODELS.values()
        ]
    )


def _open(
    cursors: CursorSigner, subject: Subject, query: AttributionQuery | PathQuery | TransitionQuery
) -> list[Any] | None:
    return None if query.cursor is None else cursors.open(subject.tenant_id, query.question, query.cursor)


def _close(
    cursors: CursorSigner,
    subject: Subject,
    query: AttributionQuery | PathQuery | TransitionQuery,
    last: list[Any] | None,
) -> str | None:
    return None if last is None else cursors.make(subject.tenant_id, query.question, last)


def _cut(rows: Sequence[Row[Any]], limit: int, *keys: str) -> tuple[Sequence[Row[Any]], list[Any] | None]:
    """The page, and where it ends if more follows."""
    shown = rows[:limit]
    return shown, [getattr(shown[-1], key) for key in keys] if len(rows) > limit else None


def _place(row: Row[Any], level: Level) -> list[Any]:
    if level == "day":
        return [row.model, row.day.isoformat(), row.channel, row.currency]
    place = [row.model, -int(row.value_cents), row.channel]
    return [*place, row.campaign_key, row.currency] if level == "campaign" else [*place, row.currency]
