"""OpenAI: structured answers are validated; refusals, cut-off answers and wrong keys are clear errors."""

import pytest

from integrations.openai.client import OpenaiClient
from integrations.sandbox.identifiers import sandbox_credential
from tekup.errors import CredentialRefused, VendorError
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _client(sandbox: Sandbox, credential: str | None = None) -> OpenaiClient:
    return OpenaiClient(credential or sandbox_credential("openai", SLUG), f"{sandbox.url}/openai", max_retries=2)


def test_a_danish_buyer_is_understood(sandbox: Sandbox) -> None:
    text = "Indkøbschef, Holm Nord Byg ApS\nHej, vi vil gerne have et tilbud hurtigst muligt. Venlig hilsen"
    found = _client(sandbox).enrich(text)
    assert (found.language, found.seniority, found.intent) == ("da", "manager", "high")
    assert found.summary
    assert _client(sandbox).enrich(text) == found


def test_an_english_student_is_understood(sandbox: Sandbox) -> None:
    found = _client(sandbox).enrich("Student\nI am a student writing a paper about your industry.")
    assert (found.language, found.seniority, found.intent) == ("en", "junior", "low")


@pytest.mark.parametrize(("mishap", "words"), [("refusal", "declined"), ("incomplete", "cut|breaks")])
def test_a_refusal_and_a_cut_answer_are_clear_errors(sandbox: Sandbox, mishap: str, words: str) -> None:
    sandbox.fault(kind=mishap, vendor="openai")
    with pytest.raises(VendorError, match=words):
        _client(sandbox).enrich("Vi vil gerne have et tilbud")


def test_a_throttled_answer_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=429, retry_after=0.01, vendor="openai")
    assert _client(sandbox).enrich("Vi vil gerne have et tilbud").intent == "high"
    assert [entry["status"] for entry in sandbox.requests(vendor="openai")] == [429, 200]


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(CredentialRefused, match="openai refused the credential"):
        _client(sandbox, "wrong").enrich("Hej")


def test_check_counts_models(sandbox: Sandbox) -> None:
    assert int(_client(sandbox).check()["models"]) > 0
