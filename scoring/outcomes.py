"""What became of scored leads, once it is known of all of a cohort. How scores are made or kept is not known here.

Outcomes come late, and good news first: a lead is won the day it is won, but lost only when its window has passed.
Judging whatever is known today would see too many wins, so only whole cohorts count.
"""

from typing import Any

import numpy as np
import polars as pl

from scoring.metrics import measure

MIN_LEADS = 50


def mature(frame: pl.DataFrame, *, label: str, time: str) -> pl.DataFrame:
    """One tenant's leads up to the newest whose window has surely passed (label 0), won or lost.

    ``frame``: one row per lead with ``time`` and ``label`` (1 won, 0 not won in its window, null not known yet).

    >>> frame = pl.DataFrame({"day": [1, 2, 3, 4], "won": [0, 1, 0, 1]})
    >>> mature(frame, label="won", time="day")["day"].to_list()
    [1, 2, 3]
    """
    newest = frame.filter(pl.col(label) == 0)[time].max()
    if newest is None:
        return frame.clear()
    return frame.filter((pl.col(time) <= newest) & pl.col(label).is_not_null())


def realise(scores: pl.DataFrame, leads: pl.DataFrame, *, lead_id: str, label: str, time: str) -> pl.DataFrame:
    """Scores given to new leads, with the outcome that came: the first score of each lead and version.

    ``scores``: ``lead_id``, ``model_version``, ``probability``, ``scored_at``. Returned: these, ``label`` and ``time``.
    """
    first = scores.sort("scored_at").unique(["model_version", lead_id], keep="first", maintain_order=True)
    return first.join(mature(leads, label=label, time=time).select(lead_id, label, time), on=lead_id).sort(
        time, lead_id
    )


def judge(realised: pl.DataFrame, *, label: str) -> dict[str, float]:
    """Measures of scores against the outcomes that came; empty below `MIN_LEADS` leads or with one outcome alone."""
    if realised.height < MIN_LEADS or realised[label].n_unique() < 2:
        return {}
    y, p = _arrays(realised, label)
    return measure(y, p) | {"won_count": float(y.sum())}


def _arrays(realised: pl.DataFrame, label: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return realised[label].cast(pl.Float64).to_numpy(), realised["probability"].to_numpy()
