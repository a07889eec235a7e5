"""Routes of figures by day and by month."""

from typing import Annotated

from fastapi import APIRouter, Query

from serving.kit.databases import AppDatabases
from serving.kpis import service as kpi_service
from serving.kpis.auth import KpiReader
from serving.kpis.schemas import KpiMonthQuery, KpiMonths, KpiQuery, Kpis

router = APIRouter(prefix="/v1/kpis", tags=["kpis"])


@router.get("")
async def get_kpis(subject: KpiReader, databases: AppDatabases, query: Annotated[KpiQuery, Query()]) -> Kpis:
    """Leads, revenue, spend and subscriptions by day, oldest first.

    `since` and `until` are days in the tenant's timezone, both included; without them the last 90 days that were
    built. At most 1,100 days at once.
    """
    return await kpi_service.get_kpis(databases, subject, query)


@router.get("/monthly")
async def get_monthly_kpis(
    subject: KpiReader, databases: AppDatabases, query: Annotated[KpiMonthQuery, Query()]
) -> KpiMonths:
    """Retention, churn, revenue per customer and lifetime value by month, oldest first.

    `since` and `until` are days: every month that begins between them, both included; without them the last 24
    months that were built. `is_complete` tells whether the month has ended. A figure is null where too little is known.
    """
    return await kpi_service.get_monthly_kpis(databases, subject, query)
