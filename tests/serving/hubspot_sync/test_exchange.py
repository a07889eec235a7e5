"""Records and objects are kept alike, both ways, without an echo."""

from typing import Any

from tests.serving.hubspot_sync.twins import Twin


def test_what_is_made_here_is_made_there_once_with_its_company(a: Twin) -> None:
    a.switch("out")
    before = len(a.there("contacts"))
    company = a.create("companies", name="Havn A/S", domain="havn.example")
    contact = a.create(
        "contacts", email="mette@havn.example", first_name="Mette", company_id=str(company), phone="12345678"
    )
    a.consume()
    a.exchange()
    a.exchange()
    number, state, reason, _ = a.row_of(contact)
    assert (state, reason) == ("settled", None)
    told = a.there("contacts")
    assert len(told) == before + 1
    assert (told[number]["email"], told[number]["firstname"], told[number]["tekup_id"]) == (
        "mette@havn.example", "Mette", str(contact),
    )  # fmt: skip
    assert [number, a.row_of(company)[0]] in a.pairs_there("contacts", "companies")
    a.forget_requests()
    a.change("contacts", contact, first_name="Metta")
    a.consume()
    a.exchange()
    a.exchange()
    assert a.there("contacts")[number]["firstname"] == "Metta"
    assert a.writes() == ["/crm/v3/objects/contacts/batch/update"]


def test_what_comes_from_there_is_taken_over_and_nothing_goes_back(a: Twin) -> None:
    a.switch("both")
    a.round()
    known = a.rows("select email, id from app.contacts")
    assert len(known) == len(a.there("contacts")) > 5
    assert len(a.rows("select id from app.companies")) == len(a.there("companies"))
    number = a.rows(
        "select r.object_id from app.hubspot_records r join app.contacts c on c.id = r.record_id "
        "where c.company_id is not null limit 1"
    )[0][0]
    a.round()
    a.forget_requests()
    told = a.events()
    a.sandbox.pass_time(5)
    a.set_there("contacts", number, firstname="Ingeborg")
    a.forget_requests()
    a.round()
    a.round()
    assert a.rows("select c.first_name from app.contacts c join app.hubspot_records r on r.record_id = c.id "
                  "where r.object_id = %s", number) == [("Ingeborg",)]  # fmt: skip
    assert a.writes() == []
    latest = "select event_type, payload, trace_id from app.events order by occurred_at desc limit 6"
    assert a.events() == told + 1, a.rows(latest)


def test_conflicts_follow_the_rule(a: Twin) -> None:
    a.switch("both", ("contacts",))
    contact = a.create("contacts", email="kaj@strid.example", first_name="Kaj", last_name="Bo", job_title="Chef")
    a.round()
    number = a.row_of(contact)[0]

    def clash(rule: str, here: str, there: str) -> tuple[Any, str]:
        a.switch("both", ("contacts",), rule=rule)
        a.sandbox.pass_time(1)
        a.set_there("contacts", number, firstname=there)
        a.change("contacts", contact, first_name=here)
        a.round()
        a.round()
        ours = a.rows("select first_name from app.contacts where id = %s", contact)[0][0]
        return ours, a.there("contacts")[number]["firstname"]

    assert clash("hubspot", "Kim", "Karl") == ("Karl", "Karl")
    assert clash("tekup", "Kurt", "Knud") == ("Kurt", "Kurt")
    a.sandbox.seconds -= 3600
    assert clash("newest", "Ove", "Per") == ("Ove", "Ove")
    a.sandbox.seconds += 7200
    assert clash("newest", "Ib", "Åge") == ("Åge", "Åge")


def test_another_field_changed_on_each_side_is_no_conflict(a: Twin) -> None:
    a.switch("both", ("contacts",), rule="hubspot")
    contact = a.create("contacts", email="liv@strid.example", first_name="Liv", last_name="Bo")
    a.round()
    number = a.row_of(contact)[0]
    a.set_there("contacts", number, firstname="Live")
    a.change("contacts", contact, last_name="Bohr")
    a.round()
    assert a.rows("select first_name, last_name from app.contacts where id = %s", contact) == [("Live", "Bohr")]
    assert a.there("contacts")[number]["lastname"] == "Bohr"


def test_one_refused_object_stops_no_other_and_a_person_lets_it_try_again(a: Twin) -> None:
    a.switch("out", ("contacts",))
    good = [a.create("contacts", email=f"god{number}@nok.example") for number in range(3)]
    bad = a.create("contacts", email="not@an.address.example", phone="1")
    a.rows("update app.contacts set email = 'not an address' where id = %s returning id", bad)
    a.consume()
    a.exchange("contacts")
    assert [a.row_of(one)[1] for one in good] == ["settled"] * 3
    _, state, reason, _ = a.row_of(bad)
    assert state == "failed"
    assert "invalid" in reason
    a.change("contacts", bad, email="er@nok.example")
    a.consume()
    a.exchange("contacts")
    assert a.row_of(bad)[1] == "settled"
    assert sum(one.get("email") == "er@nok.example" for one in a.there("contacts").values()) == 1


def test_a_credential_without_the_right_to_write_is_told_once_and_nothing_is_lost(a: Twin) -> None:
    a.switch("out", ("contacts",))
    a.sandbox.post("hubspot", a.slug, "/_sandbox/portal", {"denied": ["contacts.write"]})
    contact = a.create("contacts", email="ret@mangler.example")
    a.consume()
    a.exchange("contacts")
    error = a.rows("select error from app.hubspot_syncs where kind = 'contacts'")[0][0]
    assert "contacts.write" in error
    assert a.row_of(contact)[1] == "waiting"
    a.sandbox.post("hubspot", a.slug, "/_sandbox/portal", {"denied": []})
    a.exchange("contacts")
    assert a.rows("select error from app.hubspot_syncs where kind = 'contacts'") == [(None,)]
    assert a.row_of(contact)[1] == "settled"


def test_deletions_and_merges_go_both_ways(a: Twin) -> None:
    a.switch("both", ("contacts",))
    one, two, three = (a.create("contacts", email=f"{name}@bort.example", phone=name) for name in ("x1", "x2", "x3"))
    a.round()
    numbers = {record: a.row_of(record)[0] for record in (one, two, three)}
    a.delete("contacts", one)
    a.sandbox.post(
        "hubspot", a.slug, "/crm/v3/objects/contacts/merge",
        {"primaryObjectId": numbers[two], "objectIdToMerge": numbers[three]},
    )  # fmt: skip
    a.round()
    a.round()
    assert numbers[one] not in a.there("contacts")
    left = a.rows("select id from app.contacts where email like '%%@bort.example'")
    assert len(left) == 1
    assert a.row_of(left[0][0])[0] in a.there("contacts")
    assert a.rows("select count(*) from app.record_merges") == [(1,)]
    a.forget_requests()
    a.round()
    assert a.writes() == []


def test_an_opt_out_there_takes_the_consent_and_no_consent_is_given_from_there(a: Twin) -> None:
    for name in ("tekup_marketing_consent", "hs_email_optout"):
        body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        a.sandbox.post("hubspot", a.slug, "/crm/v3/properties/contacts", body)
    a.switch("both", ("contacts",), rule="hubspot")
    yes = a.create("contacts", email="ja@samtykke.example", has_marketing_consent=True)
    no = a.create("contacts", email="nej@samtykke.example", has_marketing_consent=False)
    a.round()
    assert a.there("contacts")[a.row_of(yes)[0]]["tekup_marketing_consent"] == "true"
    a.set_there("contacts", a.row_of(yes)[0], hs_email_optout="true")
    a.set_there("contacts", a.row_of(no)[0], tekup_marketing_consent="true")
    a.round()
    a.round()
    found = dict(a.rows("select id, has_marketing_consent from app.contacts where id = any(%s)", [yes, no]))
    assert found == {yes: False, no: False}
    assert a.there("contacts")[a.row_of(no)[0]]["tekup_marketing_consent"] == "false"


def test_two_tenants_with_the_same_object_ids_do_not_meet(a: Twin, b: Twin) -> None:
    for twin in (a, b):
        twin.switch("in", ("companies", "contacts"))
        twin.round()
    shared = set(a.there("contacts")) & set(b.there("contacts"))
    assert shared
    for twin in (a, b):
        told = twin.there("contacts")
        here = dict(
            twin.rows(
                "select r.object_id, c.email from app.hubspot_records r join app.contacts c on c.id = r.record_id"
            )
        )
        assert {number: here[number] for number in shared} == {number: told[number].get("email") for number in shared}
        assert twin.writes() == []


def test_a_deal_goes_with_its_stage_its_contact_and_its_amount_and_comes_back_won(a: Twin) -> None:
    pipeline = a.rows(
        "insert into app.pipelines (tenant_id, name, is_default) values (%s, 'Salg', true) returning id", a.tenant.id
    )[0][0]
    stages = {
        name: a.rows(
            "insert into app.stages (tenant_id, pipeline_id, name, position, probability, is_won, is_lost) "
            "values (%s, %s, %s, %s, %s, %s, %s) returning id",
            a.tenant.id, pipeline, name, place, chance, is_won, is_lost,
        )[0][0]
        for place, (name, chance, is_won, is_lost) in enumerate(
            [("Ny", 0.1, False, False), ("Tilbud", 0.5, False, False), ("Godt", 1, True, False), ("Ud", 0, False, True)]
        )
    }  # fmt: skip
    a.switch("out", ("companies", "contacts"))
    a.switch("both", ("deals",))
    contact = a.create("contacts", email="køber@handel.example")
    deal = a.create(
        "deals", name="Ti pladser", stage_id=str(stages["Tilbud"]), amount_cents=1_250_050, currency="DKK",
        contact_id=str(contact),
    )  # fmt: skip
    a.round()
    number = a.row_of(deal)[0]
    told = a.there("deals")[number]
    assert (told["dealstage"], told["pipeline"], told["amount"]) == ("contractsent", "default", "12500.5")
    assert [number, a.row_of(contact)[0]] in a.pairs_there("deals", "contacts")
    a.set_there("deals", number, dealstage="closedwon", amount="13000")
    a.round()
    found = a.rows("select stage_id, status, amount_cents from app.deals where id = %s", deal)
    assert found == [(stages["Godt"], "won", 1_300_000)]


def test_an_amount_of_which_nothing_says_a_currency_is_in_the_tenants_own(a: Twin) -> None:
    pipeline = a.rows(
        "insert into app.pipelines (tenant_id, name, is_default) values (%s, 'Salg', true) returning id", a.tenant.id
    )[0][0]
    a.rows(
        "insert into app.stages (tenant_id, pipeline_id, name, position, probability, is_won, is_lost) "
        "values (%s, %s, 'Closed won', 1, 1, true, false) returning id", a.tenant.id, pipeline,
    )  # fmt: skip
    before = a.rows("select settings from app.tenants")[0][0]
    a.set_settings({**before, "currency": "sek"})
    try:
        a.switch("in", ("deals",))
        number = a.create_there("deals", dealname="Uden valuta", amount="125.5", dealstage="closedwon")
        a.round()
        found = a.rows(
            "select d.amount_cents, d.currency from app.deals d join app.hubspot_records r on r.record_id = d.id "
            "where r.object_id = %s", number,
        )  # fmt: skip
        assert found == [(12_550, "SEK")]
    finally:
        a.set_settings(before)


def test_a_suspended_tenant_rests_and_goes_on_afterwards(a: Twin) -> None:
    a.switch("out", ("contacts",))
    contact = a.create("contacts", email="hvil@pause.example")
    a.consume()
    a.set_status("suspended")
    try:
        a.forget_requests()
        a.exchange("contacts")
        assert a.sandbox.requests(vendor="hubspot", tenant=a.slug) == []
        assert a.row_of(contact)[1] == "waiting"
    finally:
        a.set_status("active")
    a.exchange("contacts")
    assert a.row_of(contact)[1] == "settled"
