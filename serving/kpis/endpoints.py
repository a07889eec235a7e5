"""Routes of daily figures."""

from typing import Annotated

from fastapi import APIRouter, Query

from serving.kit.databases import AppDatabases
from serving.kpis import service as kpi_service
from serving.kpis.auth import KpiReader
from serving.kpis.schemas import KpiQuery, Kpis

router = APIRouter(prefix="/v1/kpis", tags=["kpis"])


@router.get("")
async def get_kpis(subject: KpiReader, databases: AppDatabases, query: Annotated[KpiQuery, Query()]) -> Kpis:
    """Leads, revenue, spend and subscriptions by day, oldest first.

    `since` and `until` are days in the tenant's timezone, both included; without them the last 90 days that were
    built. At most 1,100 days at once.
    """
    return await kpi_service.get_kpis(databases, subject, query)
