"""OpenAI's batches by the official SDK: uploaded, started once, found again, answered in part, expired, forgotten."""

import functools
import json
from typing import Any

import openai
import pytest
from openapi_schema_validator import OAS31Validator

from integrations.openai.batches import BatchState, OpenaiBatches
from integrations.openai.client import OpenaiClient, Rejected
from integrations.openai.requests import batch_line
from integrations.sandbox.identifiers import sandbox_credential
from tekup.errors import VendorError
from tests.integrations.openai.test_client import SLUG, behave
from tests.integrations.running import Sandbox
from tests.paths import shared

TEXTS = {f"key-{number}": f"Message: Vi vil gerne have et tilbud nummer {number}" for number in range(1, 7)}


@pytest.fixture
def batches(sandbox: Sandbox) -> OpenaiBatches:
    client = OpenaiClient(sandbox_credential("openai", SLUG), f"{sandbox.url}/openai", max_retries=1)
    return OpenaiBatches(client)


def started(batches: OpenaiBatches, mark: str = "ours") -> BatchState:
    lines = (batch_line(key, text, "gpt-5-mini") for key, text in TEXTS.items())
    return batches.create(batches.upload(lines, "ours"), mark)


def finished(batches: OpenaiBatches, state: BatchState) -> BatchState:
    for _ in range(5):
        seen = batches.look(state.vendor_id)
        assert seen is not None
        if seen.is_over:
            return seen
    raise AssertionError("the batch never ends")


def test_every_line_is_answered_under_its_own_key(batches: OpenaiBatches) -> None:
    state = finished(batches, started(batches))
    assert (state.phase, state.completed, state.failed, state.total) == ("completed", 6, 0, 6)
    answers = batches.answers(state)
    assert set(answers) == set(TEXTS)
    for key, answer in answers.items():
        assert answer.enrichment is not None
        assert answer.enrichment.summary.endswith(TEXTS[key][-1])


def test_a_batch_is_over_when_time_has_passed(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    behave(sandbox, polls=99)
    state = started(batches)
    first = batches.look(state.vendor_id)
    assert first is not None
    assert not first.is_over
    sandbox.pass_time(61)
    second = batches.look(state.vendor_id)
    assert second is not None
    assert second.phase == "completed"


def test_failed_lines_are_outcomes_of_their_own(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    behave(sandbox, fail_every=3, mishaps=["refusal"])
    answers = batches.answers(finished(batches, started(batches)))
    assert sorted(answer.outcome for answer in answers.values()) == ["answered"] * 3 + ["failed"] * 2 + ["refused"]
    assert answers["key-3"].reason == "The request was turned away."


def test_an_expired_batch_brings_what_it_has(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    behave(sandbox, expire_after=4)
    state = finished(batches, started(batches))
    answers = batches.answers(state)
    assert state.phase == "expired"
    assert {key for key, answer in answers.items() if not answer.is_reached} == {"key-5", "key-6"}


def test_a_batch_that_fails_validation_says_why(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    behave(sandbox, reject=True)
    state = finished(batches, started(batches))
    assert (state.phase, state.reason) == ("failed", "This line is not parseable as valid JSON.")
    assert batches.answers(state) == {}


def test_a_batch_whose_id_was_lost_is_found_by_its_mark(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    wanted = started(batches, "wanted")
    for number in range(120):
        sandbox.post(
            "openai", SLUG, "/v1/batches",
            {"input_file_id": wanted.input_file, "endpoint": "/v1/responses", "completion_window": "24h",
             "metadata": None if number % 2 else {"other": "x"}},
        )  # fmt: skip
    found = batches.find("wanted", sandbox.seconds)
    assert found is not None
    assert found.vendor_id == wanted.vendor_id
    assert batches.find("unknown", sandbox.seconds) is None


def test_a_create_is_never_repeated_by_itself(batches: OpenaiBatches, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, vendor="openai", path="/v1/batches")
    with pytest.raises(VendorError):
        started(batches)
    posts = [entry for entry in sandbox.requests(vendor="openai") if entry["path"] == "/v1/batches"]
    assert [entry["method"] for entry in posts] == ["POST"]


def test_a_file_that_is_gone_is_rejected_or_empty(batches: OpenaiBatches) -> None:
    with pytest.raises(Rejected, match="404"):
        batches.create("file-none", "ours")
    state = finished(batches, started(batches))
    batches.forget(state.input_file, state.output_file, None, "file-none")
    assert batches.answers(state) == {}
    assert batches.look("batch_none") is None


def test_a_cancelled_batch_is_over_and_cancelling_twice_is_harmless(batches: OpenaiBatches) -> None:
    state = started(batches)
    batches.cancel(state.vendor_id)
    batches.cancel(state.vendor_id)
    seen = batches.look(state.vendor_id)
    assert seen is not None
    assert seen.phase == "cancelled"


@functools.cache
def _contract() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("contracts/openai/openai.trimmed.openapi.json").read_text())
    return found


def _assert_valid(path: str, method: str, body: Any) -> None:
    contract = _contract()
    content = contract["paths"][path][method]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": contract["components"]}
    faults = [
        f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in OAS31Validator(schema).iter_errors(body)
    ]
    assert faults == []


@pytest.mark.parametrize("behaviour", [{}, {"expire_after": 2, "fail_every": 2}, {"reject": True}])
def test_files_and_batches_keep_the_contract(
    batches: OpenaiBatches, sandbox: Sandbox, behaviour: dict[str, Any]
) -> None:
    behave(sandbox, **behaviour)
    state = started(batches)
    _assert_valid("/files/{file_id}", "get", sandbox.get("openai", SLUG, f"/v1/files/{state.input_file}").json())
    for _ in range(3):
        told = sandbox.get("openai", SLUG, f"/v1/batches/{state.vendor_id}").json()
        _assert_valid("/batches/{batch_id}", "get", told)
    _assert_valid("/batches", "get", sandbox.get("openai", SLUG, "/v1/batches").json())
    _assert_valid("/files", "get", sandbox.get("openai", SLUG, "/v1/files").json())
    if "output_file_id" in told:
        content = sandbox.get("openai", SLUG, f"/v1/files/{told['output_file_id']}/content").text
        for line in content.splitlines():
            _assert_valid("/responses", "post", json.loads(line)["response"]["body"])


def test_the_requests_keep_the_contract(sandbox: Sandbox, batches: OpenaiBatches) -> None:
    contract = _contract()
    started(batches)
    sent = sandbox.get("openai", SLUG, "/_sandbox/received").json()
    batch = {"$ref": "#/components/schemas/CreateBatchRequest", "components": contract["components"]}
    assert list(OAS31Validator(batch).iter_errors(json.loads(sent[1]))) == []
    body = json.loads(batch_line("k", "text", "gpt-5-mini"))["body"]
    response = {"$ref": "#/components/schemas/CreateResponse", "components": contract["components"]}
    assert list(OAS31Validator(response).iter_errors(body)) == []


def test_the_typed_sdk_reads_the_same_batch(sandbox: Sandbox, batches: OpenaiBatches) -> None:
    state = started(batches)
    typed = openai.OpenAI(api_key=sandbox_credential("openai", SLUG), base_url=f"{sandbox.url}/openai/v1")
    assert typed.batches.retrieve(state.vendor_id).request_counts is not None
    assert [batch.id for batch in typed.batches.list()] == [state.vendor_id]
