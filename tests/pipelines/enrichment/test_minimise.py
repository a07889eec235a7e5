"""What leaves of a lead's text: nobody's name, address or number, and still what he wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.enrichment.minimise import LONGEST_FIELD, LONGEST_MESSAGE, LeadText, minimised

PERSON = {"names": ("Søren Ågård-Holm",), "known": ("Soren.Holm@Nordbyg.dk", "+45 20 30 40 50")}


def message_of(text: str) -> str:
    found = minimised(LeadText(None, None, text, **PERSON))
    assert found is not None
    return found.removeprefix("Message: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("skriv til soren.holm@nordbyg.dk i dag", "skriv til [email] i dag"),
        ("skriv til a.b+c@x.co.uk.", "skriv til [email]."),
        ("jens (at) firma (dot) dk", "[email]"),
        ("jens [snabel-a] firma.dk", "[email]"),
        ("ring 20304050", "ring [phone]"),
        ("ring +45 20304050 nu", "ring [phone] nu"),
        ("ring 2030 4050", "ring [phone]"),
        ("ring (020) 7946 0958", "ring [phone]"),
        ("call +44 20 7946 0958 please", "call [phone] please"),
        ("ring ２０３０４０５０", "ring [phone]"),
        ("ring 20\u200b30\u200b40\u200b50", "ring [phone]"),
        ("cpr 010190-1234", "cpr [cpr]"),
        ("cpr 010190 1234.", "cpr [cpr]."),
        ("cpr 0101901234", "cpr [cpr]"),
        ("konto DK50 0040 0440 1162 43", "konto [account]"),
        ("konto dk5000400440116243", "konto [account]"),
        ("kort 4111 1111 1111 1111", "kort [card]"),
        ("se https://x.dk/reset?token=abc123 her", "se [url] her"),
        ("se x.dk/reset?token=abc123", "se [url]"),
        ("se www.x.dk", "se [url]"),
        ("mit password: hund7 og token=abc", "mit [secret] og [secret]"),
        ("jeg er @soren_h", "jeg er [handle]"),
        ("vi bor på Nørregade 12, 1165 København K nu", "vi bor på [address] nu"),
        ("Søren Ågård-Holm her", "[name] her"),
        ("SØREN her", "[name] her"),
        ("Soeren her, agard", "[name] her, [name]"),
        ("Sørens projekt", "[name] projekt"),
        ("Kære Peter, vi har brug for jer", "Kære [name], vi har brug for jer"),
        ("Tak for sidst\nVenlig hilsen\nLone Marie Hansen", "Tak for sidst\nVenlig hilsen\n[name]"),
        ("jeg hedder Lone Hansen og", "jeg hedder [name] og"),
    ],
)
def test_what_identifies_a_person_is_replaced(text: str, expected: str) -> None:
    assert message_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Vi vil gerne have et tilbud hurtigst muligt.",
        "Vores budget er 1.250.000 kr. og 25 ansatte",
        "Prisen må være 2500000 DKK",
        "Hej, kan I levere 400 stk. i uge 12?",
        "We need 3 licences, budget 1200000 EUR",
        "sorenson og holmen er ord",
    ],
)
def test_what_the_lead_wants_stays(text: str) -> None:
    assert message_of(text) == text


def test_company_and_title_stay_but_a_whole_name_in_them_goes() -> None:
    found = minimised(LeadText("Holm Byg v/ Søren Ågård-Holm", "Direktør, ring 20304050", None, **PERSON))
    assert found == "Title: Direktør, ring [phone]\nCompany: Holm Byg v/ [name]"


def test_a_company_alone_or_nothing_is_not_asked_about() -> None:
    assert minimised(LeadText("Nord Byg ApS", None, "  \n ")) is None
    assert minimised(LeadText(None, None, None)) is None


def test_lengths_are_bounded_at_a_word() -> None:
    found = minimised(LeadText("x" * 500, "ord " * 100, "ord " * 5_000))
    assert found is not None
    title, company, message = found.split("\n")
    assert len(title) < LONGEST_FIELD + 12
    assert len(company) < LONGEST_FIELD + 15
    assert len(message) < LONGEST_MESSAGE + 15
    assert message.endswith("ord …")


@given(
    st.text(max_size=200),
    st.sampled_from(["soren.holm@nordbyg.dk", "20304050", "20 30 40 50", "Søren", "Ågård", "010190-1234"]),
    st.text(max_size=200),
)
def test_planted_data_never_leaves_whatever_surrounds_it(before: str, planted: str, after: str) -> None:
    found = minimised(LeadText(None, None, f"{before} {planted} {after}", **PERSON))
    assert found is not None
    assert planted.casefold() not in found.casefold() or planted.casefold() in f"{before}\n{after}".casefold()
