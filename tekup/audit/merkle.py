"""Merkle trees as in RFC 9162, section 2: a root over leaves, and the proof that one leaf stands under a root.

What a leaf says is not known here.
"""

import hashlib
from collections.abc import Sequence

# RFC 9162 keeps leaves and nodes apart by a first byte, so that a node can't be passed off as a leaf
_LEAF, _NODE = b"\x00", b"\x01"


def hash_leaf(content: bytes) -> bytes:
    """The hash of one leaf's content."""
    return hashlib.sha256(_LEAF + content).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; of none it is the hash of nothing.

    >>> root_of([]).hex()[:8]
    'e3b0c442'
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    # pairing neighbours and carrying a last odd one upwards gives the same tree as splitting at powers of two
    while len(level) > 1:
        paired = [hashlib.sha256(_NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[-1:] if len(level) % 2 else paired
    return level[0]


def prove(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from leaf ``index`` to the root: log2(n) of them."""
    path, level = [], list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        paired = [hashlib.sha256(_NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[-1:] if len(level) % 2 else paired
        index //= 2
    return path


def is_proven(leaf: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` leads from the leaf at ``index`` of ``count`` to ``root``."""
    if not 0 <= index < count:
        return False
    steps, reached = iter(path), leaf
    while count > 1:
        if index ^ 1 < count:
            beside = next(steps, None)
            if beside is None:
                return False
            pair = beside + reached if index % 2 else reached + beside
            reached = hashlib.sha256(_NODE + pair).digest()
        index, count = index // 2, (count + 1) // 2
    return next(steps, None) is None and reached == root
