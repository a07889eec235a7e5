"""What is downstream follows new data by itself, and only new data."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import pytest

from pipelines.automation import AFTER_GATE, AFTER_UPSTREAM, GATE
from pipelines.definitions import defs
from pipelines.quality import gates

TENANTS = dg.DynamicPartitionsDefinition(name="tenants")


def run(
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    keys: Sequence[str | dg.AssetKey],
    **options: Any,
) -> None:
    """A run that knows its assets, as the daemon's does."""
    job = dg.Definitions(assets=assets).resolve_implicit_global_asset_job_def()
    selected = [key if isinstance(key, dg.AssetKey) else dg.AssetKey(key) for key in keys]
    job.execute_in_process(instance=instance, asset_selection=selected, **options)


class Graph:
    """A raw asset of two tenants, a mart over it and one asset more, with a sensor's memory between its ticks."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._cursor: Any = None
        self._versions = {"a": "1", "b": "1"}
        self.meanwhile: list[Callable[[], object]] = []
        instance.add_dynamic_partitions("tenants", ["a", "b"])

        @dg.asset(partitions_def=TENANTS)
        def raw(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(data_version=dg.DataVersion(self._versions[context.partition_key]))

        @dg.asset(deps=[raw], automation_condition=AFTER_UPSTREAM)
        def mart() -> None:
            while self.meanwhile:
                self.meanwhile.pop(0)()

        @dg.asset(deps=[mart], automation_condition=AFTER_UPSTREAM)
        def score() -> None: ...

        self._assets = [raw, mart, score]

    def pull(self, tenant: str, version: str) -> None:
        self._versions[tenant] = version
        run(self._assets, self._instance, ["raw"], partition_key=tenant)

    def look(self) -> set[str]:
        """What the sensor asks for."""
        definitions = dg.Definitions(assets=self._assets)
        result = dg.evaluate_automation_conditions(defs=definitions, instance=self._instance, cursor=self._cursor)
        self._cursor = result.cursor
        return {name for name in ("mart", "score") if result.get_num_requested(dg.AssetKey(name))}

    def tick(self) -> set[str]:
        """What the sensor asks for, which is then built."""
        asked = self.look()
        if asked:
            run(self._assets, self._instance, sorted(asked))
        return asked


@pytest.fixture
def graph() -> Iterator[Graph]:
    with dg.instance_for_test() as instance:
        made = Graph(instance)
        made.tick()
        yield made


def test_everything_downstream_follows_a_first_pull_though_another_tenants_is_missing(graph: Graph) -> None:
    graph.pull("a", "1")
    assert graph.tick() == {"mart", "score"}
    assert graph.tick() == set()


def test_a_pull_that_changed_nothing_rebuilds_nothing(graph: Graph) -> None:
    graph.pull("a", "1")
    graph.tick()
    graph.pull("a", "1")
    assert graph.tick() == set()


def test_a_pull_that_changed_a_row_rebuilds_once(graph: Graph) -> None:
    graph.pull("a", "1")
    graph.pull("b", "1")
    graph.tick()
    graph.tick()
    graph.pull("b", "2")
    assert graph.tick() == {"mart", "score"}
    assert graph.tick() == set()


def test_what_changes_while_a_build_runs_is_built_after_it_though_one_tick_sees_both(graph: Graph) -> None:
    graph.pull("a", "1")
    graph.pull("b", "1")
    graph.tick()
    graph.pull("b", "2")
    graph.meanwhile = [lambda: graph.pull("a", "2")]
    assert graph.tick() == {"mart", "score"}
    assert graph.tick() == {"mart", "score"}
    assert graph.tick() == set()


def test_what_changes_while_a_build_runs_is_built_after_it_though_a_tick_comes_between(graph: Graph) -> None:
    graph.pull("a", "1")
    graph.pull("b", "1")
    graph.tick()
    seen: list[set[str]] = []
    graph.pull("b", "2")
    graph.meanwhile = [
        lambda: seen.append(graph.look()), lambda: graph.pull("a", "2"), lambda: seen.append(graph.look()),
        lambda: seen.append(graph.look()),
    ]  # fmt: skip
    assert graph.tick() == {"mart", "score"}
    assert seen == [set(), set(), set()]
    assert graph.tick() == {"mart", "score"}
    assert graph.tick() == set()


class GatedGraph:
    """A mart that is pulled, a gate that judges it with a verdict of the test's choice, and an extract of the mart."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._cursor: Any = None
        self.verdict = "nobody is held"
        self.order: list[str] = []
        self._builds = 0

        @dg.asset
        def other() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(data_version=dg.DataVersion(str(self._builds)))

        @dg.asset
        def mart() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(data_version=dg.DataVersion(str(self._builds)))

        @dg.asset(key=GATE, deps=[mart, other], automation_condition=AFTER_UPSTREAM)
        def gate() -> dg.MaterializeResult[None]:
            self.order.append("gate")
            return dg.MaterializeResult(data_version=dg.DataVersion(self.verdict))

        @dg.asset(deps=[mart, GATE], automation_condition=AFTER_GATE)
        def extract() -> None:
            self.order.append("extract")

        self._assets = [other, mart, gate, extract]

    def build(self, name: str) -> None:
        self._builds += 1
        run(self._assets, self._instance, [name])

    def tick(self) -> list[str]:
        """What one tick asks for, in the order in which its run did it."""
        definitions = dg.Definitions(assets=self._assets)
        result = dg.evaluate_automation_conditions(defs=definitions, instance=self._instance, cursor=self._cursor)
        self._cursor = result.cursor
        keys = [key for key in (GATE, dg.AssetKey("extract")) if result.get_num_requested(key)]
        self.order.clear()
        if keys:
            run(self._assets, self._instance, keys)
        return list(self.order)


@pytest.fixture
def gated() -> Iterator[GatedGraph]:
    with dg.instance_for_test() as instance:
        made = GatedGraph(instance)
        made.tick()
        made.build("other")
        made.build("mart")
        made.tick()
        made.tick()
        yield made


def test_marts_built_anew_are_judged_before_they_are_extracted(gated: GatedGraph) -> None:
    gated.build("mart")
    assert gated.tick() == ["gate", "extract"]
    assert gated.tick() == []


def test_a_gate_that_judges_as_before_extracts_nothing(gated: GatedGraph) -> None:
    gated.build("other")
    assert gated.tick() == ["gate"]
    assert gated.tick() == gated.tick() == []


def test_a_tenant_let_go_is_extracted_though_no_mart_changed(gated: GatedGraph) -> None:
    gated.verdict = "somebody is held"
    gated.build("other")
    assert gated.tick() == ["gate"]
    assert gated.tick() == ["extract"]


def test_every_extract_stands_on_the_gate_and_the_gate_on_every_mart_that_it_could_judge() -> None:
    graph = defs().resolve_asset_graph()
    extracts = [key for key in graph.executable_asset_keys if key.path[0] == "lake"]
    assert extracts
    assert all(GATE in graph.get(key).parent_keys for key in extracts)
    judged = {key.to_user_string() for key in graph.get(GATE).parent_keys}
    assert {"/".join(key) for key in gates.marts_before_models()} <= judged
    assert {"fct_lead", "raw/stripe/invoices"} <= judged
    # models read extracts and nothing before them, so that no way leads around the gate
    for model in (["models", "lead_score"], ["scores", "leads"], ["attribution", "credit"]):
        assert all(key.path[0] in ("lake", "models") for key in graph.get(dg.AssetKey(model)).parent_keys), model
