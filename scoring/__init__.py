"""Lead scoring: train, score, explain, save, measure. Frames in, frames out; no database, web or pipeline code."""

from scoring.baseline import baseline
from scoring.evaluation import evaluate
from scoring.model import LeadModel, Reason, Score, load
from scoring.registry import Registry
from scoring.training import train

__all__ = ["LeadModel", "Reason", "Registry", "Score", "baseline", "evaluate", "load", "train"]
