"""Codes for tests of the searches, and all-with-all to compare them with."""

from __future__ import annotations

import numpy as np


def made_codes(rng, count, *, likely=0.5, kinds=None):
    """Random codes whose bits are set with a probability; of fewer kinds, with a few bits changed, when asked."""
    bits = rng.random((count, 256)) < likely
    if kinds and count:
        bits = bits[:kinds][rng.integers(0, min(kinds, count), count)] ^ (rng.random((count, 256)) < 0.03)
    return np.packbits(bits, axis=1)


def flipped(rng, codes, bits):
    """Return codes that differ from others in so many bits each."""
    flags = np.unpackbits(codes, axis=1, bitorder="little")
    for row, count in zip(flags, np.broadcast_to(bits, len(codes)), strict=True):
        row[rng.permutation(256)[:count]] ^= 1
    return np.packbits(flags, axis=1, bitorder="little")


def all_with_all(one, other):
    """Return the distances of all codes of one array to all of another."""
    if not len(one) or not len(other):
        return np.zeros((len(one), len(other)), np.int64)
    words = np.ascontiguousarray(one).view(np.uint64)[:, None] ^ np.ascontiguousarray(other).view(np.uint64)[None]
    return np.bitwise_count(words).sum(axis=2).astype(np.int64)
