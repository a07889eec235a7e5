"""Free text as one number: what its words say of the outcome. No word is kept, only weights of hashed pieces.

Words and runs of four letters within them (Danish compounds and inflections share runs, and so do typing errors) are
hashed into buckets. A bucket's weight is its smoothed log-odds against the base rate, and a text's number the sum of
its buckets' weights over the root of their count: naive Bayes on presence, the language of which does not matter. A
bucket that fewer than ten texts, or too few tenants, have weighs nothing, so that a name can't be learned by heart.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from scoring.splits import Split

BUCKETS = 4_096
RUN = 4
LONGEST = 2_000
"""Letters that are read of one text: what matters stands in front, and a pasted book must not stop a server."""
MIN_TEXTS = 10
PRIOR = 4.0
DIGITS = 4
_WORDS = re.compile(r"[^\W\d_]{2,}")


def buckets_of(text: str) -> list[int]:
    """The distinct buckets of a text's words and runs, rising.

    >>> len(buckets_of("Tilbud"))
    4
    >>> set(buckets_of("tilbud!")) == set(buckets_of("TILBUD"))
    True
    """
    pieces: set[str] = set()
    for word in _WORDS.findall(text[:LONGEST].lower()):
        pieces.add(word)
        pieces.update(f"~{word[at : at + RUN]}" for at in range(len(word) - RUN + 1))
    return sorted({zlib.crc32(piece.encode()) % BUCKETS for piece in pieces})


def score(text: str, weights: np.ndarray) -> float:
    """The number of one text; 0 where no bucket weighs anything."""
    ids = buckets_of(text)
    return float(weights[ids].sum() / np.sqrt(len(ids))) if ids else 0.0


def scores(texts: Sequence[str | None], weights: np.ndarray) -> np.ndarray:
    """The number of each text; NaN where there is none."""
    return np.array([np.nan if text is None else score(text, weights) for text in texts], dtype=float)


def fit(
    texts: Sequence[str | None],
    label: np.ndarray,
    splits: Sequence[Split],
    *,
    tenant: np.ndarray | None = None,
    min_tenants: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights by bucket from all texts, and each text's number by weights that did not see its outcome (``splits``)."""
    ids = [buckets_of(text) if text is not None else [] for text in texts]
    flat = np.fromiter((bucket for one in ids for bucket in one), np.int64)
    row = np.repeat(np.arange(len(ids)), [len(one) for one in ids])
    enough = np.bincount(flat, minlength=BUCKETS) >= MIN_TEXTS
    if tenant is not None:
        codes = np.unique(tenant, return_inverse=True)[1]
        pairs = np.unique(flat * (codes.max() + 1) + codes[row])
        enough &= np.bincount(pairs // (codes.max() + 1), minlength=BUCKETS) >= min_tenants
    own = np.full(len(ids), np.nan)
    known = np.array([text is not None for text in texts])
    for teach, test in splits:
        taught = np.zeros(len(ids), dtype=bool)
        taught[teach] = True
        held = _weights(flat, row, label, taught, enough)
        asked = test[known[test]]
        own[asked] = [held[ids[i]].sum() / np.sqrt(max(len(ids[i]), 1)) for i in asked]
    return _weights(flat, row, label, np.ones(len(ids), dtype=bool), enough), own


def _weights(
    flat: np.ndarray, row: np.ndarray, label: np.ndarray, taught: np.ndarray, enough: np.ndarray
) -> np.ndarray:
    keep = taught[row]
    texts = np.bincount(flat[keep], minlength=BUCKETS)
    wins = np.bincount(flat[keep], label[row[keep]], minlength=BUCKETS)
    rate = label[taught].mean()
    smooth = (wins + PRIOR * rate) / (texts + PRIOR)
    weights = np.log(smooth / (1 - smooth)) - np.log(rate / (1 - rate))
    return np.round(np.where(enough, weights, 0.0), DIGITS)
