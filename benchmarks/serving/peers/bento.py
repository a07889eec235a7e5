"""BentoML with the trees of TREES. `python -m bentoml serve benchmarks.serving.peers.bento:Scorer`."""

import os

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1, metrics={"enabled": False})
class Scorer:
    """Probabilities of rows of numbers."""

    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=os.environ["TREES"])

    @bentoml.api
    def predict(self, rows: list[list[float | None]]) -> list[float]:
        """One probability a row."""
        matrix = np.array(rows, dtype=np.float64)
        return self.booster.predict(matrix, num_threads=1).tolist()
