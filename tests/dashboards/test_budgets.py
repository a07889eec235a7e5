"""A budget moved to where it returns most, on weeks whose curves are known."""

import polars as pl
import pytest

from dashboards.budgets import LEAST_WEEKS, Plan, fit_returns, plan_budget


def weeks(count: int = 40) -> pl.DataFrame:
    """Search returns what is spent on it four times, up to a point far away; e-mail had enough long ago."""
    rows = []
    for week in range(count):
        search, email = 1000 + 200 * (week % 6), 5000 + 300 * (week % 5)
        noise = 30 * (week % 3)
        rows.append({"channel": "search", "period": week, "spend": search, "results": 4 * search + noise})
        rows.append(
            {"channel": "email", "period": week, "spend": email, "results": 9000 * email / (email + 10) + noise}
        )
    return pl.DataFrame(rows, schema_overrides={"spend": pl.Float64, "results": pl.Float64})


def plan(rows: pl.DataFrame, budget_rate: float, change: float) -> Plan:
    returns = fit_returns(rows)
    assert returns is not None
    return plan_budget(returns, budget_rate=budget_rate, change=change)


def test_money_goes_where_it_returns_more_and_the_gain_has_bounds() -> None:
    found = plan(weeks(), 1.0, 0.5)
    moved = {row["channel"]: row["proposed"] - row["spend"] for row in found.channels.iter_rows(named=True)}
    assert moved["search"] > 0 > moved["email"]
    assert abs(sum(moved.values())) < 1e-3
    assert abs(found.proposed - found.spend) < 1e-3
    assert found.gain_low <= found.gain <= found.gain_high
    assert found.is_sure
    # half of search's mean of 1,500 more at four for one, less what e-mail then no longer brings
    lost = 9000 * 5600 / 15600 - 9000 * 4850 / 14850
    assert found.gain == pytest.approx(0.5 * 1500 * 4 - lost, rel=0.03)


def test_a_budget_outside_the_limits_is_drawn_to_them() -> None:
    more = plan(weeks(), 1.5, 0.2)
    assert more.proposed == pytest.approx(1.2 * more.spend)
    less = plan(weeks(), 0.5, 1.0)
    assert less.proposed == pytest.approx(0.5 * less.spend)


def test_channels_without_enough_weeks_are_left_out_and_one_alone_is_no_plan() -> None:
    some = pl.when((pl.col("channel") == "email") & (pl.col("period") >= LEAST_WEEKS - 1)).then(0.0)
    thin = weeks().with_columns(spend=some.otherwise(pl.col("spend")))
    assert fit_returns(thin) is None
    third = weeks().filter(pl.col("channel") == "search").with_columns(channel=pl.lit("social"))
    assert plan(pl.concat([thin, third]), 1.0, 0.5).left_out == ("email",)
    assert fit_returns(weeks().clear()) is None
