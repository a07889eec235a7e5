"""Roots and proofs agree with RFC 9162's definition and can't be forged by moving leaves."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tekup.audit.merkle import hash_leaf, is_proven, prove, root_of

LEAVES = st.lists(st.binary(max_size=8).map(hash_leaf), min_size=1, max_size=40)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1: split at the largest power of two below the number of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


@given(LEAVES)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root_of(leaves) == by_definition(leaves)


@given(LEAVES, st.data())
def test_each_leaf_is_proven_at_its_place_and_at_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = prove(leaves, index), root_of(leaves)
    assert is_proven(leaves[index], index, len(leaves), path, root)
    assert len(path) <= max(len(leaves) - 1, 1).bit_length()
    assert not is_proven(hash_leaf(b"another leaf"), index, len(leaves), path, root)
    other = (index + 1) % len(leaves)
    if leaves[other] != leaves[index]:
        assert not is_proven(leaves[index], other, len(leaves), path, root)


def test_a_node_can_not_pass_for_a_leaf() -> None:
    leaves = [hash_leaf(b"a"), hash_leaf(b"b")]
    assert hash_leaf(leaves[0] + leaves[1]) != root_of(leaves)
