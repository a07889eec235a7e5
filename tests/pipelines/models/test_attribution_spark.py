"""The setting for Spark moves the assets' journeys and credit to two workers, and leaves every table as it is."""

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.models import channel_credit
from pipelines.models.attribution_settings import MODELS
from pipelines.resources.platform import Platform
from tests.fixtures.spark import session
from tests.pipelines.models.conftest import TABLES, Bench, make_conversions, make_touches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["session"]
pytest.importorskip("pyspark", reason="pyspark is missing: install the extra spark (make test does)")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
CHOICE = {
    "models": [*MODELS, "participation", "custom", "incremental"], "lookback_days": 30, "conversion_window_days": 9,
    "direct": "drop_unless_only", "open_journeys": "set_aside", "touch_weights": {"visit": 0.5},
}  # fmt: skip


@pytest.fixture
def on_spark(bench: Bench, session: "SparkSession") -> Bench:
    """The same tenants and databases, with the setting for Spark."""
    settings = bench.platform.settings.model_copy(update={"compute_engine": "spark"})
    return Bench(Platform(settings), bench.a, bench.b, bench.touches, bench.conversions)


def assert_alike(found: Any, wanted: Any) -> None:
    """Equal, but for what sums of floating point in another order differ by."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for name in wanted:
            assert_alike(found[name], wanted[name])
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for left, right in zip(found, wanted, strict=True):
            assert_alike(left, right)
    else:
        assert found == (pytest.approx(wanted, abs=1e-9) if isinstance(wanted, float) else wanted)


def rows_of(bench: Bench) -> dict[str, Any]:
    """Every table in an order that floating point doesn't decide."""
    return {
        f"{table} of {tenant.domain}": sorted(
            rows, key=lambda row: str([value for value in row.values() if not isinstance(value, float)])
        )
        for tenant in (bench.a, bench.b)
        for table, rows in bench.dump(tenant).items()
    }


def test_every_table_equals_that_of_one_process_and_is_made_once(bench: Bench, on_spark: Bench) -> None:
    """One tenant with every setting there is, the other with none."""
    bench.choose(bench.a, CHOICE)
    bench.write(bench.a, make_touches(1, people=120), make_conversions(1, count=90, people=140))
    channel_credit.attribute_all(bench.platform)
    wanted = rows_of(bench)
    assert len(wanted) == 2 * len(TABLES)
    assert all(wanted.values())
    done = channel_credit.attribute_all(on_spark.platform)
    assert [(one.fault, one.left_out) for one in done if one.rows] == [(None, {})] * 2
    assert_alike(rows_of(bench), wanted)
    assert all(one.is_unchanged for one in channel_credit.attribute_all(on_spark.platform) if one.fingerprint)


def test_a_snapshot_is_that_of_one_process(bench: Bench, on_spark: Bench) -> None:
    query = "select to_jsonb(s) - 'computed_at' - 'conversions' from ml.attribution_snapshot as s order by 1"
    channel_credit.attribute_all(bench.platform, as_of=date(2026, 3, 31))
    wanted = bench.rows(query)
    bench.rows("with gone as (delete from ml.attribution_snapshot returning 1) select count(*) from gone")
    channel_credit.attribute_all(on_spark.platform, as_of=date(2026, 3, 31))
    assert wanted
    assert bench.rows(query) == wanted
