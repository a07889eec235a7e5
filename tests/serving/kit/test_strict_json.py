"""JSON that parsers may read differently, or that costs too much to read, gets 422 and is repeated nowhere."""

import contextlib
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.kit.problems import Problem
from serving.kit.strict_json import DEEPEST, check_json

HOSTILE = {
    "nesting": "[" * 100_000 + "]" * 100_000,
    "just too deep": "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
    "objects": '{"a":' * 200 + "1" + "}" * 200,
    "the same name twice": '{"email": "a@b.dk", "email": "c@d.dk"}',
    "the same name twice inside": '[{"x": {"a": 1, "a": 2}}]',
    "the same name by an escape": '{"a": 1, "\\u0061": 2}',
    "a large integer": '{"n": 9223372036854775808}',
    "a huge integer": '{"n": ' + "9" * 5000 + "}",
    "an overflow": '{"n": 1e999}',
    "not a number": '{"n": NaN}',
    "infinity": '{"n": -Infinity}',
    "nul": '{"s": "a\\u0000b"}',
    "a plain control": '{"s": "a\x01b"}',
    "a lone surrogate": '{"s": "\\ud800"}',
    "a lone low surrogate": '{"s": "x\\udc00"}',
    "an override": '{"s": "a\u202eb"}',
    "an escaped override": '{"s": "a\\u202Eb"}',
    "an isolate": '{"\u2066": 1}',
    "a non-character": '{"s": "\\uffff"}',
    "nothing": "{",
    "two values": "{} {}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_get_422(client: httpx.Client, as_a: dict[str, str], name: str) -> None:
    headers = as_a | {"content-type": "application/json"}
    answer = client.post("/v1/leads", headers=headers, content=HOSTILE[name].encode())
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:tekup:problem:unusable-input"
    assert len(answer.content) < 500


def test_bytes_that_are_no_utf8_get_422(client: httpx.Client, as_a: dict[str, str]) -> None:
    headers = as_a | {"content-type": "application/problem+json; charset=utf-8"}
    assert client.post("/v1/leads", headers=headers, content=b'{"s": "\xff"}').status_code == 422


HARMLESS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abcæøå\\"u0', max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(HARMLESS, st.booleans())
def test_what_any_serializer_writes_is_let_through(value: object, is_ascii: bool) -> None:
    check_json(json.dumps(value, ensure_ascii=is_ascii).encode())


@pytest.mark.parametrize(
    "text", ['"\\\\u202e"', '"\\ud83d\\ude00"', '"😀 æøå\\n\\t"', "[" * DEEPEST + "]" * DEEPEST, '"[[[[{{{{"']
)
def test_what_only_looks_hostile_is_let_through(text: str) -> None:
    check_json(text.encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_judged_without_a_fault_of_ours(body: bytes) -> None:
    with contextlib.suppress(Problem):
        check_json(body)
