"""Scores over HTTP: one, many and stored, with a real model."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import polars as pl
import pytest

from scoring.registry import Registry
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]
FEATURES = {
    "source": "referral",
    "country": "DK",
    "employee_count": 150,
    "message_length": 40,
    "has_email": True,
    "win_rate_so_far": 0.5,
}
BAD_BODIES = [
    {},
    {"features": {}},
    {"features": FEATURES, "lead_id": str(world.lead_id(1))},
    {"lead_id": "7"},
    {"lead_id": str(world.lead_id(1)), "tenant_id": str(uuid4())},
    {"features": {"colour": "red"}},
    {"features": {"employee_count": "many"}},
    {"features": {"has_email": "yes"}},
    {"features": {"employee_count": 10**400}},
    {"features": {"employee_count": [1]}},
    {"features": {"source": "a\x00b"}},
    {"features": FEATURES, "reasons": 21},
    {"features": FEATURES, "reasons": -1},
]


IN_WORDS = {
    "en": re.compile(r".+: (raises|lowers) the chance by \d+\.\d percentage points\."),
    "da": re.compile(r".+: (hæver|sænker) chancen med \d+,\d procentpoint\."),
}


class TestSentences:
    """Reasons in words, on all three routes."""

    @pytest.mark.parametrize(
        ("asked", "header", "language"),
        [("", "", "en"), ("", "da-DK, en;q=0.5", "da"), ("?language=en", "da", "en"), ("?language=da", "", "da")],
    )
    def test_each_reason_is_said_in_the_language_of_the_request(
        self, client: httpx.Client, as_a: Header, asked: str, header: str, language: str
    ) -> None:
        headers = {**as_a, "accept-language": header}
        lead = {"features": FEATURES}
        one = client.post(f"/v1/scores{asked}", headers=headers, json=lead)
        many = client.post(f"/v1/scores/batch{asked}", headers=headers, json={"leads": [lead], "reasons": 3})
        stored = client.get(f"/v1/leads/{world.lead_id(1)}/score{asked}", headers=headers)
        told = [one.json()["reasons"], many.json()["scores"][0]["reasons"], stored.json()["reasons"]]
        assert all(reasons for reasons in told)
        assert all(IN_WORDS[language].fullmatch(reason["sentence"]) for reasons in told for reason in reasons)
        assert {answer.headers["content-language"] for answer in (one, many, stored)} == {language}
        assert {answer.headers["vary"] for answer in (one, many, stored)} == {"Accept-Language"}

    def test_a_language_that_is_not_spoken_gets_422_where_asked_and_english_where_preferred(
        self, client: httpx.Client, as_a: Header
    ) -> None:
        path = f"/v1/leads/{world.lead_id(1)}/score"
        assert client.get(f"{path}?language=fr", headers=as_a).status_code == 422
        preferred = client.get(path, headers={**as_a, "accept-language": "fr"})
        assert preferred.headers["content-language"] == "en"


class TestScoreLead:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.post("/v1/scores", json={"features": FEATURES}).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "scores:read")
        assert client.post("/v1/scores", headers=headers, json={"features": FEATURES}).status_code == 403

    def test_other_tenants_lead_gets_404_equal_to_that_of_nobodys_id(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "scored@beta.example"}).json()
        theirs = client.post("/v1/scores", headers=as_a, json={"lead_id": made["id"]})
        nobodys = client.post("/v1/scores", headers=as_a, json={"lead_id": str(uuid4())})
        assert theirs.status_code == 404
        assert theirs.content == nobodys.content

    @pytest.mark.parametrize("body", BAD_BODIES)
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, body: dict[str, object]) -> None:
        import json

        headers = {**as_a, "content-type": "application/json"}
        answer = client.post("/v1/scores", headers=headers, content=json.dumps(body))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_numbers_past_all_range_get_422(self, client: httpx.Client, as_a: Header, number: str) -> None:
        headers = {**as_a, "content-type": "application/json"}
        body = '{"features": {"employee_count": ' + number + "}}"
        assert client.post("/v1/scores", headers=headers, content=body).status_code == 422

    def test_features_are_scored_as_the_model_scores_them(
        self, client: httpx.Client, as_a: Header, settings: Settings, live_version: str, filled: TwoTenants
    ) -> None:
        answer = client.post("/v1/scores", headers=as_a, json={"features": FEATURES, "reasons": 2})
        assert answer.status_code == 200, answer.text
        model = Registry(settings.models_of("lead_score")).load(live_version)
        expected = model.score_one(FEATURES, reasons=2, tenant=str(filled.a.id))
        body = answer.json()
        assert body["probability"] == expected.probability
        assert body["grade"] == expected.grade
        assert [r["feature"] for r in body["reasons"]] == [r.feature for r in expected.reasons]
        assert (body["model_version"], body["features_from"]) == (live_version, "request")

    def test_what_is_left_out_counts_as_unknown(self, client: httpx.Client, as_a: Header) -> None:
        answer = client.post("/v1/scores", headers=as_a, json={"features": {"source": "referral"}, "reasons": 0})
        assert answer.status_code == 200
        assert answer.json()["reasons"] == []

    def test_a_lead_is_scored_from_its_own_tenants_mart(
        self,
        client: httpx.Client,
        as_a: Header,
        as_b: Header,
        settings: Settings,
        live_version: str,
        filled: TwoTenants,
    ) -> None:
        model = Registry(settings.models_of("lead_score")).load(live_version)
        for headers, tenant, weight in ((as_a, filled.a, 1), (as_b, filled.b, 7)):
            answer = client.post("/v1/scores", headers=headers, json={"lead_id": str(world.lead_id(4))}).json()
            row = {
                "source": world.SOURCES[4 % 3],
                "country": "DK",
                "employee_count": 10 * weight,
                "message_length": 100 * weight,
                "has_email": True,
                "win_rate_so_far": 0.25,
            }
            batch = model.score(pl.DataFrame([row]), tenant=str(tenant.id))
            assert answer["features_from"] == "mart"
            assert answer["probability"] == pytest.approx(batch["probability"][0], abs=1e-9)

    def test_a_lead_newer_than_the_build_is_scored_from_its_own_fields(
        self, client: httpx.Client, as_a: Header
    ) -> None:
        lead = client.post(
            "/v1/leads", headers=as_a, json={"email": "new@example.dk", "source": "referral", "employee_count": 150}
        ).json()
        by_id = client.post("/v1/scores", headers=as_a, json={"lead_id": lead["id"]}).json()
        features = {
            "source": "referral",
            "country": "unknown",
            "employee_count": 150,
            "message_length": 0,
            "has_email": True,
        }
        by_features = client.post("/v1/scores", headers=as_a, json={"features": features}).json()
        assert by_id["features_from"] == "lead"
        assert by_id["probability"] == by_features["probability"]


class TestScoreLeads:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.post("/v1/scores/batch", json={"leads": [{"features": FEATURES}]}).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "scores:read")
        answer = client.post("/v1/scores/batch", headers=headers, json={"leads": [{"features": FEATURES}]})
        assert answer.status_code == 403

    def test_other_tenants_lead_is_an_error_in_its_line_like_nobodys(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "batch@beta.example"}).json()
        leads = [{"lead_id": made["id"]}, {"lead_id": str(world.lead_id(2))}, {"lead_id": str(uuid4())}]
        answer = client.post("/v1/scores/batch", headers=as_a, json={"leads": leads})
        errors = [line["error"] for line in answer.json()["scores"]]
        assert errors == ["no such lead", None, "no such lead"]

    @pytest.mark.parametrize("body", [{}, {"leads": []}, {"leads": [{"features": {"colour": 1}}]}, {"leads": [{}]}])
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, body: dict[str, object]) -> None:
        answer = client.post("/v1/scores/batch", headers=as_a, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("/leads")

    def test_more_than_ten_thousand_get_422(self, client: httpx.Client, as_a: Header) -> None:
        body = {"leads": [{"features": {"source": "web"}}] * 10_001}
        assert client.post("/v1/scores/batch", headers=as_a, json=body).status_code == 422

    def test_a_body_past_the_limit_gets_413(self, client: httpx.Client, as_a: Header) -> None:
        def in_chunks() -> Iterator[bytes]:
            for _ in range(21):
                yield b" " * 1_000_000

        headers = {**as_a, "content-type": "application/json"}
        for content in (b" " * 20_000_001, in_chunks()):
            answer = client.post("/v1/scores/batch", headers=headers, content=content)
            assert answer.status_code == 413
            assert answer.headers["content-type"] == "application/problem+json"

    def test_ten_thousand_are_scored_in_order_and_equal_to_one_by_one(self, client: httpx.Client, as_a: Header) -> None:
        sizes = [1, 50, 101, 180, None]
        leads = [{"features": {**FEATURES, "employee_count": sizes[number % 5]}} for number in range(10_000)]
        answer = client.post("/v1/scores/batch", headers=as_a, json={"leads": leads})
        assert answer.status_code == 200, answer.text
        scores = answer.json()["scores"]
        assert len(scores) == 10_000
        for number in range(5):
            one = client.post("/v1/scores", headers=as_a, json=leads[number]).json()
            assert {line["grade"] for line in scores[number::5]} == {one["grade"]}
            assert scores[number]["probability"] == pytest.approx(one["probability"], abs=1e-9)
            assert scores[9_995 + number]["probability"] == scores[number]["probability"]

    def test_small_and_mixed_batches_carry_reasons(self, client: httpx.Client, as_a: Header) -> None:
        leads = [{"lead_id": str(world.lead_id(5))}, {"features": {"source": "referral", "country": None}}]
        answer = client.post("/v1/scores/batch", headers=as_a, json={"leads": leads, "reasons": 2}).json()
        assert [line["features_from"] for line in answer["scores"]] == ["mart", "request"]
        assert all(len(line["reasons"]) == 2 for line in answer["scores"])


class TestGetScore:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(f"/v1/leads/{world.lead_id(1)}/score").status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "leads:read")
        assert client.get(f"/v1/leads/{world.lead_id(1)}/score", headers=headers).status_code == 403

    def test_other_tenants_lead_gets_404_equal_to_that_of_nobodys_id(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "stored@beta.example"}).json()
        theirs = client.get(f"/v1/leads/{made['id']}/score", headers=as_a)
        nobodys = client.get(f"/v1/leads/{uuid4()}/score", headers=as_a)
        assert theirs.status_code == 404
        assert theirs.content == nobodys.content

    def test_bad_id_gets_422(self, client: httpx.Client, as_a: Header) -> None:
        assert client.get("/v1/leads/first/score", headers=as_a).status_code == 422

    def test_the_stored_score_is_the_tenants_own(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        path = f"/v1/leads/{world.lead_id(1)}/score"
        a, b = client.get(path, headers=as_a).json(), client.get(path, headers=as_b).json()
        assert (a["probability"], a["reasons"][0]["contribution"]) == (0.02, 0.01)
        assert (b["probability"], b["reasons"][0]["contribution"]) == (0.22, 0.07)
        assert (a["model_version"], a["features_from"]) == ("batch-1", None)

    def test_a_lead_that_no_batch_has_seen_is_scored_now(
        self, client: httpx.Client, as_a: Header, live_version: str
    ) -> None:
        stored_not = client.get(f"/v1/leads/{world.lead_id(3)}/score", headers=as_a).json()
        assert (stored_not["model_version"], stored_not["features_from"]) == (live_version, "mart")
