"""Why a lead was scored as it was, and feedback on scores, over HTTP."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]
LEAD = world.lead_id(1)
BODY = {"lead_id": str(LEAD), "verdict": "too_high", "comment": "Kigger bare."}
WHY = f"/v1/leads/{LEAD}/score/explanation"


@pytest.fixture
def history(doors: Doors, filled: TwoTenants) -> None:
    """A batch's score of the same lead in both tenants, with its inputs."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test data") as connection:
        for tenant, share in ((filled.a, 0.1), (filled.b, 0.3)):
            reasons = json.dumps([{"feature": "has_demo_words", "value": "true", "contribution": share}])
            connection.execute(
                "insert into ml.lead_score_history (tenant_id, lead_id, scored_at, model_version, input_hash, "
                "probability, base_probability, grade, reasons) values (%s, %s, %s, 'batch-1', 7, %s, 0.2, 'B', %s) "
                "on conflict do nothing",
                (tenant.id, LEAD, world.START, 0.2 + share, reasons),
            )
            connection.execute(
                "insert into ml.lead_score_input (tenant_id, lead_id, input_hash, features) "
                "values (%s, %s, 7, %s) on conflict do nothing",
                (tenant.id, LEAD, json.dumps({"has_demo_words": True, "share": share})),
            )


class TestExplainScore:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(WHY).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.get(WHY, headers=token_of(filled.a, "leads:read")).status_code == 403

    def test_other_tenants_lead_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "why@beta.example"}).json()
        assert client.get(f"/v1/leads/{made['id']}/score/explanation", headers=as_a).status_code == 404

    @pytest.mark.parametrize("path", ["/v1/leads/first/score/explanation", f"{WHY}?language=latin"])
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, path: str) -> None:
        assert client.get(path, headers=as_a).status_code == 422

    def test_each_tenant_is_told_its_own_inputs_reasons_and_version(
        self, client: httpx.Client, as_a: Header, as_b: Header, history: None
    ) -> None:
        for headers, share, points in ((as_a, 0.1, "10.0"), (as_b, 0.3, "30.0")):
            told = client.get(WHY, headers=headers).json()["scores"][-1]
            assert told["features"] == {"has_demo_words": True, "share": share}
            assert (told["model_version"], told["given_by"], told["base_probability"]) == ("batch-1", "batch", 0.2)
            assert told["probability"] == pytest.approx(0.2 + share)
            assert told["reasons"][0]["sentence"] == (
                f"Wants a meeting or demo: raises the chance by {points} percentage points."
            )

    @pytest.mark.parametrize(("asked", "header"), [("?language=da", "en"), ("", "da, en;q=0.9")])
    def test_in_danish_too(self, client: httpx.Client, as_a: Header, history: None, asked: str, header: str) -> None:
        answer = client.get(f"{WHY}{asked}", headers={**as_a, "accept-language": header})
        assert answer.headers["content-language"] == "da"
        told = answer.json()["scores"][-1]
        assert told["reasons"][0]["sentence"] == "Ønsker møde eller demo: hæver chancen med 10,0 procentpoint."

    @pytest.mark.parametrize("path", ["/v1/scores", "/v1/scores/batch"])
    def test_a_score_that_the_api_gave_of_a_lead_is_kept_with_its_inputs(
        self, client: httpx.Client, as_a: Header, as_b: Header, live_version: str, path: str
    ) -> None:
        before = len(client.get(WHY, headers=as_a).json()["scores"])
        of_b = len(client.get(WHY, headers=as_b).json()["scores"])
        lead = {"lead_id": str(LEAD)}
        body = lead if path == "/v1/scores" else {"leads": [lead, {"features": {"source": "referral"}}], "reasons": 3}
        answer = client.post(path, headers=as_a, json=body).json()
        given = answer if path == "/v1/scores" else answer["scores"][0]
        scores = client.get(WHY, headers=as_a).json()["scores"]
        assert len(scores) == before + 1
        assert (scores[0]["given_by"], scores[0]["model_version"]) == ("api", live_version)
        assert scores[0]["probability"] == given["probability"]
        assert scores[0]["features"]["employee_count"] == 10
        assert [reason["feature"] for reason in scores[0]["reasons"]] == [r["feature"] for r in given["reasons"]]
        assert given["probability_low"] <= given["probability"] <= given["probability_high"]
        assert len(client.get(WHY, headers=as_b).json()["scores"]) == of_b


class TestGiveFeedback:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.post("/v1/scores/feedback", json=BODY).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        headers = token_of(filled.a, "scores:read")
        assert client.post("/v1/scores/feedback", headers=headers, json=BODY).status_code == 403

    def test_other_tenants_lead_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "said@beta.example"}).json()
        for lead_id in (made["id"], str(uuid4())):
            body = {"lead_id": lead_id, "verdict": "agree"}
            assert client.post("/v1/scores/feedback", headers=as_a, json=body).status_code == 404

    @pytest.mark.parametrize(
        "change", [{"verdict": "wrong"}, {"lead_id": "7"}, {"tenant_id": str(UUID(int=1))}, {"comment": "x" * 2001}]
    )
    def test_bad_input_gets_422(self, client: httpx.Client, as_a: Header, change: dict[str, str]) -> None:
        assert client.post("/v1/scores/feedback", headers=as_a, json=BODY | change).status_code == 422

    def test_feedback_names_the_score_it_is_about_and_stays_in_its_tenant(
        self, client: httpx.Client, as_a: Header, as_b: Header
    ) -> None:
        answer = client.post("/v1/scores/feedback", headers=as_a, json=BODY)
        assert answer.status_code == 201, answer.text
        said = answer.json()
        assert (said["model_version"], said["probability"], said["comment"]) == ("batch-1", 0.02, "Kigger bare.")
        assert said in client.get(WHY, headers=as_a).json()["feedback"]
        assert client.get(WHY, headers=as_b).json()["feedback"] == []

    def test_scores_and_feedback_go_with_the_lead(
        self, client: httpx.Client, as_a: Header, filled: TwoTenants, doors: Doors
    ) -> None:
        made = UUID(client.post("/v1/leads", headers=as_a, json={"email": "leaving@alfa.example"}).json()["id"])
        client.post("/v1/scores", headers=as_a, json={"lead_id": str(made)})
        client.post("/v1/scores/feedback", headers=as_a, json={"lead_id": str(made), "verdict": "agree"})
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            kept = "select (select count(*) from app.given_scores where lead_id = %(lead)s), "
            kept += "(select count(*) from app.lead_feedback where lead_id = %(lead)s)"
            assert connection.execute(kept, {"lead": made}).fetchone() == (1, 1)
            connection.execute("delete from app.leads where id = %s", (made,))
            assert connection.execute(kept, {"lead": made}).fetchone() == (0, 0)
