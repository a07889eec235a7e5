"""SQL of attribution: credit by channel, campaign and day, and the journeys behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Select, func, literal, tuple_

from serving.kit.repository import TenantRepository
from serving.models.warehouse import (
    attribution_path,
    attribution_transition,
    fct_attribution_credit,
    fct_attribution_daily,
)

Position = Sequence[Any]


@dataclass(frozen=True, slots=True)
class CreditFilter:
    """Which credit; None means all."""

    model: str | None = None
    channel: str | None = None
    campaign_id: UUID | None = None
    currency: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """What there is credit by, and when and how it was computed."""

    models: list[str]
    lookback_days: int
    computed_at: datetime | None


class CreditRepository(TenantRepository):
    """The tenant's credit in the warehouse."""

    async def read_computed(self) -> Computed:
        """The models that credit exists for, with the last computation."""
        c = fct_attribution_credit.c
        query = self.rows_of(
            fct_attribution_credit,
            c.model,
            func.max(c.lookback_days).label("days"),
            func.max(c.computed_at).label("at"),
        )
        rows = await self.fetch_all(query.group_by(c.model).order_by(c.model))
        if not rows:
            return Computed([], 0, None)
        return Computed([row.model for row in rows], max(row.days for row in rows), max(row.at for row in rows))

    async def list_credit(self, wanted: CreditFilter, after: Position | None, limit: int) -> Sequence[Row[Any]]:
        """Credit by channel over all days, with its intervals; by model, then value."""
        c = fct_attribution_credit.c
        query = self.rows_of(fct_attribution_credit)
        for column, value in ((c.model, wanted.model), (c.channel, wanted.channel), (c.currency, wanted.currency)):
            if value is not None:
                query = query.where(column == value)
        keys = (c.model, -c.value_cents, c.channel, c.currency)
        if after is not None:
            query = query.where(tuple_(*keys) > _position(after))
        return await self.fetch_all(query.order_by(*keys).limit(limit))

    async def sum_credit(
        self, level: str, wanted: CreditFilter, after: Position | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Credit and spend of some days, summed by channel, campaign or day."""
        c = fct_attribution_daily.c
        value, spend = func.sum(c.reporting_value_cents), func.sum(c.spend_cents)
        conversions = func.sum(c.conversions)
        columns: list[ColumnElement[Any]] = [
            c.model,
            c.channel,
            c.currency,
            conversions.label("conversions"),
            func.sum(c.value_cents).label("value_cents"),
            value.label("reporting_value_cents"),
            func.max(c.reporting_currency).label("reporting_currency"),
            spend.label("spend_cents"),
            (value / func.nullif(spend, 0)).label("roas_rate"),
            func.round(spend / func.nullif(conversions, 0)).label("cost_per_conversion_cents"),
        ]
        keys: tuple[ColumnElement[Any], ...] = (c.model, -func.sum(c.value_cents), c.channel, c.currency)
        groups: list[ColumnElement[Any]] = [c.model, c.channel, c.currency]
        if level == "campaign":
            keys = (c.model, -func.sum(c.value_cents), c.channel, c.campaign_key, c.currency)
            groups += [c.campaign_key, c.campaign_id, c.campaign_name]
            columns += [c.campaign_key, c.campaign_id, c.campaign_name]
        elif level == "day":
            keys = (c.model, c.credit_date, c.channel, c.currency)
            groups += [c.credit_date]
            columns += [c.credit_date.label("day")]
        query = _narrow(self.rows_of(fct_attribution_daily, *columns), wanted).group_by(*groups)
        if after is not None:
            query = query.having(tuple_(*keys) > _position(after))
        return await self.fetch_all(query.order_by(*keys).limit(limit))

    async def list_paths(self, currency: str | None, after: Position | None, limit: int) -> Sequence[Row[Any]]:
        """Paths by their rank in each currency."""
        c = attribution_path.c
        query = self.rows_of(
            attribution_path, c.currency, c.path_rank.label("rank"), c.path, c.path_count, c.conversions,
            c.value_cents, c.null_count, c.computed_at,
        )  # fmt: skip
        if currency is not None:
            query = query.where(c.currency == currency)
        return await self.fetch_all(_keyset(query, (c.currency, c.path_rank), after).limit(limit))

    async def list_transitions(
        self, currency: str | None, source: str | None, after: Position | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Steps of journeys by currency, source and target."""
        c = attribution_transition.c
        query = self.rows_of(attribution_transition)
        for column, wanted in ((c.currency, currency), (c.source, source)):
            if wanted is not None:
                query = query.where(column == wanted)
        return await self.fetch_all(_keyset(query, (c.currency, c.source, c.target), after).limit(limit))


def _narrow(query: Select[Any], wanted: CreditFilter) -> Select[Any]:
    c = fct_attribution_daily.c
    pairs = (
        (c.model, wanted.model),
        (c.channel, wanted.channel),
        (c.campaign_id, wanted.campaign_id),
        (c.currency, wanted.currency),
    )
    for column, value in pairs:
        if value is not None:
            query = query.where(column == value)
    if wanted.first is not None:
        query = query.where(c.credit_date >= wanted.first)
    if wanted.last is not None:
        query = query.where(c.credit_date <= wanted.last)
    return query


def _keyset(query: Select[Any], keys: tuple[ColumnElement[Any], ...], after: Position | None) -> Select[Any]:
    if after is not None:
        query = query.where(tuple_(*keys) > _position(after))
    return query.order_by(*keys)


def _position(after: Position) -> ColumnElement[Any]:
    # a bare int would be sent as a 4-byte one, which a large value in cents does not fit
    return tuple_(*(literal(key, BigInteger) if isinstance(key, int) else key for key in after))
