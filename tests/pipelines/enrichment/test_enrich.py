"""Enrichment asks with consent, within a budget, each text once, and forgets what belongs to leads that are gone."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.enrichment.consent import give_consent, read_consent, withdraw_consent
from pipelines.enrichment.preview import preview
from pipelines.enrichment.store import EnrichmentBusy, open_store
from tekup.db import Database, Role
from tekup.directory.connections import list_connections, store_connection
from tekup.errors import BadInput, CredentialRefused, VendorError
from tekup.ids import derived_uuid
from tests.pipelines.enrichment.conftest import SLUGS, Desk

OFFER = "Vi vil gerne have et tilbud hurtigst muligt."
DEMO = "Vi overvejer en ny løsning og vil gerne se en demo."
STUDENT = "I am a student writing a paper about your industry."


def test_nothing_is_asked_without_consent(desk: Desk) -> None:
    desk.add_leads(desk.a, OFFER)
    report = desk.run()
    assert report.skipped is not None
    assert "no consent" in report.skipped
    assert desk.sandbox.requests(vendor="openai") == []
    assert desk.execute("select count(*) from ml.lead_enrichment_lead") == [(0,)]


def test_consent_needs_a_budget_and_anything_odd_is_no_consent(desk: Desk) -> None:
    doors, tenant = desk.platform.doors, desk.a
    withdraw_consent(doors, tenant.id)
    for settings in ("{}", '{"enrichment": true}', '{"enrichment": {"enabled": "yes", "monthly_tokens": 5}}',
                     '{"enrichment": {"enabled": true}}', '{"enrichment": {"enabled": true, "monthly_tokens": true}}',
                     '{"enrichment": {"enabled": true, "monthly_tokens": -1}}'):  # fmt: skip
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("update app.tenants set settings = %s", (settings,))
        assert not read_consent(doors, tenant.id).is_given, settings
    with pytest.raises(BadInput, match="budget"):
        give_consent(doors, tenant.id, monthly_tokens=None)


def test_consent_keeps_the_tenants_other_settings(desk: Desk) -> None:
    doors, tenant = desk.platform.doors, desk.a
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        connection.execute('update app.tenants set settings = \'{"currency": "DKK"}\'')
    give_consent(doors, tenant.id, monthly_tokens=5, model="gpt-5")
    withdraw_consent(doors, tenant.id)
    again = give_consent(doors, tenant.id, monthly_tokens=None)
    assert (again.monthly_tokens, again.model) == (5, "gpt-5")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        (row,) = connection.execute("select settings ->> 'currency' from app.tenants").fetchall()
    assert row == ("DKK",)


def test_each_lead_gets_the_answer_to_its_own_text(desk: Desk) -> None:
    desk.agree()
    buyer, reader, silent = desk.add_leads(desk.a, OFFER, STUDENT, None)
    report = desk.run()
    assert (report.leads, report.asked, report.answered, report.waiting) == (2, 2, 2, 0)
    found = dict(desk.execute("select lead_id, intent from ml.lead_enrichment_answer where is_current"))
    assert found == {buyer: "high", reader: "low"}
    assert silent not in found
    state = {c.vendor: c.status for c in list_connections(desk.platform.doors, desk.a.id)}
    assert state["openai"] == "working"


def test_a_second_run_asks_nothing_and_a_new_lead_costs_one_question(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER, DEMO)
    desk.run()
    again = desk.run()
    assert (again.cached, again.asked, again.tokens_used) == (2, 0, 0)
    desk.add_leads(desk.a, STUDENT, first=3)
    third = desk.run()
    assert (third.cached, third.asked) == (2, 1)
    assert len(desk.asked()) == 3


def test_two_leads_of_a_tenant_with_the_same_text_are_asked_once(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, f"{OFFER} Hilsen Ida", f"{OFFER} Hilsen Ole", full_name=None)
    report = desk.run()
    assert (report.leads, report.asked) == (2, 1)
    assert desk.execute("select count(*) from ml.lead_enrichment_answer") == [(2,)]


def test_two_tenants_share_no_question_no_answer_and_no_budget(desk: Desk) -> None:
    desk.agree()
    for tenant in (desk.a, desk.b):
        desk.add_leads(tenant, OFFER)
        assert desk.run(tenant).asked == 1
    keys = desk.execute("select cache_key from ml.lead_enrichment")
    assert len(set(keys)) == 2
    assert [len(desk.asked(slug)) for slug in SLUGS] == [1, 1]
    with desk.platform.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, desk.a.id) as connection:
        for table in ("lead_enrichment", "lead_enrichment_lead", "lead_enrichment_call", "lead_enrichment_answer"):
            seen = connection.execute(f"select distinct tenant_id from ml.{table}".encode()).fetchall()
            assert seen == [(desk.a.id,)], table


def test_no_personal_data_leaves(desk: Desk) -> None:
    desk.agree()
    secret = ["Søren", "Ågård", "soren@privat.dk", "20304050", "20 30 40 50", "010190-1234", "DK5000400440116243",
              "4111 1111 1111 1111", "token=hemmelig", "Lone"]  # fmt: skip
    contact = derived_uuid("contact", 1)
    with desk.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
        connection.execute(
            "insert into raw_operational.contacts (tenant_id, id, first_name, last_name, phone, changed_xid) "
            "values (%s, %s, 'Lone', 'Ågård', '+45 20304050', '5')",
            (desk.a.id, contact),
        )
    desk.add_leads(
        desk.a, f"{OFFER} " + ", ".join(secret) + f" https://x.dk/?{secret[8]}", full_name="Søren Ågård",
        email="soren@privat.dk", company_name="Nord Byg ApS", job_title="Indkøbschef", contact_id=contact,
    )  # fmt: skip
    desk.run()
    desk.execute("update raw_operational.leads set message = message || ' igen', changed_xid = '6'")
    desk.run_by_batch()
    sent = "\n".join(desk.sent())
    assert sent.count("Nord Byg ApS") == 2
    assert "Indkøbschef" in sent
    assert [word for word in secret if word.casefold() in sent.casefold()] == []
    assert str(desk.a.id) not in sent
    assert desk.a.name not in sent


def test_a_used_up_budget_leaves_the_rest_waiting_until_there_is_more(desk: Desk) -> None:
    desk.add_leads(desk.a, *(f"{OFFER} Vi er {number} folk." for number in range(30)))
    desk.agree(desk.a, tokens=4_000)
    report = desk.run()
    assert report.is_budget_used_up
    assert 0 < report.asked < 30
    assert report.asked + report.waiting == 30
    assert report.tokens_used <= 4_000
    assert report.tokens_left == 4_000 - report.tokens_used
    desk.agree(desk.a, tokens=1_000_000)
    assert desk.run().waiting == 0
    assert len(desk.asked()) == 30


def test_last_months_tokens_do_not_count(desk: Desk) -> None:
    desk.agree(desk.a, tokens=50_000)
    desk.add_leads(desk.a, OFFER)
    left = desk.run().tokens_left
    desk.execute("update ml.lead_enrichment_call set called_at = now() - interval '40 days'")
    assert desk.run().tokens_left == 50_000 > left


def test_unusable_answers_are_kept_with_their_reason_and_left_after_three_tries(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER)
    for attempt, (mishap, outcome) in enumerate(
        [("refusal", "refused"), ("incomplete", "incomplete"), ("bounds", "out_of_bounds")], 1
    ):
        desk.behave(mishaps=[mishap])
        report = desk.run()
        assert report.trouble is None
        assert report.outcomes == {outcome: 1}
        ((status, attempts, reason, intent),) = desk.rows()
        assert (status, attempts, intent) == (outcome, attempt, None)
        assert reason
    last = desk.run()
    assert (last.asked, last.waiting, last.given_up) == (0, 0, 1)
    assert len(desk.asked()) == 3


def test_an_unusable_answer_costs_its_tokens_and_a_later_good_one_replaces_it(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER)
    desk.behave(mishaps=["malformed"])
    assert desk.run().tokens_used > 0
    assert desk.run().answered == 1
    assert [row[:2] for row in desk.rows()] == [("answered", 2)]


def test_a_failing_vendor_ends_the_run_and_loses_and_pays_nothing(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER, DEMO)
    desk.sandbox.fault(kind="status", status=429, retry_after=300, vendor="openai", times=0)
    report = desk.run()
    assert isinstance(report.trouble, VendorError)
    assert "429" in report.trouble.what
    assert report.tokens_used == 0
    assert {row[:2] for row in desk.rows()} == {("failed", 0)}
    desk.sandbox.http.delete("/_control/faults")
    assert desk.run().answered == 2


def test_a_refused_key_is_noted_on_the_connection(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER)
    store_connection(desk.platform.doors, desk.a.id, "openai", "wrong", is_sandbox=True)
    assert isinstance(desk.run().trouble, CredentialRefused)
    state = {c.vendor: (c.status, c.status_detail) for c in list_connections(desk.platform.doors, desk.a.id)}
    assert state["openai"][0] == "refused"


def test_a_question_that_a_dead_process_left_is_asked_again_after_a_while_and_charged(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER)
    with open_store(desk.platform.doors, desk.a.id, "gpt-5-mini") as store:
        store.link()
        (question,) = store.claim(store.waiting(10))
    early = desk.run()
    assert (early.asked, early.tokens_left) == (0, 10_000_000 - question.most_tokens)
    report = desk.run(stale_seconds=0.0)
    assert report.answered == 1
    assert report.tokens_left == 10_000_000 - question.most_tokens - report.tokens_used
    assert desk.execute("select outcome from ml.lead_enrichment_call order by outcome") == [("answered",), ("unknown",)]


def test_two_runs_of_a_tenant_exclude_each_other(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.b, OFFER)
    with open_store(desk.platform.doors, desk.a.id, "gpt-5-mini"):
        with pytest.raises(EnrichmentBusy):
            desk.run()
        assert desk.run(desk.b).answered == 1


def test_a_deleted_lead_loses_its_answer_with_or_without_consent(desk: Desk) -> None:
    desk.agree()
    kept, gone, twin = desk.add_leads(desk.a, OFFER, DEMO, DEMO)
    desk.run()
    desk.execute("update raw_operational.leads set deleted_at = now() where id = %s", gone)
    assert desk.run().erased == 0
    withdraw_consent(desk.platform.doors, desk.a.id)
    desk.execute("update raw_operational.leads set deleted_at = now() where id = %s", twin)
    assert desk.run().erased == 1
    assert desk.execute("select lead_id from ml.lead_enrichment_answer") == [(kept,)]
    assert desk.execute("select count(*) from ml.lead_enrichment") == [(1,)]
    assert desk.execute("select count(*) from ml.lead_enrichment_call") == [(2,)]


def test_a_changed_text_loses_its_answer_and_gets_another(desk: Desk) -> None:
    desk.agree()
    (lead,) = desk.add_leads(desk.a, OFFER)
    desk.run()
    desk.execute("update raw_operational.leads set message = %s, changed_xid = '6' where id = %s", STUDENT, lead)
    withdraw_consent(desk.platform.doors, desk.a.id)
    assert desk.run().erased == 1
    assert desk.execute("select count(*) from ml.lead_enrichment_answer") == [(0,)]
    desk.agree()
    desk.run()
    assert desk.execute("select intent from ml.lead_enrichment_answer") == [("low",)]


def test_another_model_asks_anew_and_keeps_the_old_answer_until_then(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, OFFER)
    desk.run()
    give_consent(desk.platform.doors, desk.a.id, monthly_tokens=1, model="gpt-5")
    assert desk.run().is_budget_used_up
    assert desk.execute("select model, is_current from ml.lead_enrichment_answer") == [("gpt-5-mini", False)]
    give_consent(desk.platform.doors, desk.a.id, monthly_tokens=1_000_000)
    desk.run()
    assert desk.execute("select model, is_current from ml.lead_enrichment_answer") == [("gpt-5", True)]
    desk.run()
    assert desk.execute("select model from ml.lead_enrichment") == [("gpt-5",)]


def test_a_renamed_contact_moves_its_lead_to_the_right_question(desk: Desk) -> None:
    desk.agree()
    contact = derived_uuid("contact", 1)
    desk.execute(
        "insert into raw_operational.contacts (tenant_id, id, first_name, changed_xid) values (%s, %s, 'Ida', '5')",
        desk.a.id, contact,
    )  # fmt: skip
    desk.add_leads(desk.a, f"{OFFER} Maria ringer.", contact_id=contact)
    with open_store(desk.platform.doors, desk.a.id, "gpt-5-mini") as store:
        store.link()
    desk.execute("update raw_operational.contacts set first_name = 'Maria'")
    assert desk.run().answered == 1
    assert "Maria" not in "".join(desk.sent())


def test_consent_withdrawn_in_the_middle_stops_the_run(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, *(f"{OFFER} Vi er {number} folk." for number in range(60)))
    desk.sandbox.fault(kind="slow", seconds=0.1, vendor="openai", path="/v1/responses", times=0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(desk.run)
        while not desk.asked():
            time.sleep(0.05)
        withdraw_consent(desk.platform.doors, desk.a.id)
        report = running.result(60)
    assert report.skipped == "consent was withdrawn"
    assert 0 < len(desk.asked()) < 60
    assert report.answered == len(desk.asked())


def test_a_preview_sends_and_writes_nothing(desk: Desk) -> None:
    desk.agree()
    desk.add_leads(desk.a, f"{OFFER} Ring 20304050", f"{OFFER} Ring 20304051", DEMO)
    desk.run()
    desk.add_leads(desk.a, STUDENT, first=4)
    before = desk.execute("select count(*) from ml.lead_enrichment_lead")
    seen = preview(desk.platform.doors, desk.a.id, "gpt-5-mini")
    assert (seen.leads, seen.texts, seen.unanswered, len(seen.samples)) == (4, 3, 1, 1)
    assert desk.execute("select count(*) from ml.lead_enrichment_lead") == before
    assert len(desk.asked()) == 2


def test_thousands_of_leads_are_noted_once(desk: Desk) -> None:
    desk.agree()
    desk.execute(
        "insert into raw_operational.leads (tenant_id, id, message, changed_xid, created_at) "
        "select %s, gen_random_uuid(), 'Besked ' || n, '5', now() from generate_series(1, 5000) as n",
        desk.a.id,
    )
    with open_store(desk.platform.doors, desk.a.id, "gpt-5-mini") as store:
        assert store.link() == 5_000
        assert store.link() == 0
        assert store.counts().waiting == 5_000
        assert len(store.waiting(100)) == 100
