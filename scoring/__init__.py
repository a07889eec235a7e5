"""Lead scoring: train, score, explain, save, measure. Frames in, frames out; no database, web or pipeline code."""

from scoring import duration, value
from scoring.baseline import baseline
from scoring.evaluation import evaluate
from scoring.fairness import slices
from scoring.loading import load
from scoring.model import LeadModel
from scoring.registry import Registry
from scoring.scores import Reason, Score
from scoring.training import train

__all__ = [
    "LeadModel",
    "Reason",
    "Registry",
    "Score",
    "baseline",
    "duration",
    "evaluate",
    "load",
    "slices",
    "train",
    "value",
]
