"""Deterministic identifiers of the simulated world, made in bulk. It draws no random numbers and holds no data."""

import uuid

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

NAMESPACE = uuid.UUID("6f1d5f0a-6c0b-5e0e-9d3f-7e6b1c0a7e4b")

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_DASHED = np.array([i for i in range(36) if i not in (8, 13, 18, 23)])

U64 = npt.NDArray[np.uint64]


def tenant_uuid(slug: str) -> str:
    """Return the fixed id of the simulated tenant ``slug``."""
    return str(uuid.uuid5(NAMESPACE, slug))


def sandbox_credential(vendor: str, slug: str) -> str:
    """Return the token that the sandbox of ``vendor`` accepts for the tenant ``slug``."""
    return f"sandbox-{vendor}-{slug}"


def key_of(*parts: object) -> int:
    """Return a 64-bit key that is the same in every process for the same parts."""
    return uuid.uuid5(NAMESPACE, "/".join(str(part) for part in parts)).int & 0xFFFF_FFFF_FFFF_FFFF


def mix(key: int, index: npt.NDArray[np.integer]) -> U64:
    """Return one well-spread 64-bit number per index (SplitMix64), independent of how many are asked for."""
    with np.errstate(over="ignore"):
        z = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _text(characters: npt.NDArray[np.uint8]) -> pl.Series:
    count, width = characters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    array = pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(np.ascontiguousarray(characters).tobytes())
    )
    return pl.Series(array, dtype=pl.String)


def uuids(key: int, count: int) -> pl.Series:
    """Return ``count`` version-4 shaped UUIDs as text, the same for the same key."""
    index = np.arange(count, dtype=np.uint64)
    words = np.stack([mix(key, index * np.uint64(2)), mix(key, index * np.uint64(2) + np.uint64(1))], axis=1)
    raw = words.astype(">u8").view(np.uint8).reshape(count, 16)
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    nibbles = np.empty((count, 32), dtype=np.uint8)
    nibbles[:, 0::2] = raw >> 4
    nibbles[:, 1::2] = raw & 0x0F
    characters = np.full((count, 36), ord("-"), dtype=np.uint8)
    characters[:, _DASHED] = _HEX[nibbles]
    return _text(characters)


def base62(prefix: str, key: int, count: int, width: int = 14) -> pl.Series:
    """Return ``count`` ids such as ``cus_9sT0…``: the prefix and ``width`` characters."""
    index = np.arange(count, dtype=np.uint64)
    head = np.frombuffer(prefix.encode(), dtype=np.uint8)
    characters = np.empty((count, len(head) + width), dtype=np.uint8)
    characters[:, : len(head)] = head
    number = mix(key, index)
    for position in range(width):
        if position % 10 == 0 and position:
            number = mix(key ^ (0x5DEECE66D * position), index)
        characters[:, len(head) + position] = _BASE62[(number % np.uint64(62)).astype(np.intp)]
        number = number // np.uint64(62)
    return _text(characters)
