"""Solves absorbing chains exactly for removal effects. How chains are counted is in chain.py."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from attribution.chain import Chain
from attribution.errors import TooManyChannels
from attribution.segments import FloatArray, IntArray, ratio

# Up to so many states one dense inverse is faster than sparse sweeps.
_DENSE_STATES = 200
# For few weightings a larger inverse than this wakes the threads of BLAS, whose waiting costs 0.1 CPU s.
_FEW, _ASLEEP = 8, 48
# Order 1 has a closed form from one inverse, which stays the better way for longer.
_DENSE_CHANNELS = 6_000
_SWEEPS = 400
_TOLERANCE = 1e-14
_BATCH_CELLS = 8_000_000


@dataclass(frozen=True)
class Solution:
    """Expected rewards of M kinds for N weightings of a chain of K channels.

    ``base`` (N, M) per journey; ``effects`` (N, K, M) the part lost when every visit of the channel is
    redirected to null, 0 to 1, 0 where the base is 0.
    """

    base: FloatArray
    effects: FloatArray


def solve(chain: Chain, weightings: FloatArray) -> Solution:
    """Removal effects on conversions, on value above and on value below 0 (M = 3), for each row of weightings (N, B).

    With P the transition matrix, r the reward on leaving a state for a conversion, s the first states, v = s
    (I - P)^-1 the expected visits and x = (I - P)^-1 r: removing the states A of a channel loses v_A ((I -
    P)^-1)_AA^-1 x_A of s x (Kemeny and Snell 1960; at order 1 it is v_i x_i / N_ii). Order 1 and small chains
    use one inverse; large ones sweep x <- P x + r to 1e-14 and factorise where that is slow.
    """
    size, channels = len(chain.history), len(chain.channels)
    blocks = [_states_with(chain, channel) for channel in range(channels)]
    single = all(len(block) <= 1 for block in blocks)
    if single and size > _DENSE_CHANNELS:
        raise TooManyChannels(
            f"{size} channels are too many for an exact Markov model (at most {_DENSE_CHANNELS})",
            hint="roll rare channels up into one, e.g. campaigns with few touches",
        )
    if single or size <= _DENSE_STATES:
        step = max(1, _BATCH_CELLS // max(size * size, 1))
        parts = [_solve_dense(chain, weightings[i : i + step], blocks) for i in range(0, len(weightings), step)]
    else:
        parts = [_solve_sparse(chain, row, blocks) for row in weightings]
    return Solution(np.concatenate([p.base for p in parts]), np.concatenate([p.effects for p in parts]))


def _states_with(chain: Chain, channel: int) -> IntArray:
    """States that hold a channel; with padded states those of which it is the newest would do, with the same result."""
    return np.flatnonzero((chain.history == channel).any(axis=1))


def _rates(chain: Chain, weightings: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Transition probabilities (N, A), rewards (N, S, 3) and first-state probabilities (N, S)."""
    arcs = weightings @ chain.weight
    ends = np.stack([weightings @ x for x in (chain.conversions, chain.gains, chain.losses)], axis=-1)
    out = ends[..., 0] + weightings @ chain.nulls
    for row, found in enumerate(arcs):
        out[row] += np.bincount(chain.source, found, minlength=out.shape[1])
    begun = weightings @ chain.start
    total = begun.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        scale = np.where(out > 0, 1.0 / out, 0.0)
        return (
            arcs * scale[:, chain.source],
            ends * scale[..., np.newaxis],
            begun * np.where(total > 0, 1.0 / total, 0.0),
        )


def _finish(base: FloatArray, lost: FloatArray) -> Solution:
    """Lost rewards (N, K, M) as a part of the base (N, M), rounding beyond [0, 1] cut off."""
    effects = ratio(lost, base[:, np.newaxis, :])
    return Solution(base, np.clip(effects, 0.0, 1.0))


def _solve_dense(chain: Chain, weightings: FloatArray, blocks: list[IntArray]) -> Solution:
    arcs, rewards, start = _rates(chain, weightings)
    count, size = start.shape
    system = np.zeros((count, size, size))
    system[:, chain.source, chain.target] = -arcs
    diagonal = np.arange(size)
    system[:, diagonal, diagonal] += 1.0
    inverse = _invert(system)
    visits = np.einsum("ns,nst->nt", start, inverse)
    expected = inverse @ rewards
    base = np.einsum("ns,nsm->nm", start, expected)
    lost = np.zeros((count, len(blocks), rewards.shape[-1]))
    if all(len(block) == 1 for block in blocks):
        states = np.concatenate(blocks) if blocks else np.zeros(0, np.int64)
        own = inverse[:, states, states]
        lost = (visits[:, states] / own)[..., np.newaxis] * expected[:, states]
    else:
        for channel, block in enumerate(blocks):
            if len(block):
                inner = inverse[:, block[:, np.newaxis], block]
                met = np.linalg.solve(inner, expected[:, block])
                lost[:, channel] = np.einsum("ns,nsm->nm", visits[:, block], met)
    return _finish(base, lost)


def _invert(systems: FloatArray) -> FloatArray:
    """Inverses (N, S, S) of I - P."""
    count, size, _ = systems.shape
    if count > _FEW or not _ASLEEP < size <= _DENSE_STATES:
        return np.asarray(np.linalg.inv(systems), np.float64)
    return np.stack([_eliminate(system) for system in systems])


def _eliminate(system: FloatArray) -> FloatArray:
    """Gauss and Jordan's inverse in one thread; rows of I - P dominate by their diagonal and need no pivots."""
    found = system.copy()
    for place in range(len(found)):
        pivot = found[place, place]
        found[place, place] = 1.0
        found[place] /= pivot
        column = found[:, place].copy()
        column[place] = 0.0
        found[:, place] = 0.0
        found[place, place] = 1.0 / pivot
        found -= np.multiply.outer(column, found[place])
    return found


def _solve_sparse(chain: Chain, weighting: FloatArray, blocks: list[IntArray]) -> Solution:
    arcs, rewards, start = (table[0] for table in _rates(chain, weighting[np.newaxis, :]))
    size, kinds = rewards.shape
    used = np.flatnonzero(rewards.any(axis=0))
    moves = sparse.csr_array((arcs, (chain.source, chain.target)), shape=(size, size))
    base = np.zeros(kinds)
    lost = np.zeros((len(blocks), kinds))
    if not len(used):
        return _finish(base[np.newaxis], lost[np.newaxis])
    whole = start @ _absorb(moves, rewards[:, used], np.ones((size, len(used))))
    base[used] = whole
    together = max(1, _BATCH_CELLS // (size * len(used)))
    for i in range(0, len(blocks), together):
        group = blocks[i : i + together]
        open_ = np.ones((size, len(group), len(used)))
        for place, block in enumerate(group):
            open_[block, place] = 0.0
        mask = open_.reshape(size, -1)
        kept = start @ _absorb(moves, np.tile(rewards[:, used], len(group)), mask)
        lost[i : i + len(group), used] = whole - kept.reshape(len(group), -1)
    return _finish(base[np.newaxis], lost[np.newaxis])


def _absorb(moves: sparse.csr_array, rewards: FloatArray, mask: FloatArray) -> FloatArray:
    """Solve x = mask * (P x + r) column by column of the mask."""
    reward = rewards * mask
    found: FloatArray = reward
    before = np.inf
    scale = max(float(reward.max(initial=0.0)), 1e-300)
    for _ in range(_SWEEPS):
        updated: FloatArray = (moves @ found) * mask + reward
        change = float(np.abs(updated - found).max(initial=0.0))
        found = updated
        ratio = min(change / before, 1 - 1e-12) if before > 0 and np.isfinite(before) else 1 - 1e-12
        if change == 0.0 or change * ratio / (1.0 - ratio) < _TOLERANCE * scale:
            return found
        before = change
    return _factorise(moves, rewards, mask)


def _factorise(moves: sparse.csr_array, rewards: FloatArray, mask: FloatArray) -> FloatArray:
    size = moves.shape[0]
    found = np.empty_like(rewards)
    columns: dict[bytes, list[int]] = {}
    for column in range(mask.shape[1]):
        columns.setdefault(np.packbits(mask[:, column] > 0).tobytes(), []).append(column)
    for alike in columns.values():
        open_ = mask[:, alike[0]]
        system = sparse.eye_array(size, format="csc") - (sparse.diags_array(open_) @ moves).tocsc()
        found[:, alike] = splu(system).solve(rewards[:, alike] * open_[:, np.newaxis])
    return found
