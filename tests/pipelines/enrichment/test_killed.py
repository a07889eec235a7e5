"""A process killed in the middle of its questions: what was answered is never asked or paid for again."""

import os
import signal
import subprocess
import sys
import textwrap
import time

from tests.paths import ROOT
from tests.pipelines.enrichment.conftest import Desk

SCRIPT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from pipelines.enrichment.enrich import enrich_tenant
    from pipelines.resources.platform import Platform
    from tekup.settings import read_settings
    home, database, warehouse, sandbox, tenant = sys.argv[1:]
    settings = read_settings(home=Path(home), database_url=database or None, warehouse_url=warehouse or None)
    platform = Platform(settings, sandbox_url=sandbox)
    enrich_tenant(platform, platform.tenant(tenant))
    """
)
LEADS = 60


def test_a_kill_in_the_middle_costs_no_answer_and_no_second_question_for_one(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *(f"Vi vil gerne have et tilbud til {number} folk." for number in range(LEADS)))
    desk.sandbox.fault(kind="slow", seconds=0.1, vendor="openai", path="/v1/responses", times=0)
    settings = desk.platform.settings
    arguments = [str(settings.home), settings.database_url or "", settings.warehouse_url or "", desk.sandbox.url]
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments, str(desk.a.id)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while len(desk.asked()) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    before = desk.asked()
    kept = desk.execute("select count(*) from ml.lead_enrichment where status = 'answered'")[0][0]
    pending = desk.execute("select count(*) from ml.lead_enrichment where status = 'pending'")[0][0]
    assert 0 < kept < LEADS
    assert pending > 0
    desk.sandbox.http.delete("/_control/faults")
    report = desk.run(stale_seconds=0.0)
    assert report.cached == kept
    assert report.answered == LEADS - kept
    asked = desk.asked()
    assert len(set(asked)) == LEADS
    twice = [text for text in asked[len(before) :] if text in before]
    assert len(twice) <= pending  # only what was out at that moment, whose answers nobody has
    ledger = desk.execute("select outcome, count(*) from ml.lead_enrichment_call group by 1 order by 1")
    assert dict(ledger) == {"answered": LEADS, "unknown": pending}
