"""What a model was made of: the code, the libraries and the rows. Training itself is not done here."""

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "scipy")
HASH_SEED = 20_260_101
"""Fixed for ever: another one would make every lead's inputs look changed."""


@cache
def code() -> dict[str, str]:
    """Versions of the product, of Python and of the libraries, and a hash of the code that trains and scores."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    try:
        own = version("tekup")
    except PackageNotFoundError:
        own = "unknown"
    return {
        "tekup": own,
        "scoring_sha256": digest.hexdigest(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def snapshot_hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a frame's columns, types and rows in their order, without a copy of them."""
    digest = hashlib.sha256(repr(list(frame.schema.items())).encode())
    digest.update(input_hashes(frame).to_numpy().tobytes())
    return digest.hexdigest()


def input_hashes(frame: pl.DataFrame) -> pl.Series:
    """A signed 64-bit hash of each row's values, column by column in the frame's order.

    Equal rows have equal hashes for one version of polars; with another one all may differ, which costs no more than
    one full run of whoever compares them.
    """
    return frame.hash_rows(seed=HASH_SEED).reinterpret(signed=True)
