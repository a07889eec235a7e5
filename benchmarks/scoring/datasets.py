"""The real datasets and their fixed splits, as frames ready for training. No model and no metric lives here."""

from pathlib import Path

import numpy as np
import polars as pl

SEED = 0
FOLDS = 5
OUTCOME_DAYS = 90

Split = tuple[np.ndarray, np.ndarray]


def load_bank(folder: Path, *, with_duration: bool = False) -> pl.DataFrame:
    """One row per call of UCI Bank Marketing, in file order (``order``), label ``y`` 0/1.

    ``duration`` is known only after the call, so it is left out unless asked for; ``pdays`` 999 means never.
    """
    frame = pl.read_csv(folder / "bank_additional_full.csv.gz").with_row_index("order")
    frame = frame.with_columns(
        (pl.col("y") == "yes").cast(pl.Int8).alias("y"),
        pl.when(pl.col("pdays") == 999).then(None).otherwise(pl.col("pdays")).alias("pdays"),
    )
    return frame if with_duration else frame.drop("duration")


def load_olist(folder: Path) -> pl.DataFrame:
    """One row per Olist lead with what was known on its day; label ``won`` is null until 90 days have passed."""
    leads = pl.read_csv(folder / "olist_mql.csv.gz", try_parse_dates=True)
    deals = pl.read_csv(folder / "olist_closed_deals.csv.gz", infer_schema_length=None).select(
        "mql_id", pl.col("won_date").str.to_datetime("%Y-%m-%d %H:%M:%S").dt.date()
    )
    leads = leads.rename({"first_contact_date": "day"}).join(deals, on="mql_id", how="left")
    end = pl.lit(deals["won_date"].max())
    window = pl.duration(days=OUTCOME_DAYS)
    won = pl.col("won_date").is_not_null() & (pl.col("won_date") <= pl.col("day") + window)
    leads = leads.with_columns(
        pl.when(pl.col("day") + window <= end).then(won.cast(pl.Int8)).otherwise(None).alias("won"),
        pl.col("origin").fill_null("unknown"),
    ).sort("day", "mql_id")
    for key, columns in {
        "origin": ["origin"],
        "page": ["landing_page_id"],
        "pair": ["origin", "landing_page_id"],
        "all": [],
    }.items():
        leads = leads.join(_history(leads, columns, key), on=[*columns, "day"], how="left")
    return leads.with_columns(
        pl.col("day").dt.weekday().alias("weekday"),
        (pl.col("day") - pl.col("day").min()).dt.total_days().alias("age_of_funnel"),
    ).drop("won_date", "mql_id")


def _history(leads: pl.DataFrame, columns: list[str], key: str) -> pl.DataFrame:
    """Leads, deals and the share won so far, per group and day, counting only what that day's morning knew."""
    group = columns or None
    days = leads.select(*columns, "day").unique()
    arrivals = leads.select(*columns, at="day", leads=pl.lit(1), deals=pl.lit(0))
    wins = leads.filter(pl.col("won_date").is_not_null()).select(
        *columns, at="won_date", leads=pl.lit(0), deals=pl.lit(1)
    )
    events = pl.concat([arrivals, wins]).group_by(*columns, "at").agg(pl.col("leads", "deals").sum()).sort("at")
    totals = [pl.col(name).cum_sum() for name in ("leads", "deals")]
    events = events.with_columns([total.over(columns) for total in totals] if columns else totals)
    known = days.sort("day").join_asof(
        events, left_on="day", right_on="at", by=group, allow_exact_matches=False, check_sortedness=False
    )
    return known.select(
        *columns,
        "day",
        pl.col("leads").fill_null(0).alias(f"{key}_leads"),
        pl.col("deals").fill_null(0).alias(f"{key}_deals"),
        ((pl.col("deals").fill_null(0) + 1) / (pl.col("leads").fill_null(0) + 10)).alias(f"{key}_rate"),
    )


def stratified_folds(label: np.ndarray, *, folds: int = FOLDS, seed: int = SEED) -> list[Split]:
    """The fixed stratified folds of the data sheet: positions of training and test rows."""
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(label)), label))


def temporal_split(rows: int, *, share: float = 0.8) -> Split:
    """The first share of the rows trains, the rest tests; rows must be in time order."""
    cut = int(rows * share)
    return np.arange(cut), np.arange(cut, rows)
