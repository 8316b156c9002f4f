"""How well descriptors tell edits of a picture from other pictures: shares found at stated rates of false pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import TruthRow

__all__ = ["NEAREST", "RATES", "Separation", "separation"]

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
"""Shares of the pairs of strangers that may pass."""

NEAREST = 5

_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Shares of (original, edit) pairs found."""

    strangers: int
    """Pairs of files that are made from two photographs."""
    thresholds: tuple[float, ...]
    """Similarity that each of `RATES` of these pairs reaches."""
    found: Mapping[str, tuple[float, ...]]
    """By kind of edit: share of the pairs above each threshold, then with the original among the `NEAREST`."""
    pairs: Mapping[str, int]
    """By kind of edit: pairs."""

    def mean(self) -> tuple[float, ...]:
        """Average over kinds of edit."""
        return tuple(float(mean) for mean in np.mean(list(self.found.values()), axis=0))


def _thresholds(vectors: NDArray[np.float32], sources: NDArray[np.int64]) -> tuple[int, tuple[float, ...]]:
    """Count the pairs of strangers, and find the similarities that stated shares of them reach."""
    count = sum(int((sources[: k + 1] != sources[k]).sum()) for k in range(len(sources)))
    keep = max(1, round(count * RATES[0]))
    most = np.empty(0, np.float32)
    for at in range(0, len(vectors), _BLOCK):
        part = vectors[at : at + _BLOCK] @ vectors.T
        later = np.arange(at, at + len(part))[:, None] < np.arange(len(vectors))[None, :]
        strange = later & (sources[at : at + _BLOCK, None] != sources[None, :])
        most = np.concatenate((most, part[strange]))
        if len(most) > keep:
            most = np.partition(most, len(most) - keep)[len(most) - keep :]
    ordered = np.sort(most)[::-1]
    return count, tuple(float(ordered[max(0, round(count * rate) - 1)]) for rate in RATES)


def separation(vectors: NDArray[np.float32], rows: Sequence[TruthRow]) -> Separation:
    """Measure descriptors of the files of a set.

    Parameters
    ----------
    vectors
        Shape (n, d); the dot product tells how alike two are.
    rows
        What each file is.

    Notes
    -----
    Strangers are all pairs of files from two photographs, edited or not. Among the nearest are counted all files but
    other edits of the same photograph.
    """
    names = {source: number for number, source in enumerate(sorted({row.source for row in rows}))}
    sources = np.array([names[row.source] for row in rows], np.int64)
    originals = {int(sources[k]): k for k, row in enumerate(rows) if row.transform == "original"}
    strangers, thresholds = _thresholds(vectors, sources)
    results: dict[str, list[tuple[float, ...]]] = {}
    for k, row in enumerate(rows):
        if row.transform in {"original", "distractor"}:
            continue
        similar = vectors @ vectors[k]
        own = float(similar[originals[int(sources[k])]])
        ahead = int(((similar >= own) & (sources != sources[k])).sum())
        line = (*(float(own >= limit) for limit in thresholds), float(ahead < NEAREST))
        results.setdefault(row.transform, []).append(line)
    found = {name: tuple(float(v) for v in np.mean(results[name], axis=0)) for name in sorted(results)}
    pairs = {name: len(lines) for name, lines in results.items()}
    return Separation(strangers=strangers, thresholds=thresholds, found=found, pairs=pairs)
