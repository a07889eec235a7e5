"""Bodies that have broken other people's parsers, to every route that takes one, with and without credentials."""

import pytest
import schemathesis

from tests.security.tour.walked import Walked, walked

__all__ = ["walked"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RAW = {
    "NUL": b'{"name": "a\\u0000b"}',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "number past range": b'{"limit": 1e999, "amount_cents": 9999999999999999999999999}',
    "not a number": b'{"probability": NaN}',
    "deep": b'{"custom": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a key twice": b'{"name": "a", "name": "b"}',
    "cut off": b'{"name": "a',
    "empty": b"",
    "another shape": b'["name", 1]',
    "a text past all lengths": b'{"name": "' + b"a" * 300_000 + b'"}',
}


@pytest.mark.parametrize("name", RAW)
def test_each_is_answered_with_a_4xx_on_every_route(walked: Walked, name: str) -> None:
    wrong = {}
    for route in sorted({call.route for call in walked.a.calls if call.sent.get("json") is not None}):
        call = next(call for call in walked.a.calls if call.route == route)
        for headers in (walked.a.headers, {}):
            sent = {**headers, "content-type": "application/json"}
            answer = walked.client.request(call.method, call.path(), headers=sent, content=RAW[name])
            if not 400 <= answer.status_code < 500 or "problem+json" not in answer.headers["content-type"]:
                wrong[route] = f"{answer.status_code} {answer.text[:200]}"
    assert wrong == {}


def test_the_document_is_one_that_generators_of_requests_can_read(walked: Walked) -> None:
    document = walked.app.openapi()
    read = [result.ok().label for result in schemathesis.openapi.from_dict(document).get_all_operations()]
    assert sorted(read) == sorted(
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    )
