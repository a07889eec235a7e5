"""Trees grown by many machines: LightGBM's own distributed learner over a Dask cluster. It knows no lead.

Each worker holds a part of the rows, finds the bins of some features, and tells the others its histograms; every one
ends with the same trees. They differ from one machine's by bins found on a part of the rows, not in quality.
"""

import importlib
import threading
import warnings
from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

from scoring.errors import EngineMissing

LEAST_ROWS = 50_000
"""Fewer rows are grown here: the way to the workers and back costs seconds."""
LOCAL_WORKERS = 2


class DaskTrainer:
    """Grows trees on the workers of a Dask scheduler, or on local processes of its own where none is named.

    ``least``: how many rows are worth the way. One fit runs at a time: two would wait for each other's workers.
    """

    def __init__(self, scheduler: str | None = None, *, workers: int = LOCAL_WORKERS, least: int = LEAST_ROWS) -> None:
        try:
            distributed: Any = importlib.import_module("distributed")  # it tells no types
        except ImportError as error:
            raise EngineMissing(
                "training on Dask needs the packages dask and distributed", hint="install the extra: tekup[dask]"
            ) from error
        self.least = least
        self._turn = threading.Lock()
        self._cluster: Any = None
        if scheduler is None:
            self._cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
            )
        self._client: Any = distributed.Client(self._cluster if scheduler is None else scheduler)

    def close(self) -> None:
        """Leave the scheduler, and end the processes that were started here."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def __enter__(self) -> "DaskTrainer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def grow(
        self,
        matrix: np.ndarray,
        label: np.ndarray,
        *,
        weight: np.ndarray | None,
        offset: np.ndarray | None,
        categorical: list[int],
        parameters: Mapping[str, Any],
        rounds: int,
    ) -> lgb.Booster:
        """A booster of exactly ``rounds`` trees, as `lightgbm.train` gives of the same rows and parameters."""
        model = lgb.DaskLGBMRegressor(client=self._client, n_estimators=rounds, **parameters)
        with self._turn, warnings.catch_warnings():
            # of threads that LightGBM sets by itself, and of what dask renamed
            warnings.simplefilter("ignore")
            spread: list[Any] = [None if of is None else self._spread(of) for of in (matrix, label, weight, offset)]
            model.fit(
                spread[0],
                spread[1],
                sample_weight=spread[2],
                init_score=spread[3],
                categorical_feature=categorical,
            )
        return model.booster_

    def _spread(self, values: np.ndarray) -> Any:
        """The rows as a Dask array with a part on each worker."""
        arrays: Any = importlib.import_module("dask.array")  # dask tells no types
        delayed = importlib.import_module("dask").delayed
        workers = sorted(self._client.ncores())
        parts = []
        for worker, rows in zip(workers, np.array_split(np.arange(len(values)), len(workers)), strict=True):
            part = np.ascontiguousarray(values[rows[0] : rows[-1] + 1])
            kept = self._client.scatter(part, workers=[worker])
            parts.append(arrays.from_delayed(delayed(kept), shape=part.shape, dtype=part.dtype))
        return arrays.concatenate(parts)
