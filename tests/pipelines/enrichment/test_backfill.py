"""Backfills by batch: one batch whatever happens on the way, every line under its own key, nothing paid for twice."""

import json
from typing import Any

import pytest

from integrations.openai.batches import OpenaiBatches
from integrations.openai.client import OpenaiClient
from integrations.sandbox.identifiers import sandbox_credential
from pipelines.enrichment import backfill, batch_store, enrich
from pipelines.enrichment.batch_store import OpenBatch
from pipelines.enrichment.consent import withdraw_consent
from pipelines.enrichment.enrich import switch_off
from pipelines.enrichment.store import open_store
from tekup.errors import VendorError
from tests.pipelines.enrichment.conftest import SLUGS, Desk

OFFER = "Vi vil gerne have et tilbud hurtigst muligt."


def texts(count: int) -> list[str]:
    return [f"{OFFER} Vi er {number} folk." for number in range(count)]


def batches_at_vendor(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.sandbox.get("openai", SLUGS[0], "/v1/batches?limit=100").json()["data"]
    return found


def files_at_vendor(desk: Desk) -> list[str]:
    return [file["id"] for file in desk.sandbox.get("openai", SLUGS[0], "/v1/files").json()["data"]]


def statuses(desk: Desk) -> list[tuple[str, int]]:
    return desk.execute("select status, count(*)::int from ml.lead_enrichment group by 1 order by 1")  # type: ignore[return-value]


def begun(desk: Desk, until: str) -> OpenBatch:
    """What a process leaves that was killed right after it had stored ``until``."""
    client = OpenaiClient(sandbox_credential("openai", SLUGS[0]), f"{desk.sandbox.url}/openai")
    with open_store(desk.platform.doors, desk.a.id, client.model) as store:
        store.link()
        if until == "preparing":
            made = batch_store.prepare(store, store.waiting(100))
        else:
            made = backfill.start(store, OpenaiBatches(client), store.waiting(100))
            if until == "uploaded":
                desk.execute("update ml.lead_enrichment_batch set status = 'uploaded', vendor_id = null")
    assert made is not None
    return made


def test_a_backfill_answers_all_leads_by_one_batch_and_leaves_no_file(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(40))
    report = desk.run_by_batch()
    assert (report.asked, report.answered, report.waiting) == (40, 40, 0)
    assert "completed" in (report.batch or "")
    assert len(batches_at_vendor(desk)) == 1
    assert desk.asked() == []
    assert files_at_vendor(desk) == []
    assert desk.execute("select count(*) from ml.lead_enrichment_answer") == [(40,)]
    assert desk.execute("select sum(input_tokens + output_tokens) from ml.lead_enrichment_call") == [
        (report.tokens_used,)
    ]
    assert desk.run_by_batch().asked == 0


def test_many_waiting_texts_go_by_batch_by_themselves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrich, "BATCH_FROM", 20)
    monkeypatch.setattr(backfill, "BATCH_SIZE", 15)
    desk.agree()
    desk.add_leads(desk.a, *texts(50))
    patience = backfill.Patience(1_000, sleep=desk.sandbox.pass_time, clock=desk.sandbox.clock)
    report = desk.run(patience=patience)
    assert report.answered == 50
    assert [batch["request_counts"]["total"] for batch in batches_at_vendor(desk)] == [15, 15]
    assert len(desk.asked()) == 20


def test_a_batch_that_takes_long_is_left_and_collected_by_a_later_run(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(5))
    desk.behave(polls=99, seconds=3_600)
    first = desk.run_by_batch(seconds=0.0)
    assert (first.asked, first.answered) == (0, 0)
    assert "is running" in (first.batch or "")
    assert first.tokens_left < 10_000_000
    desk.sandbox.pass_time(3_600)
    second = desk.run()
    assert second.answered == 5
    assert len(batches_at_vendor(desk)) == 1


@pytest.mark.parametrize("until", ["preparing", "uploaded", "running"])
def test_a_run_after_a_kill_goes_on_with_the_same_batch(desk: Desk, until: str) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(6))
    begun(desk, until)
    assert statuses(desk) == [("pending", 6)]
    report = desk.run_by_batch()
    assert report.answered == 6
    assert len(batches_at_vendor(desk)) == 1
    calls = desk.execute("select outcome, count(*) from ml.lead_enrichment_call group by 1")
    assert calls == [("answered", 6)]


def test_a_create_whose_answer_is_lost_makes_no_second_batch(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(4))
    desk.sandbox.fault(kind="truncate", vendor="openai", path="/v1/batches", nth=2)  # the first looks for the batch
    first = desk.run_by_batch()
    assert isinstance(first.trouble, VendorError)
    assert len(batches_at_vendor(desk)) == 1
    assert desk.execute("select status, vendor_id from ml.lead_enrichment_batch") == [("uploaded", None)]
    assert desk.run_by_batch().answered == 4
    assert len(batches_at_vendor(desk)) == 1


def test_a_lead_erased_while_its_batch_runs_gets_no_answer_and_still_costs(desk: Desk) -> None:
    desk.agree()
    gone, *_ = desk.add_leads(desk.a, *texts(4))
    begun(desk, "running")
    desk.execute("update raw_operational.leads set deleted_at = now() where id = %s", gone)
    report = desk.run_by_batch()
    assert report.answered == 3
    assert desk.execute("select count(*) from ml.lead_enrichment") == [(3,)]
    assert desk.execute("select count(*) from ml.lead_enrichment_call") == [(4,)]


def test_a_lead_that_changed_before_its_batch_was_sent_is_asked_about_as_it_is_now(desk: Desk) -> None:
    desk.agree()
    changed, *_ = desk.add_leads(desk.a, *texts(3))
    begun(desk, "preparing")
    desk.execute(
        "update raw_operational.leads set message = 'Jeg kigger bare lidt rundt.', changed_xid = '6' where id = %s",
        changed,
    )
    report = desk.run_by_batch()
    assert report.answered == 3
    assert "kigger bare" in "".join(desk.sent())
    assert "Vi er 0 folk" not in "".join(desk.sent())
    assert statuses(desk) == [("answered", 3)]


def test_failed_lines_count_as_attempts_and_expired_ones_do_not(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(6))
    desk.behave(expire_after=4, fail_every=4, mishaps=["schema"])
    report = desk.run_by_batch()
    assert "expired" in (report.batch or "")
    assert report.outcomes == {"answered": 2, "malformed": 1, "failed": 1}
    found = desk.execute("select status, attempts, count(*)::int from ml.lead_enrichment group by 1, 2 order by 1, 2")
    assert found == [("answered", 1, 2), ("failed", 0, 2), ("failed", 1, 1), ("malformed", 1, 1)]
    desk.behave(expire_after=None, fail_every=0)
    assert desk.run_by_batch().answered == 4
    assert statuses(desk) == [("answered", 6)]


def test_a_batch_that_the_vendor_rejects_is_clear_and_costs_nothing(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(3))
    desk.behave(reject=True)
    report = desk.run_by_batch()
    assert isinstance(report.trouble, VendorError)
    assert "not parseable" in report.trouble.what
    assert report.tokens_left == 10_000_000
    desk.behave(reject=False)
    assert desk.run_by_batch().answered == 3


def test_answers_that_are_gone_at_the_vendor_are_charged_and_asked_again(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(2))
    batch = begun(desk, "running")
    for _ in range(2):
        told = desk.sandbox.get("openai", SLUGS[0], f"/v1/batches/{batch.vendor_id}").json()
    header = {"Authorization": f"Bearer {sandbox_credential('openai', SLUGS[0])}"}
    desk.sandbox.http.delete(f"/openai/v1/files/{told['output_file_id']}", headers=header)
    first = desk.run_by_batch()
    assert (first.answered, first.tokens_used > 2_000) == (0, True)
    assert desk.run_by_batch().answered == 2


def test_a_batch_stays_within_the_budget(desk: Desk) -> None:
    desk.agree(tokens=6_000)
    desk.add_leads(desk.a, *texts(30))
    report = desk.run_by_batch()
    assert report.is_budget_used_up
    assert 0 < report.answered < 30
    assert report.tokens_used <= 6_000


def test_withdrawing_consent_stops_the_batch_and_takes_its_file_back(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(3))
    desk.behave(polls=99, seconds=9_999)
    desk.run_by_batch(seconds=0.0)
    assert switch_off(desk.platform, desk.a) is None
    assert [batch["status"] for batch in batches_at_vendor(desk)] == ["cancelled"]
    assert files_at_vendor(desk) == []
    assert statuses(desk) == [("failed", 3)]
    assert desk.run().skipped is not None
    desk.behave(polls=1)
    desk.agree()
    assert desk.run_by_batch().answered == 3


def test_a_batch_that_could_not_be_stopped_is_stopped_by_the_next_run(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *texts(3))
    desk.behave(polls=99, seconds=9_999)
    desk.run_by_batch(seconds=0.0)
    withdraw_consent(desk.platform.doors, desk.a.id)
    assert desk.run().skipped is not None
    assert [batch["status"] for batch in batches_at_vendor(desk)] == ["cancelled"]


def test_the_file_names_no_tenant_and_its_keys_no_lead(desk: Desk) -> None:
    desk.agree()
    (lead,) = desk.add_leads(desk.a, OFFER, company_name="Nord Byg")
    desk.run_by_batch()
    upload, create = desk.sent()[:2]
    assert str(lead) not in upload
    assert str(desk.a.id) not in upload + create
    assert "alfa" not in (upload + create).lower()
    assert set(json.loads(create)["metadata"]) == {"tekup_batch"}
