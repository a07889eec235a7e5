"""One row through the trees without building a dataset: LightGBM's single-row C functions. Batches go elsewhere."""

import ctypes
import threading
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm import basic

_LIB, _safe_call = basic._LIB, basic._safe_call  # type: ignore[attr-defined]
RAW = 1
FLOAT64 = 1


class SingleRow:
    """Raw score of one row; safe for threads (one call at a time per instance)."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster
        self._columns = booster.num_feature()
        self._lock = threading.Lock()
        self._row = np.empty(self._columns)
        self._out = np.empty(1)
        self._length = ctypes.c_int64(0)
        self._config = self._prepare()
        self._row_pointer = self._row.ctypes.data_as(ctypes.c_void_p)
        self._out_pointer = self._out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def _prepare(self) -> ctypes.c_void_p:
        config = ctypes.c_void_p()
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._booster._handle,
                ctypes.c_int(RAW),
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
        if config := getattr(self, "_config", None):
            _LIB.LGBM_FastConfigFree(config)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a single-row predictor holds native memory; save the model and load it instead")

    def raw(self, row: np.ndarray) -> float:
        """Raw log-odds of one row."""
        with self._lock:
            self._row[:] = row
            _safe_call(
                _LIB.LGBM_BoosterPredictForMatSingleRowFast(
                    self._config, self._row_pointer, ctypes.byref(self._length), self._out_pointer
                )
            )
            return float(self._out[0])
