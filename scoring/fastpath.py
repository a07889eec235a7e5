"""One row through the trees without building a dataset: LightGBM's single-row C functions. Batches go elsewhere."""

import ctypes
import threading
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm import basic

_LIB, _safe_call = basic._LIB, basic._safe_call  # type: ignore[attr-defined]
RAW = 1
CONTRIBUTIONS = 3
FLOAT64 = 1


class SingleRow:
    """Raw score and contributions of one row; safe for threads (one call at a time per instance)."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster
        self._columns = booster.num_feature()
        self._lock = threading.Lock()
        self._row = np.empty(self._columns)
        self._out = np.empty(self._columns + 1)
        self._length = ctypes.c_int64(0)
        self._configs = {kind: self._config(kind) for kind in (RAW, CONTRIBUTIONS)}
        self._row_pointer = self._row.ctypes.data_as(ctypes.c_void_p)
        self._out_pointer = self._out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def _config(self, kind: int) -> ctypes.c_void_p:
        config = ctypes.c_void_p()
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._booster._handle,
                ctypes.c_int(kind),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(FLOAT64),
                ctypes.c_int32(self._columns),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(config),
            )
        )
        return config

    def __del__(self) -> None:
        for config in getattr(self, "_configs", {}).values():
            _LIB.LGBM_FastConfigFree(config)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a single-row predictor holds native memory; save the model and load it instead")

    def _call(self, kind: int, row: np.ndarray) -> None:
        self._row[:] = row
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFast(
                self._configs[kind], self._row_pointer, ctypes.byref(self._length), self._out_pointer
            )
        )

    def raw(self, row: np.ndarray) -> float:
        """Raw log-odds of one row."""
        with self._lock:
            self._call(RAW, row)
            return float(self._out[0])

    def contributions(self, row: np.ndarray) -> np.ndarray:
        """Exact contributions of each column to the raw log-odds, then the expected value."""
        with self._lock:
            self._call(CONTRIBUTIONS, row)
            return self._out.copy()
