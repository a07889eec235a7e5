"""What is downstream follows new data by itself, and only new data."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from pipelines.automation import AFTER_UPSTREAM

TENANTS = dg.DynamicPartitionsDefinition(name="tenants")


class Graph:
    """A raw asset of two tenants, a mart over it and one asset more, with a sensor's memory between its ticks."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._cursor: Any = None
        self._versions = {"a": "1", "b": "1"}
        instance.add_dynamic_partitions("tenants", ["a", "b"])

        @dg.asset(partitions_def=TENANTS)
        def raw(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(data_version=dg.DataVersion(self._versions[context.partition_key]))

        @dg.asset(deps=[raw], automation_condition=AFTER_UPSTREAM)
        def mart() -> None: ...

        @dg.asset(deps=[mart], automation_condition=AFTER_UPSTREAM)
        def score() -> None: ...

        self._assets = [raw, mart, score]

    def pull(self, tenant: str, version: str) -> None:
        self._versions[tenant] = version
        dg.materialize(self._assets, selection="raw", instance=self._instance, partition_key=tenant)

    def tick(self) -> set[str]:
        """What the sensor asks for, which is then built."""
        definitions = dg.Definitions(assets=self._assets)
        result = dg.evaluate_automation_conditions(defs=definitions, instance=self._instance, cursor=self._cursor)
        self._cursor = result.cursor
        asked = {name for name in ("mart", "score") if result.get_num_requested(dg.AssetKey(name))}
        if asked:
            dg.materialize(self._assets, selection=sorted(asked), instance=self._instance)
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
