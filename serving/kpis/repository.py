"""SQL of figures by day and by month."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func

from serving.kit.repository import TenantRepository
from serving.models.warehouse import fct_revenue_retention_monthly, kpi_tenant_daily


class KpiRepository(TenantRepository):
    """The tenant's days and months in the warehouse."""

    async def last_day(self) -> date | None:
        """The newest day that was built."""
        query = self.rows_of(kpi_tenant_daily, func.max(kpi_tenant_daily.c.kpi_date))
        day: date | None = (await self.session.execute(query)).scalar_one()
        return day

    async def list_days(self, since: date, until: date) -> Sequence[Row[Any]]:
        """The days of a span, oldest first."""
        day = kpi_tenant_daily.c.kpi_date
        query = self.rows_of(kpi_tenant_daily).where(day.between(since, until)).order_by(day)
        return await self.fetch_all(query)

    async def list_months(self, since: date | None, until: date | None, most: int) -> Sequence[Row[Any]]:
        """The months that begin within a span, oldest first; the latest ``most`` where there are more."""
        month = fct_revenue_retention_monthly.c.month_date
        query = self.rows_of(fct_revenue_retention_monthly).order_by(month.desc()).limit(most)
        if since is not None:
            query = query.where(month >= since)
        if until is not None:
            query = query.where(month <= until)
        return list(reversed(await self.fetch_all(query)))
