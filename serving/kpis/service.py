"""What a caller may ask of the figures by day and by month."""

from datetime import date

from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kpis.repository import KpiRepository
from serving.kpis.schemas import (
    MOST_DAYS,
    MOST_MONTHS,
    KpiDay,
    KpiMonth,
    KpiMonthQuery,
    KpiMonths,
    KpiQuery,
    Kpis,
)

DEFAULT_DAYS = 90
DEFAULT_MONTHS = 24


async def get_kpis(databases: Databases, subject: Subject, query: KpiQuery) -> Kpis:
    """The days that the query asks for, at most `MOST_DAYS` of them, the latest where there are more."""
    async with databases.warehouse(subject.context) as session:
        repository = KpiRepository(session, subject.tenant_id)
        until = query.until or await repository.last_day()
        if until is None:
            return Kpis(days=[])
        floor = _days_before(until, MOST_DAYS)
        since = max(query.since, floor) if query.since else _days_before(until, DEFAULT_DAYS)
        rows = await repository.list_days(since, until)
    return Kpis(days=[KpiDay.model_validate(dict(row._mapping)) for row in rows])


async def get_monthly_kpis(databases: Databases, subject: Subject, query: KpiMonthQuery) -> KpiMonths:
    """The months that the query asks for, at most `MOST_MONTHS` of them, the latest where there are more."""
    most = MOST_MONTHS if query.since else DEFAULT_MONTHS
    async with databases.warehouse(subject.context) as session:
        rows = await KpiRepository(session, subject.tenant_id).list_months(query.since, query.until, most)
    return KpiMonths(months=[KpiMonth.model_validate(dict(row._mapping)) for row in rows])


def _days_before(until: date, count: int) -> date:
    """The first day of a span of ``count`` days, not before the calendar begins."""
    return date.fromordinal(max(1, until.toordinal() - count + 1))
