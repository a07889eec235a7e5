"""Experiments over HTTP: from draft to decision, who gets which variant, exposures once, results that hold."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.experiments.assignment import Plan, Variant, assign
from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]
ROUTE = "/v1/experiments"
DRAFT: dict[str, Any] = {"key": "short-form", "name": "Kort formular", "primary_metric": "lead_rate"}
EVEN = (Variant("control", 1), Variant("treatment", 1))
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                connection.execute("delete from app.experiments")
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test results") as connection:
            connection.execute("delete from marts.fct_experiment_result_daily")

    clear()
    yield
    clear()


@pytest.fixture
def exposer(filled: TwoTenants, token_of: Callable[..., Header]) -> Header:
    """A token that may stand in a web page."""
    return token_of(filled.a, "exposures:write", "touchpoints:write")


def make(client: httpx.Client, headers: Header, *, start: bool = True, **more: Any) -> dict[str, Any]:
    answer = client.post(ROUTE, headers=headers, json=DRAFT | more)
    assert answer.status_code == 201, answer.text
    if start:
        answer = step(client, headers, answer.json()["id"], "start")
        assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def step(client: httpx.Client, headers: Header, experiment_id: str, verb: str, **body: Any) -> httpx.Response:
    path = f"{ROUTE}/{experiment_id}/{verb}"
    return client.post(path, headers=headers, json=body) if body else client.post(path, headers=headers)


def given(client: httpx.Client, headers: Header, **body: Any) -> dict[str, str]:
    answer = client.post(f"{ROUTE}/assignments", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    variants: dict[str, str] = answer.json()["variants"]
    return variants


def expose(client: httpx.Client, headers: Header, *items: dict[str, Any]) -> list[str]:
    answer = client.post(f"{ROUTE}/exposures", headers=headers, json={"items": list(items)})
    assert answer.status_code == 202, answer.text
    verdicts: list[str] = answer.json()["verdicts"]
    return verdicts


def stored(doors: Doors, tenant_id: UUID) -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute(
            "select unit_id, variant from app.experiment_exposures order by exposed_at, id"
        ).fetchall()


def told(doors: Doors, tenant_id: UUID, experiment_id: str) -> list[str]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        rows = connection.execute(
            "select event_type from app.events where aggregate_id = %s order by occurred_at, id", (experiment_id,)
        )
        return [name for (name,) in rows]


def test_anonymous_gets_401_and_the_wrong_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], exposer: Header
) -> None:
    reader = token_of(filled.a, "experiments:read")
    one = str(uuid4())
    for verb in ("start", "stop", "decision"):
        assert step(client, {}, one, verb).status_code == 401
        assert step(client, reader, one, verb, variant="control").status_code == 403
    for path, body in (("assignments", {"anonymous_id": "v"}), ("exposures", {"items": []})):
        assert client.post(f"{ROUTE}/{path}", json=body).status_code == 401
        assert client.post(f"{ROUTE}/{path}", headers=reader, json=body).status_code == 403
    assert client.get(ROUTE, headers=exposer).status_code == 403
    assert client.get(f"{ROUTE}/{one}/results", headers=exposer).status_code == 403


def test_other_tenant_gets_404_and_assigns_by_his_own(
    client: httpx.Client, filled: TwoTenants, as_a: Header, as_b: Header, doors: Doors
) -> None:
    experiment = make(client, as_a)
    for verb in ("start", "stop", "decision"):
        assert step(client, as_b, experiment["id"], verb, variant="control").status_code == 404
    assert client.get(f"{ROUTE}/{experiment['id']}/results", headers=as_b).status_code == 404
    assert given(client, as_b, anonymous_id="v1", expose=["short-form"]) == {}
    exposure = {"experiment": "short-form", "anonymous_id": "v1", "variant": "control"}
    assert expose(client, as_b, exposure) == ["unknown_experiment"]
    own = make(client, as_b)
    assert own["id"] != experiment["id"]
    assert given(client, as_b, anonymous_id="v1", expose=["short-form"])
    assert [len(stored(doors, tenant.id)) for tenant in (filled.a, filled.b)] == [0, 1]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"key": "Short form"}, "/key"),
        ({"primary_metric": "happiness"}, "/primary_metric"),
        ({"variants": [{"name": "alone"}]}, "/variants"),
        ({"variants": [{"name": "same"}, {"name": "same"}]}, "/variants"),
        ({"variants": [{"name": "a", "weight": 0}, {"name": "b"}]}, "/variants/0/weight"),
        ({"traffic_from": 0.5, "traffic_to": 0.5}, ""),
        ({"outcome_days": 0}, "/outcome_days"),
        ({"status": "running"}, "/status"),
    ],
)
def test_bad_input_gets_422_that_names_the_field(
    client: httpx.Client, as_a: Header, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(ROUTE, headers=as_a, json=DRAFT | change)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert client.get(ROUTE, headers=as_a).json()["items"] == []


def test_two_units_or_none_get_422(client: httpx.Client, exposer: Header) -> None:
    for whose in ({}, {"anonymous_id": "v", "lead_id": str(uuid4())}):
        assert client.post(f"{ROUTE}/assignments", headers=exposer, json=whose).status_code == 422


def test_an_experiment_goes_from_draft_to_decision_and_tells_each_step(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    draft = make(client, as_a, start=False, key="trin")
    path = f"{ROUTE}/{draft['id']}"
    assert step(client, as_a, draft["id"], "stop").json()["type"].endswith("wrong-state")
    assert client.patch(path, headers=as_a, json={"outcome_days": 7}).status_code == 200
    assert step(client, as_a, draft["id"], "start").json()["status"] == "running"
    assert step(client, as_a, draft["id"], "start").status_code == 409
    refused = client.patch(path, headers=as_a, json={"outcome_days": 30, "name": "Andet navn"})
    assert refused.status_code == 409
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/outcome_days"]
    assert client.patch(path, headers=as_a, json={"name": "Andet navn"}).json()["name"] == "Andet navn"
    assert step(client, as_a, draft["id"], "stop").json()["status"] == "stopped"
    wrong = step(client, as_a, draft["id"], "decision", variant="other")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/variant")
    decided = step(client, as_a, draft["id"], "decision", variant="treatment", note="Flere leads").json()
    assert (decided["status"], decided["decision"]) == ("decided", "treatment")
    assert told(doors, filled.a.id, draft["id"]) == [
        "ExperimentCreated", "ExperimentChanged", "ExperimentStarted", "ExperimentChanged", "ExperimentStopped",
        "ExperimentDecided",
    ]  # fmt: skip


def test_parts_of_a_layer_that_are_taken_cant_start_again(client: httpx.Client, as_a: Header) -> None:
    make(client, as_a, layer="forside", traffic_to=0.5)
    second = make(client, as_a, start=False, key="b", layer="forside", traffic_from=0.4)
    refused = step(client, as_a, second["id"], "start")
    assert refused.status_code == 409
    assert "short-form" in refused.json()["detail"]
    client.patch(f"{ROUTE}/{second['id']}", headers=as_a, json={"traffic_from": 0.5})
    assert step(client, as_a, second["id"], "start").status_code == 200
    both = [given(client, as_a, anonymous_id=f"v{number}") for number in range(30)]
    assert {len(variants) for variants in both} == {1}


def test_everybody_gets_the_variant_of_the_documented_hash_and_a_decision_gives_one_to_all(
    client: httpx.Client, as_a: Header, exposer: Header
) -> None:
    experiment = make(client, as_a, audience={"country": ["DK"]})
    plan = Plan(experiment["id"], EVEN)
    visitors = [f"v{number}" for number in range(12)]
    for visitor in visitors:
        assert given(client, exposer, anonymous_id=visitor, attributes={"country": "DK"}) == {
            "short-form": assign(plan, visitor)
        }
    assert given(client, exposer, anonymous_id="v1", attributes={"country": "SE"}) == {}
    assert given(client, exposer, lead_id=str(world.lead_id(1))) == {}
    step(client, as_a, experiment["id"], "stop")
    assert given(client, exposer, anonymous_id="v1", attributes={"country": "DK"}) == {}
    step(client, as_a, experiment["id"], "decision", variant="treatment")
    assert given(client, exposer, anonymous_id="v1", expose=["short-form"]) == {"short-form": "treatment"}


def test_the_first_exposure_is_kept_and_each_refusal_says_why(
    client: httpx.Client, as_a: Header, exposer: Header, doors: Doors, filled: TwoTenants
) -> None:
    experiment = make(client, as_a)
    right = assign(Plan(experiment["id"], EVEN), "v1")
    wrong = "control" if right == "treatment" else "treatment"
    item = {"experiment": "short-form", "anonymous_id": "v1", "variant": right}
    make(client, as_a, key="leads", unit="lead", start=False)
    verdicts = expose(
        client, exposer, item, item, item | {"variant": wrong}, item | {"experiment": "no-such"},
        item | {"experiment": "leads"},
        {"experiment": "short-form", "lead_id": str(world.lead_id(1)), "variant": right},
    )  # fmt: skip
    assert verdicts == ["stored", "known", "other_variant", "unknown_experiment", "not_running", "wrong_unit"]
    assert given(client, exposer, anonymous_id="v1", expose=["short-form"]) == {"short-form": right}
    given(client, exposer, anonymous_id="v2", expose=["short-form"])
    given(client, exposer, anonymous_id="v3")
    assert [unit for unit, _ in stored(doors, filled.a.id)] == ["v1", "v2"]
    bot = {"user-agent": CRAWLER, "origin": "https://shop.example"}
    assert expose(client, exposer | bot, item | {"anonymous_id": "v9"}) == ["bot"]
    step(client, as_a, experiment["id"], "stop")
    assert expose(client, exposer, item | {"anonymous_id": "v4", "variant": "control"}) == ["not_running"]


def test_an_exposure_of_a_lead_that_is_not_there_is_not_kept(
    client: httpx.Client, as_a: Header, exposer: Header, doors: Doors, filled: TwoTenants
) -> None:
    experiment = make(client, as_a, unit="lead")
    plan = Plan(experiment["id"], EVEN)
    there, gone = str(world.lead_id(1)), str(uuid4())
    items = [{"experiment": "short-form", "lead_id": one, "variant": assign(plan, one)} for one in (there, gone)]
    assert expose(client, exposer, *items) == ["stored", "unknown_lead"]
    assert given(client, exposer, lead_id=gone, expose=["short-form"])
    assert [unit for unit, _ in stored(doors, filled.a.id)] == [there]


def outcomes(doors: Doors, tenant_id: UUID, experiment_id: str, won: tuple[int, int], each: int = 500) -> None:
    """Two days of outcomes that are over, and one that is not."""
    today = utc_now().date()
    rows = [
        (tenant_id, experiment_id, "lead_rate", variant, today - timedelta(days=age), each, count, count, 0, 0, 0)
        for age in (40, 30, 2)
        for variant, count in zip(("control", "treatment"), won, strict=True)
    ]
    statement = f"insert into marts.fct_experiment_result_daily values ({', '.join(['%s'] * 11)})"
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test results") as connection:
        connection.cursor().executemany(statement, rows)


def test_results_judge_finished_persons_in_both_languages(
    client: httpx.Client, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    experiment = make(client, as_a)
    path = f"{ROUTE}/{experiment['id']}/results"
    assert client.get(path, headers=as_a).json()["verdict"] == "empty"
    outcomes(doors, filled.a.id, experiment["id"], (50, 90))
    outcomes(doors, filled.b.id, experiment["id"], (90, 50))
    results = client.get(path, headers=as_a).json()
    assert (results["verdict"], results["winner"], results["should_stop"]) == ("better", "treatment", True)
    assert results["waiting_count"] == 1_000
    assert results["sample_ratio"] == {"counts": {"control": 1_500, "treatment": 1_500}, "p_value": 1.0}
    (metric,) = results["metrics"]
    assert (metric["person_count"], metric["mean"], metric["control_mean"]) == (1_000, 0.18, 0.1)
    effect = metric["effect"]
    assert effect["effect"] == pytest.approx(0.08)
    assert 0 < effect["low"] < effect["fixed_low"] < 0.08 < effect["fixed_high"] < effect["high"]
    assert [point["person_count"] for point in results["history"]] == [1_000, 2_000]
    assert results["sentence"].startswith("treatment is surely better")
    danish = client.get(path, headers=as_a, params={"language": "da"})
    assert danish.json()["sentence"].startswith("treatment er sikkert bedre")
    assert danish.headers["content-language"] == "da"


def test_the_sample_size_follows_from_the_effect(client: httpx.Client, as_a: Header) -> None:
    def size(**query: Any) -> httpx.Response:
        asked: dict[str, Any] = {"metric": "lead_rate", "mean": 0.1, "relative_effect": 0.1} | query
        return client.get(f"{ROUTE}/sample-size", headers=as_a, params=asked)

    small, large = size().json(), size(relative_effect=0.2).json()
    assert small["fixed"] == pytest.approx(28_256, rel=0.01)
    assert small["fixed"] == pytest.approx(4 * large["fixed"], rel=0.01)
    assert small["sequential"] > small["fixed"]
    assert size(mean=1.5).status_code == 422
    assert size(metric="revenue", mean=1_000).status_code == 422
    assert size(metric="revenue", mean=1_000, standard_deviation=4_000).json()["fixed"] > 1_000
