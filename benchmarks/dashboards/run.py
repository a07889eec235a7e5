"""How long pages and their queries take for the tenant with most leads: `python -m benchmarks.dashboards.run`.

Reads the home of `TEKUP_HOME`, which `tekup run` has built. With `--times 16 --throwaway` that tenant's marts are made
16 times as large first: only for a home that nobody needs any more.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

import streamlit as st
import structlog
from streamlit.testing.v1 import AppTest

from benchmarks.dashboards.growth import grow
from dashboards.alerts import first_day
from dashboards.formats import Language
from dashboards.queries import (
    attribution_overlap,
    attribution_path,
    check_failure,
    check_result,
    fct_attribution_campaign,
    fct_attribution_credit,
    fct_attribution_daily,
    fct_campaign_spend_daily,
    fct_conversion,
    fct_lead,
    fct_quality_daily,
    fct_reject,
    kpi_tenant_daily,
    sync_run,
)
from dashboards.queries.fct_lead import LeadFilter
from dashboards.queries.reader import NotBuilt, reading_as
from dashboards.session import SignedIn
from tekup.clock import utc_now
from tekup.db import Database, Doors
from tekup.directory.scopes import SCOPES
from tekup.errors import TekupError
from tekup.settings import current_settings

ROUNDS = 5
PAGES = ("overview", "leads", "attribution", "data_health")
APP = Path(__file__).parents[2] / "dashboards" / "app.py"


def main() -> int:
    """Time queries, then pages with an empty cache and with a full one."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=1)
    asked.add_argument("--throwaway", action="store_true", help="the home's marts may be changed")
    given = asked.parse_args()
    if given.times > 1 and not given.throwaway:
        asked.error("--times changes the marts of the home: say --throwaway as well")
    doors = Doors(current_settings())
    try:
        tenant = _largest_tenant(doors)
    except TekupError as error:
        print(f"nothing to measure: {error}; run `tekup run` first", file=sys.stderr)
        return 0
    if tenant is None:
        print("nothing to measure: no tenant has leads; run `tekup run` first", file=sys.stderr)
        return 0
    if given.times > 1:
        grow(doors, tenant, given.times)
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"load of the machine: {os.getloadavg()[0]:.1f}; medians of {ROUNDS}")
    with reading_as(may_see_people=True):
        last = kpi_tenant_daily.read_last_day(tenant) or utc_now().date()
        print(f"leads: {fct_lead.count_leads(tenant, LeadFilter()):,}")
        for name, query in _queries(tenant, last).items():
            _time_query(name, query)
    for page in PAGES:
        _time_page(tenant, page)
    return 0


def _largest_tenant(doors: Doors) -> UUID | None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="a benchmark's largest tenant") as connection:
        if connection.execute("select to_regclass('marts.fct_lead')").fetchone() == (None,):
            return None
        found = connection.execute(
            "select tenant_id from marts.fct_lead group by tenant_id order by count(*) desc limit 1"
        ).fetchone()
    return found[0] if found else None


def _queries(tenant: UUID, last: date) -> dict[str, Callable[[], object]]:
    first, before = last - timedelta(days=29), last - timedelta(days=59)
    year, earlier = last - timedelta(days=364), last - timedelta(days=729)
    return {
        "overview: 60 days": lambda: kpi_tenant_daily.read_daily(tenant, before, last),
        "overview: 27 weeks": lambda: kpi_tenant_daily.read_daily(tenant, first_day(last), last),
        "overview: lead moves, 30 days": lambda: fct_lead.read_moves(tenant, "source", before, first, last),
        "overview: lead moves, 365 days": lambda: fct_lead.read_moves(tenant, "industry", earlier, year, last),
        "overview: value moves, 365 days": lambda: fct_conversion.read_moves(tenant, "industry", earlier, year, last),
        "overview: spend moves, 365 days": lambda: fct_campaign_spend_daily.read_moves(tenant, earlier, year, last),
        "overview: checks": lambda: check_result.read_checks(tenant),
        "overview: sources": lambda: sync_run.read_sources(tenant),
        "leads: 500 ranked": lambda: fct_lead.read_ranked(tenant, LeadFilter(statuses=("new", "contacted"))),
        "leads: count": lambda: fct_lead.count_leads(tenant, LeadFilter(statuses=("new", "contacted"))),
        "leads: search": lambda: fct_lead.read_ranked(tenant, LeadFilter(search="a b")),
        "leads: won in a month": lambda: fct_lead.read_ranked(tenant, LeadFilter(moment="won", first=first, last=last)),
        "leads: sources": lambda: fct_lead.read_sources(tenant),
        "attribution: credit": lambda: fct_attribution_credit.read_credit(tenant),
        "attribution: campaigns": lambda: fct_attribution_campaign.read_campaigns(tenant, "linear", "email"),
        "attribution: paths": lambda: attribution_path.read_paths(tenant),
        "attribution: overlap": lambda: attribution_overlap.read_overlap(tenant),
        "attribution: 104 weeks": lambda: fct_attribution_daily.read_weeks(tenant, "linear", 104),
        "data health: quality": lambda: fct_quality_daily.read_quality(tenant),
        "data health: failing rows": lambda: check_failure.read_failures(tenant),
        "data health: rejects": lambda: fct_reject.read_rejects(tenant),
    }


def _time_query(name: str, query: Callable[[], object]) -> None:
    try:
        query()  # connections and the database's cache are warm for somebody who works
        print(f"{name:40} {median(_clock(query) for _ in range(ROUNDS)) * 1000:8.0f} ms")
    except NotBuilt:
        print(f"{name:40}          not built")


def _time_page(tenant: UUID, page: str) -> None:
    """The whole script of the page: its first useful content is there earlier."""
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.session_state["language"] = Language.EN
    app.session_state["signed_in"] = SignedIn(
        tenant, "benchmark", "nobody@example.com", "admin", frozenset(SCOPES), utc_now() + timedelta(hours=1)
    )
    app.run()
    app.switch_page(f"app_pages/{page}.py").run()
    cold, cpu = [], []
    for _ in range(ROUNDS):
        st.cache_data.clear()
        began = time.process_time()
        cold.append(_clock(app.run))
        cpu.append(time.process_time() - began)
    warm = [_clock(app.run) for _ in range(ROUNDS)]
    failed = " (page failed)" if app.exception or [box for box in app.error if "went wrong" in box.value] else ""
    print(
        f"page {page:35} {median(cold) * 1000:8.0f} ms ({median(cpu) * 1000:.0f} of them this process's CPU), "
        f"from the cache {median(warm) * 1000:.0f} ms{failed}"
    )


def _clock(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
